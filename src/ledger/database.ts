// Runs one statement by itself.
import pg from 'pg'
import type { Log } from '../leaderboard/log.ts'

const STATEMENT_MS = 10_000
const CONNECT_MS = 3000
const MAX_CONNECTIONS = 4

export interface Database {
  /** Runs one statement by itself. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Runs statements as one transaction, which is undone when `work` fails. */
  transaction<Result>(work: (query: Database['query']) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

interface DatabaseOptions {
  readonly url: string
  readonly log: Log
  /** How long a statement may take; a server that answers later than that counts as away. */
  readonly statementMs?: number
  /** How long it may take to let somebody in. */
  readonly connectMs?: number
}

/** Opens PostgreSQL; a connection is made when it is needed, and again after it was lost. */
export function openDatabase (
  { url, log, statementMs = STATEMENT_MS, connectMs = CONNECT_MS }: DatabaseOptions
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'scorewire',
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs,
    statement_timeout: statementMs,
    // Whoever is stopped in the middle of a transaction must not hold its locks.
    idle_in_transaction_session_timeout: statementMs,
    keepAlive: true,
    allowExitOnIdle: true
  })
  // A connection that is lost while nobody uses it: the next statement gets a new one.
  pool.on('error', (error) => log.debug({ error: error.message }, 'lost an idle connection to PostgreSQL'))

  async function withClient<Result> (work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await pool.connect()
    let isSound = false
    const onError = () => {} // told by the statement that was under way
    client.on('error', onError)
    try {
      const result = await work(client)
      isSound = true
      return result
    } finally {
      client.removeListener('error', onError)
      // After any failure the connection's state is not known for sure: it is not used again.
      client.release(!isSound)
    }
  }

  return {
    query: async (text, values = []) =>
      await withClient(async (client) => (await client.query(text, [...values])).rows),
    transaction: async (work) =>
      await withClient(async (client) => {
        await client.query('BEGIN')
        const result = await work(async (text, values = []) => (await client.query(text, [...values])).rows)
        await client.query('COMMIT')
        return result
      }),
    close: async () => await pool.end()
  }
}

/**
 * Classes of SQLSTATE that say "these data cannot be taken": a data exception, a broken constraint, too complex a
 * row.
 */
const DATA_CLASSES: ReadonlySet<string> = new Set(['22', '23', '54'])

/** Whether what was sent was at fault, and would be again; anything else may pass by itself. */
export function isDataError (error: unknown): boolean {
  return error instanceof pg.DatabaseError && DATA_CLASSES.has(error.code?.slice(0, 2) ?? '')
}

/** Where a database is, for a message: never the user or the password. */
export function placeOf (url: string): string {
  const { host, pathname, searchParams } = new URL(url)
  return `${host || searchParams.get('host') || 'localhost'}${pathname}`
}
