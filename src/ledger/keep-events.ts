// What became of a group of events.
import { hash } from 'node:crypto'
import type { EventKind, Position, ScoreEvent } from '../leaderboard/ledger/ledger.ts'
import type { Database } from './database.ts'
import { INCOMING_COLUMNS, INSERT_COLUMNS, INSERT_VALUES, rowOf } from './event-row.ts'

/** What became of a group of events. */
export interface Kept {
  /** Events that were new. */
  readonly count: number
  /** Events whose action had been kept before as another event: the store had counted it twice. */
  readonly repeated: readonly ScoreEvent[]
}

/** The rows as they are handed in: one JSON text for all events costs less than a parameter for each value. */
const INCOMING =
  `json_to_recordset($2::json) AS incoming (action_key uuid, ${INCOMING_COLUMNS}, username text, shown boolean)`

/** Kinds whose score is what the user has from then on, where anybody sees it. */
const WITH_SCORE: ReadonlySet<EventKind> = new Set(['increment', 'score', 'adjust', 'import'])

const KEEP = `
  WITH incoming AS MATERIALIZED (
    SELECT DISTINCT ON (action_key) incoming.*, to_timestamp(ms / 1000) + ms % 1000 * interval '1 ms' AS at FROM ${INCOMING}
    ORDER BY action_key, ms, seq
  ), fresh AS (
    INSERT INTO score_actions (action_key, at, seq) SELECT action_key, at, seq FROM incoming
    ON CONFLICT DO NOTHING RETURNING action_key, at, seq
  ), added AS MATERIALIZED (
    SELECT incoming.* FROM incoming JOIN fresh USING (action_key, at, seq)
  ), events AS (
    INSERT INTO score_events (board, at, ${INSERT_COLUMNS})
    SELECT $1, at, ${INSERT_VALUES} FROM added
  ), scores AS (
    INSERT INTO users_scores (board, user_id, username, score, at, seq)
    SELECT DISTINCT ON (user_id) $1, user_id, username, score_after, at, seq FROM added
    WHERE shown
    ORDER BY user_id, at DESC, seq DESC
    ON CONFLICT (board, user_id) DO UPDATE SET username = CASE WHEN excluded.username = excluded.user_id THEN users_scores.username ELSE excluded.username END, score = excluded.score, at = excluded.at, seq = excluded.seq
    WHERE (users_scores.at, users_scores.seq) < (excluded.at, excluded.seq)
  ), names AS (
    INSERT INTO user_names (board, user_id, username)
    SELECT DISTINCT $1, user_id, username FROM incoming
    WHERE username <> user_id AND NOT EXISTS (
      SELECT FROM user_names WHERE board = $1 AND user_names.user_id = incoming.user_id AND user_names.username = incoming.username)
    ON CONFLICT (board, user_id) DO UPDATE SET username = excluded.username
  )
  SELECT action_key FROM fresh`

const REMOVE =
  "DELETE FROM users_scores WHERE board = $1 AND user_id = $2 AND (at, seq) <= (to_timestamp($3::bigint / 1000) + $3::bigint % 1000 * interval '1 ms', $4::bigint)"
/**
 * Before any event is kept: the names that come with the events are those of now, and who has left has none but a new
 * one.
 */
const FORGET_NAMES = 'DELETE FROM user_names WHERE board = $1 AND user_id = ANY ($2)'
const ERASE =
  "SELECT erase_score_user($1, $2, to_timestamp($3::bigint / 1000) + $3::bigint % 1000 * interval '1 ms', $4::bigint)"

export interface Events {
  readonly events: readonly ScoreEvent[]
  readonly nameOf: (userId: string) => string
  /** The kind of the board's first window, whose score is the one that is shown. */
  readonly firstWindow: string
}

/**
 * Keeps events of one board, with their users' scores, as one transaction: each action once, however often it is
 * sent.
 */
export async function keepEvents (
  database: Database,
  board: string,
  { events, nameOf, firstWindow }: Events
): Promise<Kept> {
  const rows = events.map((event) =>
    Object.assign(rowOf(event), {
      action_key: actionKey(board, event.userId, event.actionId),
      username: nameOf(event.userId),
      shown: isShown(event, firstWindow)
    })
  )
  return await database.transaction(async (query) => {
    for (const ms of monthsOf(events)) {
      await query('SELECT make_score_events_month(to_timestamp($1::bigint / 1000))', [ms])
    }
    const gone = events.filter(({ kind, window }) => kind === 'erase' || (kind === 'delete' && window === null))
    if (gone.length > 0) await query(FORGET_NAMES, [board, gone.map(({ userId }) => userId)])
    const fresh = await query<{ action_key: string }>(KEEP, [board, JSON.stringify(rows)])
    const repeated = fresh.length === rows.length ? [] : await repeatedAmong(query, rows)
    for (const { kind, userId, ms, seq, window } of events) {
      if (kind === 'ban' || (kind === 'delete' && (window === null || window === firstWindow))) {
        await query(REMOVE, [board, userId, ms, seq])
      }
      if (kind === 'erase') await query(ERASE, [board, userId, ms, seq])
    }
    return { count: fresh.length, repeated: repeated.map((n) => events[n]!) }
  })
}

/** The board is no more, and has no scores; what happened on it stays. */
export async function removeScores (database: Database, board: string): Promise<void> {
  await database.query('DELETE FROM users_scores WHERE board = $1', [board])
  await database.query('DELETE FROM user_names WHERE board = $1', [board])
}

/**
 * A stand-in for an action that says nothing of it: 128 bits of SHA-256, and so none of 10^15 actions passes for
 * another one.
 */
function actionKey (board: string, userId: string, actionId: string): string {
  // None of the three can hold a NUL.
  const digest = hash('sha256', `${board}\0${userId}\0${actionId}`, 'hex')
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-${digest.slice(12, 16)}-${digest.slice(16, 20)}-${
    digest.slice(20, 32)
  }`
}

type Row = ReturnType<typeof rowOf> & { readonly action_key: string }

/**
 * Whether the user's score on the board is this event's from then on: not of one that was hidden, nor of one that was
 * for another window.
 */
function isShown ({ kind, hidden, season, window, scoreAfter: score }: ScoreEvent, firstWindow: string): boolean {
  // What a ban took away comes back, with what was gained meanwhile; 0 is also said of who had nothing.
  if (kind === 'unban') return score > 0
  return WITH_SCORE.has(kind) && !hidden && !(firstWindow === 'season' && season !== null) &&
    (window === null || window === firstWindow)
}

const REPEATED = `
  SELECT n FROM json_to_recordset($1::json) AS sent (n integer, action_key uuid, ms bigint, seq bigint)
  JOIN score_actions AS kept USING (action_key)
  WHERE (kept.at, kept.seq) <> (to_timestamp(ms / 1000) + ms % 1000 * interval '1 ms', sent.seq)`

/** The places of the rows whose action is kept as another event than this one. */
async function repeatedAmong (query: Database['query'], rows: readonly Row[]): Promise<number[]> {
  const sent = rows.map((row, n) => ({ n, action_key: row.action_key, ms: row.ms, seq: row.seq }))
  return (await query<{ n: number }>(REPEATED, [JSON.stringify(sent)])).map(({ n }) => n)
}

/** One moment of each month that the events are of; nearly always one. */
function monthsOf (events: readonly Position[]): number[] {
  const months = new Map(events.map(({ ms }) => [new Date(ms).toISOString().slice(0, 7), ms]))
  return [...months.values()]
}
