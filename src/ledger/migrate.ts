// The migrations of the ledger's database, and the months of its partitioned table.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../leaderboard/log.ts'
import { openDatabase, type Database } from './database.ts'

/** Resolves from `src/ledger/` and from `dist/ledger/` alike. */
const MIGRATIONS = new URL('../../migrations/', import.meta.url)
const FILE = /^(\d{4})-[a-z0-9-]+\.sql$/

/** Months that are made ahead; later ones are made when the first event comes. */
const MONTHS_AHEAD = 2
const MONTHS_EVERY_MS = 6 * 3_600_000

/** A change of a large table takes longer than any other statement may. */
const MIGRATION_MS = 3_600_000
const RETRY_MS = 2000

/** How long a process that starts waits for the database to say which version it is of. */
const CHECK_MS = 3000

/**
 * Brings the database up to this version, in one transaction: whoever comes at the same time waits and finds it done.
 * Returns the names of the migrations that were missing.
 */
export async function migrate (database: Database, directory = MIGRATIONS): Promise<readonly string[]> {
  const files = readdirSync(directory).filter((name) => FILE.test(name)).sort()
  return await database.transaction(async (query) => {
    await query("SELECT pg_advisory_xact_lock(hashtext('scorewire'), hashtext('migrate'))")
    await query(
      'CREATE TABLE IF NOT EXISTS scorewire_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())'
    )
    const known = new Set(
      (await query<{ name: string }>('SELECT name FROM scorewire_migrations')).map(({ name }) => name)
    )
    refuseUnknown(known, files)
    const missing = files.filter((name) => !known.has(name))
    for (const name of missing) {
      await query(readFileSync(new URL(name, directory), 'utf8'))
      await query('INSERT INTO scorewire_migrations (name) VALUES ($1)', [name])
    }
    await makeMonths({ query })
    return missing
  })
}

/** Brings the database at an address up to date. Returns the names of the migrations that were missing. */
export async function migrateAt (url: string, log: Log): Promise<readonly string[]> {
  const database = openDatabase({ url, log, statementMs: MIGRATION_MS })
  try {
    return await migrate(database)
  } finally {
    await database.close()
  }
}

/** Brings the database at an address up to date, and tries again until it can be reached or `signal` is aborted. */
export async function migrateWhenReachable (
  url: string,
  { log, signal }: { log: Log, signal: AbortSignal }
): Promise<void> {
  for (let isTold = false; !signal.aborted; isTold = true) {
    try {
      const applied = await migrateAt(url, log)
      if (applied.length > 0) log.info({ migrations: applied }, "the ledger's database was brought up to date")
      return
    } catch (error) {
      const message = "the ledger's database is not ready, trying again: what happens is kept in Redis"
      if (!isTold) log.warn({ err: error }, message)
      await delay(RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

/** Whether no migration of this version is missing. @throws Error while the database is away */
export async function isMigrated ({ query }: Pick<Database, 'query'>, directory = MIGRATIONS): Promise<boolean> {
  const [row] = await query<{ known: boolean }>("SELECT to_regclass('scorewire_migrations') IS NOT NULL AS known")
  if (row?.known !== true) return false
  const known = new Set(
    (await query<{ name: string }>('SELECT name FROM scorewire_migrations')).map(({ name }) => name)
  )
  const files = readdirSync(directory).filter((name) => FILE.test(name))
  refuseUnknown(known, files)
  return files.every((name) => known.has(name))
}

/** The ledger's database was written by another version of scorewire, older or newer: this one would misread it. */
export class OtherVersion extends Error {}

function refuseUnknown (known: ReadonlySet<string>, files: readonly string[]): void {
  const unknown = [...known].filter((name) => !files.includes(name))
  if (unknown.length === 0) return
  throw new OtherVersion(
    `The ledger's database belongs to another version of scorewire (${
      unknown.join(', ')
    }): name an empty database in DATABASE_URL, or go on with that version.`
  )
}

/** Refuses the database of another version, where it can be reached at all. @throws OtherVersion */
export async function checkVersion (url: string, log: Log): Promise<void> {
  const database = openDatabase({ url, log, statementMs: CHECK_MS })
  try {
    await isMigrated(database)
  } catch (error) {
    if (error instanceof OtherVersion) throw error
  } finally {
    await database.close()
  }
}

/** Makes the running month and those ahead, where they are missing. */
export async function makeMonths ({ query }: Pick<Database, 'query'>): Promise<void> {
  await query("SELECT make_score_events_month(now() + n * interval '1 month') FROM generate_series(0, $1::integer) n", [
    MONTHS_AHEAD
  ])
}

/** Makes the months ahead again and again. Returns the stop. */
export function makeMonthsAhead (database: Pick<Database, 'query'>, log: Log): () => void {
  const timer = setInterval(() => {
    makeMonths(database).catch((error) => log.debug({ err: error }, 'could not make months ahead, trying again'))
  }, MONTHS_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
