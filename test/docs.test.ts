// The documents: their links and anchors lead somewhere, the files that they name exist, and their tables say what
// the code says.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { Environment, VARIABLES, type VariableName } from '../src/environment.ts'
import { BoardRules } from '../src/leaderboard/boards/rules.ts'
import { EventBody } from '../src/leaderboard/ledger/event-body.ts'
import { STATUS } from '../src/leaderboard/problem.ts'
import * as KEYS from '../src/redis/keys.ts'
import { ROOT } from './harness/paths.ts'
import { filesOf, textOf } from './harness/models/source-files.ts'

const { boardKeys } = KEYS

/** Reports are written by the benchmark. */
const DOCUMENTS = filesOf(/\.md$/).filter((path) => !path.startsWith('bench/report/'))

/** A document without its code blocks. */
const proseOf = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '')

/** The anchors of a document, as GitHub makes them of its headings. */
function anchorsOf (text: string): Set<string> {
  const headings = [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!)
  return new Set(
    headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
  )
}

/** The rows of the table below a heading row that begins so, cell by cell, without backticks. */
function tableOf (text: string, heading: string): string[][] {
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => line.startsWith(heading))
  if (begin < 0) throw new Error(`there is no table ${heading}`)
  const rows = lines.slice(begin + 2)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end < 0 ? undefined : end).map((line) =>
    line.slice(1, -1).replaceAll('`', '').split(/(?<!\\)\|/).map((cell) => cell.trim())
  )
}

test('no link of a document leads nowhere', async (t) => {
  for (const path of DOCUMENTS) {
    const text = textOf(path)
    const targets = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    for (const target of targets.filter((target) => !/^[a-z]+:/.test(target))) {
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : normalize(join(dirname(path), file))
      t.ok(existsSync(join(ROOT, linked)), `${path} links to ${target}`)
      if (anchor !== undefined && linked.endsWith('.md') && existsSync(join(ROOT, linked))) {
        t.ok(anchorsOf(textOf(linked)).has(anchor), `${path} links to a heading: ${target}`)
      }
    }
  }
})

test('every file and folder of the project that a document names is there', async (t) => {
  for (const path of DOCUMENTS.filter((path) => path !== 'CHANGELOG.md')) {
    const names = [
      ...proseOf(textOf(path)).matchAll(/`((?:src|lua|test|bench|deploy|docs|migrations|web|\.ci)\/[\w./-]*)`/g)
    ]
    for (const [, name] of names) t.ok(existsSync(join(ROOT, name!)), `${path} names ${name}`)
  }
})

test('every npm script that a document names is there', async (t) => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  for (const path of DOCUMENTS) {
    for (const [, name] of textOf(path).matchAll(/\bnpm run ([a-z][a-z:]*)/g)) {
      t.ok(scripts[name!] !== undefined, `${path} names npm run ${name}`)
    }
  }
})

test('docs/architecture.md says what lint says about imports', async (t) => {
  // In a process without a TypeScript loader, which ESLint does not get on with.
  const print = "import { MAY_IMPORT } from './eslint.config.js'\nconsole.log(JSON.stringify(MAY_IMPORT))"
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', print], {
    cwd: ROOT
  })
  const MAY_IMPORT = JSON.parse(stdout) as Record<string, string[][]>
  const listOf = (names: readonly string[]) => names.length === 0 ? 'none' : names.join(', ')
  const rows = Object.entries(MAY_IMPORT).map((
    [folder, [own = [], packages = []]]
  ) => [folder, listOf(own), listOf(packages)])
  t.strictSame(tableOf(textOf('docs/architecture.md'), '| folder or file of `src/`'), rows)
})

