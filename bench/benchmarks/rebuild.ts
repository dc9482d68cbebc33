// How long does it take to make a board anew from the ledger, with a Redis that has lost everything?
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { silent } from '../../src/leaderboard/log.ts'
import { defaultBoards } from '../../src/leaderboard/boards/board.ts'
import { startEmbeddedRedis } from '../../src/redis/embedded.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { know } from '../../test/harness/servers/know.ts'
import { startPostgres } from '../../test/harness/servers/postgres.ts'
import { seedLedger } from '../../test/harness/models/seed-ledger.ts'
import type { Answer } from '../benchmark.ts'
import { machine, postgresVersion, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import { pathOf } from '../servers/processes.ts'
import { median, spread } from '../../src/load/report/statistics.ts'

const BOARD = 'main'
/** A million users within a minute. */
const REACH = { members: 1_000_000, seconds: 60 }
interface RebuildResult {
  /** From the start of the command to its end, of each round. */
  readonly seconds: readonly number[]
}

/** Loses Redis and has the command make the board anew, over and over. */
export async function askRebuild (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const ends: Array<() => unknown> = []
  const t = {
    teardown: (end: () => unknown) => {
      ends.unshift(end)
    }
  } as Pick<Test, 'teardown'>
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'scorewire-bench-'))
    ends.unshift(async () => await rm(dataDir, { recursive: true, force: true }))
    const server = await startEmbeddedRedis({ dataDir, path: process.env['PATH'] ?? '', log: silent })
    ends.unshift(server.stop)
    const redis = new Redis(server.url)
    ends.unshift(() => redis.disconnect())
    const postgres = await startPostgres(t, { durable: true })
    onProgress(`rebuild: writing the ledger of ${options.members.toLocaleString('en')} members`)
    await know(postgres.database, { ...defaultBoards().default, name: BOARD })
    await seedLedger(postgres.url, BOARD, options.members)
    const env = { PATH: process.env['PATH'] ?? '', REDIS_URL: server.url, DATABASE_URL: postgres.url }
    const seconds: number[] = []
    for (let round = 1; round <= options.rounds; round++) {
      onProgress(`rebuild: round ${round} of ${options.rounds}`)
      await redis.flushall()
      const begun = performance.now()
      await promisify(execFile)(process.execPath, [pathOf('dist/main.js'), 'rebuild', '--board', BOARD], { env })
      seconds.push((performance.now() - begun) / 1000)
      const members = await redis.zcard(boardKeys(BOARD).scores('all'))
      if (members !== options.members) throw new Error(`the board has ${members} members instead of ${options.members}`)
    }
    const result = { seconds }
    return { result, ...figuresOf(options, result), text: report(options, result, await postgresVersion(postgres.url)) }
  } finally {
    for (const end of ends) await end()
  }
}

function figuresOf ({ members }: Options, { seconds }: RebuildResult): Pick<Answer, 'figures' | 'headlines'> {
  const what = `a board of ${members.toLocaleString('en')} made anew from the ledger`
  return {
    figures: [{ name: what, unit: 's', better: 'less', samples: [...seconds] }],
    headlines: [{ what, measured: `${spread(seconds, 1)} s`, beside: 'Redis had lost everything' }]
  }
}

function report (options: Options, { seconds }: RebuildResult, postgres: string): string {
  const { members } = options
  const reach = members === REACH.members
    ? ` Reach: ${REACH.seconds} s: ${median(seconds) > REACH.seconds ? 'MISSED' : 'met'}.`
    : ''
  return [
    '| a board made anew from the ledger | |',
    '| --- | --- |',
    `| ${members.toLocaleString('en')} members, ${(members * 1.1).toLocaleString('en')} events of the last hour, s | ${
      spread(seconds, 1)
    } |`,
    `| members a second | ${spread(seconds.map((one) => members / one))} |`,
    '',
    `Median (least to most) of ${options.rounds} runs of \`scorewire rebuild\` on an empty Redis, with names and remembered actions; PostgreSQL ${postgres} on the same machine.${reach}`,
    `${machine()}, ${today()}:`,
    `\`${commandOf('rebuild', options, ['members', 'rounds'])}\``
  ].join('\n')
}
