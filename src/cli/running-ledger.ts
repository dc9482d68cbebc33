// Both stores of a running service, its Redis and the ledger in PostgreSQL, as commands use them.
import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { Closers } from '../app/closers.ts'
import { systemClock } from '../app/system-clock.ts'
import { ConfigError, readConfig, type Config } from '../config.ts'
import type { StoredBoard } from '../leaderboard/boards/apply-board.ts'
import { BoardHistory } from '../leaderboard/boards/board-history.ts'
import type { RebuildLedger } from '../leaderboard/ledger/rebuild.ts'
import type { ArchiveOptions } from '../ledger/archive-board.ts'
import { keepRules, readBoardRules, type LedgerBoard } from '../ledger/board-rules.ts'
import { isMigrated, OtherVersion } from '../ledger/migrate.ts'
import { openDatabase, placeOf, type Database } from '../ledger/database.ts'
import { drain } from '../ledger/drain.ts'
import { LedgerStats } from '../ledger/ledger-stats.ts'
import { measureReplay, replay, replayNames } from '../ledger/replay.ts'
import { openArchive, type ArchiveConnection } from '../redis/ledger/archive.ts'
import { runningEmbeddedRedis } from '../redis/embedded.ts'
import { openStore, type Store } from '../redis/store.ts'
import type { Process } from './command.ts'
import { STORE_VARIABLES } from './running-store.ts'
import type { Usage } from './usage.ts'

/** The variables that say where the ledger and the store are. */
export const LEDGER_VARIABLES: Usage['variables'] = ['DATABASE_URL', ...STORE_VARIABLES, 'BOARDS_FILE']

const log = pino({ level: 'silent' })

/** Sorting the events of some million users takes a while. */
const STATEMENT_MS = 600_000

/** Both stores of a running service: its Redis, and the ledger in PostgreSQL. */
export interface RunningLedger {
  readonly config: Config
  readonly redisUrl: string
  readonly store: Store
  readonly database: Database
  /** The boards that the ledger knows, with those of Redis that it has not taken note of yet. */
  readonly boards: ReadonlyMap<string, LedgerBoard>
  /** Archives what a board's stream holds, or waits until a worker has. */
  drain(board: LedgerBoard, upToMs?: number): Promise<void>
  ledgerOf(board: LedgerBoard): RebuildLedger
}

/**
 * Lets `use` work with both stores.
 * @throws ConfigError without DATABASE_URL; Error that says which store is away, or not up to date
 */
export async function withRunningLedger<T> (
  env: Process['env'],
  use: (running: RunningLedger) => Promise<T>
): Promise<T> {
  const config = readConfig(env, [])
  const { databaseUrl } = config
  if (databaseUrl === undefined) {
    throw new ConfigError(['DATABASE_URL is required: the ledger that says what the boards are'])
  }
  const { defer, close } = new Closers()
  try {
    const database = openDatabase({ url: databaseUrl, log, statementMs: STATEMENT_MS })
    defer(database.close)
    await checkDatabase(database, placeOf(databaseUrl))
    const redisUrl = config.redisUrl ?? await runningEmbeddedRedis(config.dataDir)
    const store = await openStore({
      url: redisUrl,
      timeoutMs: config.redisTimeoutMs,
      log,
      now: Date.now,
      clock: systemClock
    })
    defer(store.close)
    const archive = await openArchive({ url: redisUrl, timeoutMs: config.redisTimeoutMs, log, worker: randomUUID() })
    defer(archive.close)
    const boards = await boardsOf({ config, store, database })
    return await use(runningLedger({ config, redisUrl, store, database, boards, archive }))
  } finally {
    await close()
  }
}

type Opened = Omit<RunningLedger, 'drain' | 'ledgerOf'> & { readonly archive: ArchiveConnection }

