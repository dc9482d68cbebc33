// Rows that are fetched at a time: few enough to be gone before they are counted among what stays, whose collection.
import type { Position, ScoreEvent } from '../leaderboard/ledger/ledger.ts'
import type { UserEvents } from '../leaderboard/ledger/rebuild.ts'
import type { Database } from './database.ts'
import { REPLAY_COLUMNS, replayedEvent, type ReplayRow } from './event-row.ts'
import { MOMENT } from './read-events.ts'

/**
 * Rows that are fetched at a time: few enough to be gone before they are counted among what stays, whose collection
 * is dear.
 */
const FETCHED = 1000

/** Which events of a board: from a moment on, in µs since 1970. */
interface ReplayRange {
  readonly board: string
  readonly sinceMicros: number
}

/** A moment as the events have it, which know whole ms: that of its ms. */
const sinceMs = ({ sinceMicros }: ReplayRange) => Math.floor(sinceMicros / 1000)

/** How many events there are, and the place of the last of them. */
export async function measureReplay (
  database: Database,
  range: ReplayRange
): Promise<{ events: number, last: Position | undefined }> {
  const [row] = await database.query<{ n: string }>(
    `SELECT count(*) AS n FROM score_events WHERE board = $1 AND at >= ${MOMENT(2)}`,
    [range.board, sinceMs(range)]
  )
  const [last] = await database.query<{ ms: string, seq: string }>(
    'SELECT (extract(epoch FROM at) * 1000)::bigint AS ms, seq FROM score_events WHERE board = $1 ORDER BY at DESC, seq DESC LIMIT 1',
    [range.board]
  )
  return { events: Number(row!.n), last: last && { ms: Number(last.ms), seq: Number(last.seq) } }
}

/**
 * Hands out the events of a board, those of each user in order, some users at a time, in constant memory: the next
 * are read when `take` is done with them. Waiting for it must not take longer than a statement may.
 */
export async function replay (
  database: Database,
  range: ReplayRange,
  take: (users: readonly UserEvents[]) => Promise<void>
): Promise<void> {
  await database.transaction(async (query) => {
    // All of it is wanted, and not the first rows soon; and sorted in memory.
    await query('SET LOCAL cursor_tuple_fraction = 1')
    await query("SET LOCAL work_mem = '64MB'")
    await query(
      `DECLARE replay NO SCROLL CURSOR FOR SELECT ${REPLAY_COLUMNS} FROM score_events
      WHERE board = $1 AND at >= ${MOMENT(2)} ORDER BY user_id, at, seq`,
      [range.board, sinceMs(range)]
    )
    const fetch = async () => await query<ReplayRow>(`FETCH FORWARD ${FETCHED} FROM replay`)
    let open: { userId: string, events: ScoreEvent[] } | undefined
    let taking = Promise.resolve()
    for (;;) {
      const [rows] = await Promise.all([fetch(), taking]) // while those before are taken
      const users: UserEvents[] = []
      for (const row of rows) {
        if (row.user_id !== open?.userId) {
          if (open !== undefined) users.push(open)
          open = { userId: row.user_id, events: [] }
        }
        open.events.push(replayedEvent(row))
      }
      if (rows.length === 0 && open !== undefined) users.push(open)
      taking = users.length > 0 ? take(users) : Promise.resolve()
      if (rows.length === 0) return await taking
    }
  })
}

/** The events of some users up to a place, those of each in order; of one without any there are none. */
export async function replayUsers (
  database: Database,
  range: ReplayRange,
  { userIds, upTo }: { userIds: readonly string[], upTo: Position }
): Promise<readonly UserEvents[]> {
  const rows = await database.query<ReplayRow>(
    `SELECT ${REPLAY_COLUMNS} FROM score_events
    WHERE board = $1 AND at >= ${MOMENT(2)} AND user_id = ANY ($3) AND (at, seq) <= (${
      MOMENT(4)
    }, $5::bigint) ORDER BY user_id, at, seq`,
    [range.board, sinceMs(range), userIds, upTo.ms, upTo.seq]
  )
  const events = new Map<string, ScoreEvent[]>(userIds.map((userId) => [userId, []]))
  for (const row of rows) events.get(row.user_id)!.push(replayedEvent(row))
  return [...events].map(([userId, events]) => ({ userId, events }))
}

/** The names that users of a board go by, some at a time. */
export async function replayNames (
  database: Database,
  board: string,
  take: (names: readonly { userId: string, username: string }[]) => Promise<void>
): Promise<void> {
  for (let after = ''; ;) {
    const rows = await database.query<{ user_id: string, username: string }>(
      'SELECT user_id, username FROM user_names WHERE board = $1 AND user_id > $2 ORDER BY user_id LIMIT $3',
      [board, after, FETCHED]
    )
    if (rows.length === 0) return
    await take(rows.map(({ user_id: userId, username }) => ({ userId, username })))
    after = rows.at(-1)!.user_id
  }
}

/** The names of some users. */
export async function namesOfUsers (
  database: Database,
  board: string,
  userIds: readonly string[]
): Promise<ReadonlyMap<string, string>> {
  const rows = await database.query<{ user_id: string, username: string }>(
    'SELECT user_id, username FROM user_names WHERE board = $1 AND user_id = ANY ($2)',
    [board, userIds]
  )
  return new Map(rows.map(({ user_id: userId, username }) => [userId, username]))
}
