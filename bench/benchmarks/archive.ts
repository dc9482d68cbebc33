// How fast does the ledger go to PostgreSQL, and how far behind is it while scores keep coming?
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { build } from 'hdr-histogram-js'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { silent } from '../../src/leaderboard/log.ts'
import type { Answer } from '../benchmark.ts'
import { ARCHIVE_GROUP, boardKeys } from '../../src/redis/keys.ts'
import { startEmbeddedRedis } from '../../src/redis/embedded.ts'
import { createReadBacklog } from '../../src/redis/ledger/read-backlog.ts'
import { startPostgres } from '../../test/harness/servers/postgres.ts'
import { machine, postgresVersion, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import { cpuMicros, NODE_FLAGS, pathOf, startServer, type ServerUnderTest } from '../servers/processes.ts'
import { spread } from '../../src/load/report/statistics.ts'

const BOARD = 'main'
const STEADY_PER_SECOND = 2000
/** Steady load is measured for so many times the seconds of a round. */
const STEADY_ROUNDS = 3
const TICK_MS = 10
const CHUNK = 2000
interface ArchiveResult {
  /** Events a second, of each round, with a backlog to work off. */
  readonly perSecond: readonly number[]
  /** CPU time of the worker's Node for an event, of each round. */
  readonly nodeMicros: readonly number[]
  /** Age of the oldest event that is not archived, looked at every 10 ms under steady load. */
  readonly lagMs: { readonly p50: number, readonly p99: number, readonly most: number }
}

/**
 * Archives a backlog, over and over, and then keeps up with a steady load; PostgreSQL writes to the disk before it
 * answers.
 */
export async function askArchive (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const ends: Array<() => unknown> = []
  const t = {
    teardown: (end: () => unknown) => {
      ends.unshift(end)
    }
  } as Pick<Test, 'teardown'>
  try {
    onProgress('archive: starting servers')
    const dataDir = await mkdtemp(join(tmpdir(), 'scorewire-bench-'))
    ends.unshift(async () => await rm(dataDir, { recursive: true, force: true }))
    const server = await startEmbeddedRedis({ dataDir, path: process.env['PATH'] ?? '', log: silent })
    ends.unshift(server.stop)
    const redis = new Redis(server.url)
    ends.unshift(() => redis.disconnect())
    const postgres = await startPostgres(t, { durable: true })
    const env = {
      NODE_ENV: 'production',
      PORT: '0',
      REDIS_URL: server.url,
      DATABASE_URL: postgres.url,
      ROLES: 'worker',
      LEDGER_MAX_ENTRIES: '100000000'
    }
    const start = async () => await startServer([...NODE_FLAGS, pathOf('dist/main.js'), 'worker'], env)
    const readBacklog = createReadBacklog(redis)

    const perSecond: number[] = []
    const nodeMicros: number[] = []
    for (let round = 0; round <= options.rounds; round++) {
      onProgress(round === 0 ? 'archive: warming up' : `archive: round ${round} of ${options.rounds}`)
      const worker = await start()
      ends.unshift(worker.stop)
      const { rate, micros } = await workOff(redis, {
        worker,
        events: round === 0 ? CHUNK * 10 : options.events,
        users: options.users,
        waiting: async () => (await readBacklog(BOARD)).waiting
      })
      if (round > 0) perSecond.push(rate)
      if (round > 0) nodeMicros.push(micros)
      await worker.stop()
      await redis.xtrim(boardKeys(BOARD).ledger, 'MAXLEN', 0)
    }
    onProgress('archive: steady load')
    ends.unshift((await start()).stop)
    const lagMs = await keepUp(redis, {
      seconds: options.seconds * STEADY_ROUNDS,
      users: options.users,
      lag: async () => (await readBacklog(BOARD)).lagMs
    })
    const result = { perSecond, nodeMicros, lagMs }
    return { result, ...figuresOf(result), text: report(options, result, await postgresVersion(postgres.url)) }
  } finally {
    for (const end of ends) await end()
  }
}

/** Entries as the scripts write them, of random users. */
async function addEvents (redis: Redis, count: number, users: number): Promise<void> {
  const pipeline = redis.pipeline()
  for (let n = 0; n < count; n++) {
    const user = `user-${Math.floor(Math.random() * users)}`
    pipeline.xadd(
      boardKeys(BOARD).ledger,
      '*',
      'user_id',
      user,
      'action_id',
      randomUUID(),
      'delta',
      '5',
      'score_after',
      String(n),
      'actor',
      user,
      'ip',
      '192.0.2.1',
      'request_id',
      `bench-${n}`
    )
  }
  await pipeline.exec()
}

interface Backlog {
  readonly worker: ServerUnderTest
  readonly events: number
  readonly users: number
  readonly waiting: () => Promise<number>
}

/** Writes a backlog while nobody is told of it, then lets the worker at it. */
async function workOff (
  redis: Redis,
  { worker, events, users, waiting }: Backlog
): Promise<{ rate: number, micros: number }> {
  const { archiver } = boardKeys(BOARD)
  while (await waiting() > 0) await delay(TICK_MS)
  // Somebody else has the board, as far as the worker knows.
  while (await redis.set(archiver, 'bench', 'PX', 600_000) !== 'OK') await delay(TICK_MS)
  await delay(4000) // it looks every 3 s whether the board is still its own
  for (let n = 0; n < events; n += CHUNK) await addEvents(redis, Math.min(CHUNK, events - n), users)
  await redis.del(archiver)
  while (await waiting() === events) await delay(1)
  const begun = performance.now()
  const cpu = cpuMicros(worker.pid)
  const left = await waiting()
  while (await waiting() > 0) await delay(TICK_MS)
  return { rate: left / (performance.now() - begun) * 1000, micros: (cpuMicros(worker.pid) - cpu) / left }
}

async function keepUp (
  redis: Redis,
  { seconds, users, lag }: { seconds: number, users: number, lag: () => Promise<number> }
): Promise<ArchiveResult['lagMs']> {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000,
    numberOfSignificantValueDigits: 3
  })
  while (
    await redis.xinfo('GROUPS', boardKeys(BOARD).ledger).then((groups) =>
      !JSON.stringify(groups).includes(ARCHIVE_GROUP)
    )
  ) await delay(TICK_MS)
  const begun = performance.now()
  for (let sent = 0; performance.now() - begun < seconds * 1000;) {
    const due = Math.floor((performance.now() - begun) / 1000 * STEADY_PER_SECOND)
    if (due > sent) await addEvents(redis, due - sent, users)
    sent = due
    histogram.recordValue(Math.max(1, Math.round(await lag())))
    await delay(TICK_MS)
  }
  return { p50: histogram.getValueAtPercentile(50), p99: histogram.getValueAtPercentile(99), most: histogram.maxValue }
}

