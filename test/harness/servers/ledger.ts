// The ledger's streams as a worker of its own sees them, which takes few entries at a time.
import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { createArchive } from '../../../src/redis/ledger/archive.ts'
import { boardKeys } from '../../../src/redis/keys.ts'
import type { LedgerStream } from '../../../src/leaderboard/ledger/archive.ts'
import { startArchiver, type Archiver, type ArchiverOptions } from '../../../src/ledger/archiver.ts'
import type { Database } from '../../../src/ledger/database.ts'
import { LedgerStats } from '../../../src/ledger/ledger-stats.ts'
import type { TestRedis } from './redis.ts'
import { silent } from './store.ts'

/** The ledger's streams as a worker of its own sees them, which takes few entries at a time. */
export function streamOf ({ client }: TestRedis, { batch = 50 } = {}): LedgerStream {
  return createArchive(client, { worker: randomUUID(), batch })
}

export interface TestArchiver extends Archiver {
  readonly stats: LedgerStats
}

/** An archiver of these boards alone in this process, stopped when the test ends. */
export function startTestArchiver (
  t: Test,
  { redis, database, ...options }:
    & { redis: TestRedis, database: Database, boards: () => readonly string[] }
    & Partial<ArchiverOptions>
): TestArchiver {
  const stats = new LedgerStats()
  const { stream = streamOf(redis), ...rest } = options
  const archiver = startArchiver({
    stream: { ...stream, opened: async () => [] },
    database,
    stats,
    log: silent,
    random: Math.random,
    windowOf: () => 'all',
    ...rest
  })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= archiver.stop())
  t.teardown(stop)
  return { ...archiver, stats, stop }
}

export interface RawEvent {
  readonly user_id: string
  readonly action_id?: string
  readonly delta?: number | string
  readonly score_after?: number | string
  readonly [field: string]: string | number | undefined
}

let actions = 0

/** Writes an entry as the scripts do, at a time of its own where one is given. Returns its id. */
export async function addEntry (
  { client }: TestRedis,
  board: string,
  { user_id: user, action_id: action, delta = 1, score_after: scoreAfter = 1, ...rest }: RawEvent,
  id = '*'
): Promise<string> {
  const fields = {
    user_id: user,
    action_id: action ?? `added-${actions++}`,
    delta,
    score_after: scoreAfter,
    actor: user,
    ip: '192.0.2.1',
    request_id: 'test',
    ...rest
  }
  const words = Object.entries(fields).filter(([, value]) => value !== undefined).flatMap((
    [name, value]
  ) => [name, String(value)])
  return await client.xadd(boardKeys(board).ledger, id, ...words) as string
}

/** Waits until nothing of a board waits to be archived. */
export async function archived (redis: TestRedis, board: string): Promise<void> {
  const stream = streamOf(redis)
  for (;;) {
    const { waiting } = await stream.backlog(board)
    if (waiting === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
