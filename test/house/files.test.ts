// House rules of every file: no circle of imports, no export without an importer, and an opening line.
import { test } from 'tap'
import { filesOf, readSource, textOf, type SourceFile } from '../harness/models/source-files.ts'

const SOURCES = filesOf(/^(src|test|bench|web)\/.*\.ts$/).map(readSource)

/** The files of each circle of imports, types included (Tarjan's strongly connected components). */
function circlesOf (files: readonly SourceFile[]): string[][] {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]))
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  function visit (path: string): void {
    order.set(path, order.size)
    lowest.set(path, order.get(path)!)
    open.push(path)
    for (const next of importsOf.get(path) ?? []) {
      if (!importsOf.has(next)) continue
      if (!order.has(next)) visit(next)
      if (open.includes(next)) lowest.set(path, Math.min(lowest.get(path)!, lowest.get(next)!))
    }
    if (lowest.get(path) !== order.get(path)) return
    const circle = open.splice(open.indexOf(path))
    if (circle.length > 1) circles.push(circle)
  }
  for (const { path } of files) if (!order.has(path)) visit(path)
  return circles
}

test('imports form no circle, types included', async (t) => {
  const file = (path: string, ...imports: string[]): SourceFile => ({ path, text: '', imports, uses: [], exports: [] })
  t.strictSame(circlesOf([file('a', 'b'), file('b', 'c'), file('c', 'b'), file('d', 'a')]), [['b', 'c']], 'a circle would be found')
  t.strictSame(circlesOf(SOURCES), [])
})

test('what a file exports is imported somewhere', async (t) => {
  const used = new Set(SOURCES.flatMap(({ uses }) => uses))
  // What users import is exported for them.
  const ours = SOURCES.filter(({ path }) => /^(src|bench)\//.test(path))
  const unused = ours.flatMap(({ path, exports }) => exports.filter((name) => !used.has(`${path} ${name}`) && !used.has(`${path} *`)).map((name) => `${path}: ${name}`))
  t.ok(SOURCES.some(({ exports }) => exports.length > 0), 'exports are seen')
  t.strictSame(unused, [])
})

test('every file opens with a line that says what it is', async (t) => {
  const opening: Record<string, RegExp> = { ts: /^(#!.*\n)?(\/\/ |\/\*\*[ \n])/, lua: /^(#!lua.*\n)?-- /, sql: /^-- / }
  const silent = filesOf(/^(src|lua|test|bench|web|migrations)\/.*\.(ts|lua|sql)$/).filter((path) => !opening[path.split('.').at(-1)!]!.test(textOf(path)))
  t.strictSame(silent, [])
})