function figuresOf ({ perSecond, nodeMicros, lagMs }: ArchiveResult): Pick<Answer, 'figures' | 'headlines'> {
  return {
    figures: [
      { name: 'events archived', unit: 'a second', better: 'more', samples: [...perSecond] },
      { name: 'Node CPU of the worker for an event', unit: 'µs', better: 'less', samples: [...nodeMicros] }
    ],
    headlines: [{
      what: 'events a second that one worker archives in PostgreSQL',
      measured: spread(perSecond),
      beside: `at ${STEADY_PER_SECOND.toLocaleString('en')} a second it is ${lagMs.p50} ms behind (p99 ${lagMs.p99})`
    }]
  }
}

function report (options: Options, { perSecond, nodeMicros, lagMs }: ArchiveResult, postgres: string): string {
  return [
    '| the ledger | |',
    '| --- | --- |',
    `| a backlog of ${options.events.toLocaleString('en')} worked off by one worker, events/s | ${spread(perSecond)} |`,
    `| Node CPU of the worker for an event, µs | ${spread(nodeMicros, 1)} |`,
    `| at ${
      STEADY_PER_SECOND.toLocaleString('en')
    } events/s: how far it is behind, ms | median ${lagMs.p50}, p99 ${lagMs.p99}, most ${lagMs.most} |`,
    '',
    `Median (least to most) of ${options.rounds} rounds; ${
      options.users.toLocaleString('en')
    } users, one board; PostgreSQL ${postgres} with fsync, on the same machine.`,
    `${machine()}, ${today()}:`,
    `\`${commandOf('archive', options, ['events', 'users', 'seconds', 'rounds'])}\``
  ].join('\n')
}