test('docs/operations.md lists every variable with its default and bounds, in the order of src/environment.ts', async (t) => {
  const rows = tableOf(textOf('docs/operations.md'), '| variable | default | bounds |')
  t.strictSame(rows.map(([name]) => name), VARIABLES)
  for (const [name, usual = '', bounds = ''] of rows) {
    const { default: expected, minimum, maximum, enum: values } = Environment.properties[name as VariableName] as Rule
    if (expected !== undefined && usual.match(/^[\w.,:-]+$/)) t.equal(usual, String(expected), `the default of ${name}`)
    if (minimum !== undefined) t.equal(bounds, `${minimum} to ${maximum}`, `the bounds of ${name}`)
    if (values !== undefined) t.strictSame(bounds.split(', '), values, `the values of ${name}`)
  }
})

test('docs/operations.md lists every key in Redis', async (t) => {
  const rows = tableOf(textOf('docs/operations.md'), '| key | type | holds | lifetime |')
  t.strictSame(
    rows.map(([key]) => key!.replace(/\[:<segment>\]$/, '')).sort(),
    [...keysOfBoard(), ...keysOfService()].sort()
  )
})

test('docs/operations.md names every metric and no other', async (t) => {
  const sources = filesOf(/^src\/metrics\/.*\.ts$/).map(textOf).join('\n')
  const made = new Set([...sources.matchAll(/'(scorewire_[a-z_]+)'/g)].map(([, name]) => name!))
  const named = new Set([...textOf('docs/operations.md').matchAll(/`(scorewire_[a-z_]+)/g)].map(([, name]) => name!))
  t.strictSame([...named].sort(), [...made].sort())
})

test('docs/boards.md lists every rule of a board, and docs/ledger.md every field of an event', async (t) => {
  const rules = tableOf(textOf('docs/boards.md'), '| rule | default |').map(([rule]) => rule)
  t.strictSame(rules, Object.keys(BoardRules.properties))
  const fields = tableOf(textOf('docs/ledger.md'), '| field | meaning |').flatMap(([names]) => names!.split(', '))
  t.strictSame(fields.toSorted(), Object.keys(EventBody.properties).sort())
})

test('docs/http-api.md lists every code of an error with its status', async (t) => {
  const rows = tableOf(textOf('docs/http-api.md'), '| code | status |').map(([code, status]) => [code, Number(status)])
  t.strictSame(rows, Object.entries(STATUS))
})

interface Rule {
  default?: unknown
  minimum?: number
  maximum?: number
  enum?: string[]
}

/** Arguments in place of which the table has names in angle brackets. */
const PLACEHOLDERS: Readonly<Record<string, readonly unknown[]>> = {
  draft: ['<rebuilder>', 'sw:{board}:<key>'],
  scores: ['<window>'],
  head: ['<window>'],
  hidden: ['<window>'],
  archive: ['<season>'],
  slice: ['<since>', '<slice>'],
  quota: ['<user>'],
  limit: ['<user>', '<action>'],
  actions: ['<day>', 'AAA'],
  refused: ['<day>'],
  done: ['<kind>']
}

function keysOf (keys: object): string[] {
  return Object.entries(keys).flatMap(([name, key]: [string, unknown]) => {
    if (typeof key === 'string') return [key]
    if (name === 'webhook') return keysOf(boardKeys('board').webhook('<name>'))
    if (name === 'headOf') return []
    const placeholders = PLACEHOLDERS[name]
    if (placeholders === undefined) throw new Error(`there are no placeholders for the key ${name}`)
    return [
      String((key as (...names: readonly unknown[]) => string)(...placeholders)).replace(/<day>:\w+$/, '<day>:<slot>')
    ]
  })
}

const keysOfBoard = () => keysOf(boardKeys('board'))

/**
 * The keys that belong to no board: every constant of src/redis/keys.ts that is a key, stored groups, and those of
 * the queue.
 */
function keysOfService (): string[] {
  const { FORMER_REGISTRY: former, ...made } = KEYS as Record<string, unknown> // a former key is never written
  const constants = Object.values(made).filter((value): value is string =>
    typeof value === 'string' && /^sw:/.test(value) && value !== former
  )
  return [...constants, KEYS.groupKey('<group>'), '{sw-jobs}:*']
}
