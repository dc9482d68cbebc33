// The house rules that a machine can check.
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { LUA } from './harness/models/scripts.ts'

/** Lints lines as if they stood in files, in a process without a TypeScript loader, which ESLint does not get on with. */
const LINT = `
  import { ESLint } from 'eslint'
  const eslint = new ESLint()
  const rules = []
  for (const [filePath, line] of JSON.parse(process.argv[1])) {
    const [{ messages }] = await eslint.lintText(line + '\\n', { filePath })
    rules.push(messages.map(({ ruleId }) => ruleId))
  }
  console.log(JSON.stringify(rules))`

test('imports point one way, and lint proves it', async (t) => {
  const wrong = [
    ['src/leaderboard/boards/board.ts', "import { openStore } from '../../redis/store.ts'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import { Redis } from 'ioredis'", 'house/allowed-imports'],
    ['src/redis/store.ts', "import { Hub } from '../live/hub.ts'", 'house/allowed-imports'],
    ['src/live/hub.ts', "import { openStore } from '../redis/store.ts'", 'house/allowed-imports'],
    ['src/live/hub.ts', "import fastify from 'fastify'", 'house/allowed-imports'],
    ['src/http/ranking/top.ts', "import { openStore } from '../../redis/store.ts'", 'house/allowed-imports'],
    ['src/http/contracts/contract-000.ts', "import { openStore } from '../../redis/store.ts'", 'house/allowed-imports'],
    ['src/http/ranking/top.ts', "import { Redis } from 'ioredis'", 'house/allowed-imports'],
    ['src/http/ranking/top.ts', "import { createApp } from '../../app.ts'", 'house/allowed-imports'],
    ['src/http/ledger/events.ts', "import { migrate } from '../../ledger/migrate.ts'", 'house/allowed-imports'],
    ['src/ledger/archiver.ts', "import { openStore } from '../redis/store.ts'", 'house/allowed-imports'],
    ['src/load/run.ts', "import { keysOf } from '../redis/keys.ts'", 'house/allowed-imports'],
    ['src/load/run.ts', "import { Redis } from 'ioredis'", 'house/allowed-imports'],
    ['src/http/ranking/top.ts', "import { runLoad } from '../../load/run.ts'", 'house/allowed-imports'],
    ['src/redis/store.ts', "import pg from 'pg'", 'house/allowed-imports'],
    ['src/http/ranking/top.ts', "import { openLedger } from '../../app/ledger.ts'", 'house/allowed-imports'],
    ['src/redis/store.ts', "import { migrateAt } from '../app/ledger.ts'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import { boardsFromLedger } from '../../app/boards-from-ledger.ts'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import { readConfig } from '../../config.ts'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import { Counter } from 'prom-client'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import { openCore } from '../../app/core.ts'", 'house/allowed-imports'],
    ['src/live/hub.ts', "import { Counter } from 'prom-client'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import type { Redis } from 'ioredis'", 'house/allowed-imports'],
    ['src/ledger/archiver.ts', "export { openStore } from '../redis/store.ts'", 'house/allowed-imports'],
    ['src/jobs/log.ts', "export const store = await import('../redis/store.ts')", 'house/allowed-imports'],
    ['src/http/ranking/top.ts', 'export const port = process.env', 'no-restricted-globals'],
    ['src/redis/store.ts', "export const raise = async (redis) => await redis.zincrby('a', 1, 'b')", 'no-restricted-syntax']
  ] as const
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', LINT, JSON.stringify(wrong)])
  const rules = JSON.parse(stdout) as string[][]
  for (const [n, [file, line, rule]] of wrong.entries()) t.ok(rules[n]?.includes(rule), `${file}: ${line}`)
})

/** The numbers that follow `KEYS[` or `ARGV[` in a text; `[5..]` stands for all from 5. */
function indexesOf (list: string, text: string): string[] {
  return [...new Set([...text.matchAll(new RegExp(`${list}\\[(\\d+(?:\\.\\.)?)\\]`, 'g'))].map(([, index]) => index!))]
}

test('each script opens with its contract, binds it once, and does what the contract says', async (t) => {
  for (const path of (await readdir(LUA, { recursive: true })).filter((file) => file.endsWith('.lua') && !file.startsWith('lib/'))) {
    const source = await readFile(new URL(path, LUA), 'utf8')
    const name = basename(path)
    const lines = source.split('\n')
    const headerEnd = lines.findIndex((line, n) => n > 0 && !line.startsWith('--'))
    const header = lines.slice(0, headerEnd).join('\n')
    const body = lines.slice(headerEnd).filter((line) => !line.trim().startsWith('--')).join('\n')
    t.match(lines[0], /^#!lua( flags=no-writes)?$/, `${name} opens with its kind`)
    t.match(lines[1], new RegExp(`^-- ${name.replace('.lua', '')}: .+[.:]$`), `${name} says what it does`)
    t.match(header, /^-- Returns /m, `${name} says what it returns`)
    t.equal(name.startsWith('read-'), lines[0] === '#!lua flags=no-writes', `${name} ${name.startsWith('read-') ? 'writes nothing' : 'writes'}`)
    for (const list of ['KEYS', 'ARGV']) {
      const promised = indexesOf(list, header)
      const open = promised.find((index) => index.endsWith('..'))
      const used = indexesOf(list, body)
      t.strictSame(used.filter((index) => !promised.includes(index)), [], `${name} uses no ${list} that its header leaves out`)
      t.strictSame(promised.filter((index) => index !== open && !used.includes(index)), [], `${name} uses every ${list} of its header`)
      const whole = body.replace(new RegExp(`${list}\\[\\d+\\]`, 'g'), '')
      t.equal(new RegExp(`\\b${list}\\b`).test(whole), open !== undefined, `${name}: more ${list} only where the header promises more`)
    }
    for (const [, returned] of header.slice(header.indexOf('-- Returns')).matchAll(/'([a-z_]+)'/g)) {
      t.match(body, new RegExp(`'${returned}[' ]`), `${name} can return ${returned}`)
    }
  }
})
