// A moment given in ms as a parameter, exact to the ms, which a float would not be.
import type { ReadEvents } from '../leaderboard/ledger/ledger.ts'
import { unavailable } from '../leaderboard/problem.ts'
import { isDataError, type Database } from './database.ts'
import { EVENT_COLUMNS, eventOf, type EventRow } from './event-row.ts'

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
      conditions.push(
        `at <= ${MOMENT(values.length - 1)}`,
        `(at, seq) < (${MOMENT(values.length - 1)}, $${values.length}::bigint)`
      )
    }
    let rows: readonly EventRow[]
    try {
      rows = await database.query<EventRow>(
        `
        SELECT ${EVENT_COLUMNS} FROM score_events WHERE ${
          conditions.join(' AND ')
        } ORDER BY at DESC, seq DESC LIMIT $2`,
        values
      )
    } catch (cause) {
      if (isDataError(cause)) throw cause
      throw unavailable('The ledger is away.', { cause })
    }
    const events = rows.slice(0, limit).map(eventOf)
    return { events, next: rows.length > limit ? events.at(-1) : undefined }
  }
}
