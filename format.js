// `npm run format`: breaks lines that are longer than 120 characters, and leaves chosen line breaks as they are.
// dprint breaks them, and ESLint has the last word on style. Files named as arguments are formatted alone.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createFromBuffer } from '@dprint/formatter'
import { getPath } from '@dprint/typescript'

const ROOT = fileURLToPath(new URL('.', import.meta.url))
const FOLDERS = ['src', 'test', 'bench', 'web']

/** https://dprint.dev/plugins/typescript/config/, as neostandard would have it. */
const STYLE = {
  semiColons: 'asi',
  quoteStyle: 'preferSingle',
  quoteProps: 'preserve',
  trailingCommas: 'never',
  useBraces: 'maintain',
  'arrowFunction.useParentheses': 'force',
  'constructor.spaceBeforeParentheses': true,
  'functionDeclaration.spaceBeforeParentheses': true,
  'functionExpression.spaceBeforeParentheses': true,
  'functionExpression.spaceAfterFunctionKeyword': true,
  'getAccessor.spaceBeforeParentheses': true,
  'setAccessor.spaceBeforeParentheses': true,
  'method.spaceBeforeParentheses': true,
  'binaryExpression.operatorPosition': 'sameLine',
  'typeLiteral.separatorKind.singleLine': 'comma',
  'typeLiteral.separatorKind.multiLine': 'comma',
  'arrayExpression.preferHanging': 'onlySingleItem',
  'module.sortImportDeclarations': 'maintain',
  'module.sortExportDeclarations': 'maintain',
  'importDeclaration.sortNamedImports': 'maintain',
  'exportDeclaration.sortNamedExports': 'maintain'
}

function filesToFormat () {
  if (process.argv.length > 2) return process.argv.slice(2)
  const patterns = FOLDERS.map((folder) => `${folder}/**/*.ts`)
  const { stdout } = spawnSync('git', ['ls-files', ...patterns.map((pattern) => `:(glob)${pattern}`)], { cwd: ROOT, encoding: 'utf8' })
  return stdout.split('\n').filter(Boolean)
}

/** One round of both: what ESLint puts together in one line may have to be broken again. */
function formatOnce (formatter, files) {
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    const formatted = formatter.formatText({ filePath: file, fileText: text })
    if (formatted !== text) writeFileSync(file, formatted)
  }
  return spawnSync('npx', ['eslint', '--fix', ...files], { cwd: ROOT, stdio: 'inherit' }).status
}

process.chdir(ROOT)
const formatter = createFromBuffer(readFileSync(getPath()))
formatter.setConfig({ lineWidth: 120, indentWidth: 2, useTabs: false, newLineKind: 'lf' }, STYLE)
const files = filesToFormat()
formatOnce(formatter, files)
process.exitCode = formatOnce(formatter, files) ?? 1
