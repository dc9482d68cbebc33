// House rules of imports: each folder imports what lint allows it, and nothing else.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { test } from 'tap'

/**
 * Lints lines as if they stood in files, in a process without a TypeScript loader, which ESLint does not get on with.
 */
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
    [
      'src/leaderboard/boards/board.ts',
      "import { boardsFromLedger } from '../../app/boards-from-ledger.ts'",
      'house/allowed-imports'
    ],
    ['src/leaderboard/boards/board.ts', "import { readConfig } from '../../config.ts'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import { Counter } from 'prom-client'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import { openCore } from '../../app/core.ts'", 'house/allowed-imports'],
    ['src/live/hub.ts', "import { Counter } from 'prom-client'", 'house/allowed-imports'],
    ['src/leaderboard/boards/board.ts', "import type { Redis } from 'ioredis'", 'house/allowed-imports'],
    ['src/ledger/archiver.ts', "export { openStore } from '../redis/store.ts'", 'house/allowed-imports'],
    ['src/jobs/log.ts', "export const store = await import('../redis/store.ts')", 'house/allowed-imports'],
    [
      'src/cli/commands/audit.ts',
      "import { registerEvents } from '../../http/ledger/events.ts'",
      'house/allowed-imports'
    ],
    ['src/app/core.ts', "import { Registry } from 'prom-client'", 'house/allowed-imports'],
    ['src/app.ts', "import { openStore } from './redis/store.ts'", 'house/allowed-imports'],
    ['src/redis/scripts.ts', "import { Ajv } from 'ajv'", 'house/allowed-imports'],
    ['src/load/service.ts', "import { shortHash } from '../leaderboard/short-hash.ts'", 'house/allowed-imports'],
    ['src/http/ranking/top.ts', 'export const port = process.env', 'no-restricted-globals'],
    [
      'src/redis/store.ts',
      "export const raise = async (redis) => await redis.zincrby('a', 1, 'b')",
      'no-restricted-syntax'
    ],
    [
      'web/src/client/connection.ts',
      "import { Frame } from '../../../src/live/frame.ts'",
      '@typescript-eslint/no-restricted-imports'
    ],
    [
      'web/src/client/connection.ts',
      "import type { Frame } from '../../../src/live/frame.ts'",
      '@typescript-eslint/no-restricted-imports'
    ],
    [
      'web/src/client/connection.ts',
      "import { LiveMessage } from '../../../src/live/messages.ts'",
      '@typescript-eslint/no-restricted-imports'
    ],
    ['web/src/client/connection.ts', "import { html } from 'lit'", '@typescript-eslint/no-restricted-imports']
  ] as const
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    LINT,
    JSON.stringify(wrong)
  ])
  const rules = JSON.parse(stdout) as string[][]
  for (const [n, [file, line, rule]] of wrong.entries()) t.ok(rules[n]?.includes(rule), `${file}: ${line}`)
})
