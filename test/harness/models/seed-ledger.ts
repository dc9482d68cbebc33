// Events of many users as a worker would have kept them: one of each user within the last hour, and a second one of.
import { openDatabase } from '../../../src/ledger/database.ts'
import { silent } from '../servers/store.ts'

const SEED_MS = 300_000

/**
 * Events of many users as a worker would have kept them: one of each user within the last hour, and a second one of
 * every tenth; with names.
 */
export async function seedLedger (url: string, board: string, users: number): Promise<void> {
  const database = openDatabase({ url, log: silent, statementMs: SEED_MS })
  try {
    await database.query("SELECT make_score_events_month(now() - n * interval '1 hour') FROM generate_series(0, 1) n")
    const raise = async (every: number, part: number) =>
      await database.query(
        `
      INSERT INTO score_events (board, user_id, action_id, kind, delta, score_after, at, seq, actor, ip, request_id)
      SELECT $1, 'user-' || n, 'action-' || n || '-' || $4::integer, 'increment', n::bigint * 7919 % 1000 + 1, (n::bigint * 7919 % 1000 + 1) * ($4::integer + 1),
        date_trunc('milliseconds', now()) - (2 - $4::integer) * interval '30 min' + n % 1500000 * interval '1 ms', n / 1500000, 'user-' || n, '192.0.2.1', 'seed'
      FROM generate_series(0, $2::integer - 1, $3::integer) n`,
        [board, users, every, part]
      )
    await raise(1, 0)
    await raise(10, 1)
    await database.query(
      "INSERT INTO user_names (board, user_id, username) SELECT $1, 'user-' || n, 'User ' || n FROM generate_series(0, $2::integer - 1) n",
      [board, users]
    )
    await database.query('ANALYZE score_events')
  } finally {
    await database.close()
  }
}
