import type { EventKind, ReadEvents, ScoreEvent } from '../leaderboard/ledger/ledger.ts'
import { unavailable } from '../leaderboard/problem.ts'
import { isDataError, type Database } from './database.ts'

export interface EventRow {
  readonly user_id: string
  readonly action_id: string
  readonly kind: EventKind
  readonly delta: string
  readonly score_after: string
  readonly ms: string
  readonly seq: string
  readonly actor: string | null
  readonly ip: string | null
  readonly request_id: string | null
  readonly action_type: string | null
  readonly reason: string | null
  readonly until_ms: string | null
  readonly season: string | null
  readonly segments: Record<string, string> | null
  readonly in_window: string | null
  readonly hidden: boolean
  readonly shadow: boolean
  readonly everywhere: boolean
  readonly [column: string]: unknown
}

/** The columns of an event. */
export const EVENT_COLUMNS = `user_id, action_id, kind, delta, score_after, (extract(epoch FROM at) * 1000)::bigint AS ms, seq, actor, ip, request_id, action_type, reason,
  (extract(epoch FROM until) * 1000)::bigint AS until_ms, season, segments, in_window, hidden, shadow, everywhere`

/** A moment given in ms as a parameter, exact to the ms, which a float would not be. */
export const MOMENT = (n: number) => `to_timestamp($${n}::bigint / 1000) + $${n}::bigint % 1000 * interval '1 ms'`

/** Reads events from PostgreSQL, the newest first. @throws Problem `unavailable` while it is away */
export function createReadEvents (database: Database): ReadEvents {
  return async (board, { userId, fromMs, toMs, before, limit }) => {
    const values: unknown[] = [board.name, limit + 1]
    const conditions = ['board = $1']
    const where = (value: unknown, condition: (n: number) => string) => conditions.push(condition(values.push(value)))
    if (userId !== undefined) where(userId, (n) => `user_id = $${n}`)
    if (fromMs !== undefined) where(fromMs, (n) => `at >= ${MOMENT(n)}`)
    if (toMs !== undefined) where(toMs, (n) => `at < ${MOMENT(n)}`)
    if (before !== undefined) {
      values.push(before.ms, before.seq)
      // The first of the two says the same of the month alone: without it every month would be looked at.
      conditions.push(`at <= ${MOMENT(values.length - 1)}`, `(at, seq) < (${MOMENT(values.length - 1)}, $${values.length}::bigint)`)
    }
    let rows: readonly EventRow[]
    try {
      rows = await database.query<EventRow>(`
        SELECT ${EVENT_COLUMNS} FROM score_events WHERE ${conditions.join(' AND ')} ORDER BY at DESC, seq DESC LIMIT $2`, values)
    } catch (cause) {
      if (isDataError(cause)) throw cause
      throw unavailable('The ledger is away.', { cause })
    }
    const events = rows.slice(0, limit).map(eventOf)
    return { events, next: rows.length > limit ? events.at(-1) : undefined }
  }
}

export function eventOf (row: EventRow): ScoreEvent {
  return {
    ms: Number(row.ms),
    seq: Number(row.seq),
    userId: row.user_id,
    actionId: row.action_id,
    kind: row.kind,
    delta: Number(row.delta),
    score: Number(row.score_after),
    actor: row.actor,
    ip: row.ip,
    requestId: row.request_id,
    actionType: row.action_type,
    reason: row.reason,
    untilMs: row.until_ms === null ? null : Number(row.until_ms),
    season: row.season,
    segments: row.segments,
    window: row.in_window,
    hidden: row.hidden,
    shadow: row.shadow,
    everywhere: row.everywhere
  }
}
