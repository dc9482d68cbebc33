// The project's own source files as the house tests see them: their imports, and what they export.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../paths.ts'

export interface SourceFile {
  /** From the root of the project, such as `src/app.ts`. */
  readonly path: string
  readonly text: string
  /** The project's files that this one imports, types included. */
  readonly imports: readonly string[]
  /** What it takes from other files, as `path name`; `path *` for all of one. */
  readonly uses: readonly string[]
  readonly exports: readonly string[]
}

/** The files that git tracks or would track, whose paths match. */
export function filesOf (pattern: RegExp): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8'
  })
  return listed.split('\n').filter((path) => pattern.test(path))
}

/** A file of the project as text, by its path from the root. */
export function textOf (path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Reads a TypeScript file's imports and exports. */
export function readSource (path: string): SourceFile {
  const text = textOf(path)
  const imports = new Set<string>()
  const uses: string[] = []
  const exports: string[] = []
  for (const statement of ts.createSourceFile(path, text, ts.ScriptTarget.Latest).statements) {
    for (const { target, names } of importsOf(statement)) {
      const imported = normalize(join(dirname(path), target))
      imports.add(imported)
      uses.push(...names.map((name) => `${imported} ${name}`))
    }
    exports.push(...exportsOf(statement))
  }
  for (const [, target] of text.matchAll(/\bimport\('(\.[^']+)'\)/g)) {
    uses.push(`${normalize(join(dirname(path), target!))} *`)
  }
  return { path, text, imports: [...imports], uses, exports }
}

function importsOf (statement: ts.Statement): Array<{ target: string, names: string[] }> {
  const isImport = ts.isImportDeclaration(statement)
  if (!isImport && !ts.isExportDeclaration(statement)) return []
  const { moduleSpecifier } = statement
  if (
    moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.startsWith('.')
  ) { return [] }
  const bindings = isImport ? statement.importClause?.namedBindings : statement.exportClause
  const isNamed = bindings !== undefined && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings))
  const names = isNamed ? bindings.elements.map((element) => (element.propertyName ?? element.name).text) : ['*']
  return [{ target: moduleSpecifier.text, names }]
}

function exportsOf (statement: ts.Statement): string[] {
  if (
    !ts.canHaveModifiers(statement) ||
    !ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  ) return []
  const declared = ts.isVariableStatement(statement)
    ? statement.declarationList.declarations
    : [statement as ts.DeclarationStatement]
  return declared.flatMap(({ name }) => name !== undefined && ts.isIdentifier(name) ? [name.text] : [])
}