function runningLedger ({ archive, ...rest }: Opened): RunningLedger {
  const { database, boards } = rest
  const options: ArchiveOptions = {
    stream: archive.stream,
    database,
    stats: new LedgerStats(),
    log,
    windowOf: (board) => boards.get(board)?.history.board.windows[0] ?? 'all'
  }
  const drainBoard = async ({ history: { board } }: LedgerBoard, upToMs?: number) => {
    await drain(options, board.name, upToMs)
  }
  return {
    ...rest,
    drain: drainBoard,
    ledgerOf (board) {
      const range = { board: board.history.board.name, sinceMicros: board.sinceMicros }
      return {
        open: async () => await archive.stream.open(range.board),
        measure: async () => await measureReplay(database, range),
        replay: async (take) => await replay(database, range, take),
        names: async (take) => await replayNames(database, range.board, take),
        drain: async () => await drainBoard(board)
      }
    }
  }
}

async function checkDatabase (database: Database, place: string): Promise<void> {
  let migrated
  try {
    migrated = await isMigrated(database)
  } catch (error) {
    if (error instanceof OtherVersion) throw error
    const why = error instanceof Error ? error.message || error.name : String(error)
    throw new Error(`The ledger's database cannot be reached at ${place}: ${why}`)
  }
  if (migrated) return
  throw new Error(`The ledger's database at ${place} is not up to date: run scorewire migrate, or start a worker.`)
}

/** The boards of the ledger. Rules that it has not archived yet come from Redis, or else from the configuration. */
async function boardsOf (
  { config, store, database }: Pick<RunningLedger, 'config' | 'store' | 'database'>
): Promise<RunningLedger['boards']> {
  for (const name of (await store.boards.list()).keys()) {
    const stored = await store.boards.read(name)
    if (stored.state === 'there') await keepRules(database, stored)
  }
  const boards = new Map(await readBoardRules(database))
  for (const name of boards.keys()) if (await isDeleted(store, name)) boards.delete(name)
  for (const board of config.boards.all) {
    if (boards.has(board.name) || await isDeleted(store, board.name)) continue
    const known = { history: new BoardHistory([{ fromMs: 0, board }]), sinceMicros: 0 }
    if ((await measureReplay(database, { board: board.name, sinceMicros: 0 })).events > 0) boards.set(board.name, known)
  }
  return boards
}

async function isDeleted (store: Store, name: string): Promise<boolean> {
  return (await store.boards.read(name)).state === 'deleted'
}

/** The boards that a command is about: the named one, or all. @throws Error for one that the ledger does not know */
export function boardsNamed ({ boards }: RunningLedger, name: string | undefined): LedgerBoard[] {
  if (name === undefined) {
    if (boards.size === 0) throw new Error('There is nothing in the ledger: it knows no board.')
    return [...boards.values()]
  }
  const board = boards.get(name)
  if (board !== undefined) return [board]
  const known = [...boards.keys()].join(', ') || 'none'
  throw new Error(`The ledger knows no board called ${JSON.stringify(name)}; it knows ${known}.`)
}

/** The revision of the rules that Redis has for a board; undefined where it has none. */
export async function storedRevision (store: Store, name: string): Promise<string | undefined> {
  const stored = await store.boards.read(name)
  return stored.state === 'there' ? stored.board.revision : undefined
}

/** Gives a board in Redis the rules of the ledger, where it has none or others. @throws Error */
export async function putRules (store: Store, board: LedgerBoard['history']['board']): Promise<void> {
  const stored = await store.boards.read(board.name)
  if (stored.state === 'unsupported') {
    throw new Error(`Redis has rules of the board ${board.name} that this version does not understand.`)
  }
  if (stored.state === 'there' && stored.board.revision === board.revision) return
  const ifRevision = stored.state === 'there' ? (stored satisfies StoredBoard).board.revision : undefined
  const outcome = await store.boards.apply(board, { ifRevision, isCorrupting: false, anew: true })
  if (outcome !== 'outdated') return
  throw new Error(`The rules of the board ${board.name} were changed at the same time: try again.`)
}
