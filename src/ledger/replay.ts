import type { EventKind, Position, ScoreEvent } from '../leaderboard/ledger/ledger.ts'
import type { UserEvents } from '../leaderboard/ledger/rebuild.ts'
import type { Database } from './database.ts'
import { MOMENT } from './read-events.ts'

/** Rows that are fetched at a time: few enough to be gone before they are counted among what stays, whose collection is dear. */
const FETCHED = 1000

/** What a fold looks at in nearly all events, and the rest of the others: a row of a million costs by its columns. */
const COLUMNS = `user_id, action_id, kind, delta, score_after, (extract(epoch FROM at) * 1000)::bigint AS ms, seq,
  CASE WHEN kind NOT IN ('increment', 'score') OR action_type IS NOT NULL OR season IS NOT NULL OR segments IS NOT NULL THEN json_build_object(
    'actor', actor, 'action_type', action_type, 'reason', reason, 'until_ms', (extract(epoch FROM until) * 1000)::bigint,
    'season', season, 'segments', segments, 'in_window', in_window, 'shadow', shadow, 'everywhere', everywhere) END AS more`

interface ReplayRow {
  readonly user_id: string
  readonly action_id: string
  readonly kind: EventKind
  readonly delta: string
  readonly score_after: string
  readonly ms: string
  readonly seq: string
  readonly more: Rest | null
  readonly [column: string]: unknown
}

interface Rest {
  readonly actor: string | null
  readonly action_type: string | null
  readonly reason: string | null
  readonly until_ms: number | null
  readonly season: string | null
  readonly segments: Record<string, string> | null
  readonly in_window: string | null
  readonly shadow: boolean
  readonly everywhere: boolean
}

const NOTHING: Rest = { actor: null, action_type: null, reason: null, until_ms: null, season: null, segments: null, in_window: null, shadow: false, everywhere: false }

function eventOf (row: ReplayRow): ScoreEvent {
  const more = row.more ?? NOTHING
  return {
    ms: Number(row.ms),
    seq: Number(row.seq),
    userId: row.user_id,
    actionId: row.action_id,
    kind: row.kind,
    delta: Number(row.delta),
    score: Number(row.score_after),
    actor: more.actor,
    ip: null,
    requestId: null,
    actionType: more.action_type,
    reason: more.reason,
    untilMs: more.until_ms,
    season: more.season,
    segments: more.segments,
    window: more.in_window,
    hidden: false,
    shadow: more.shadow,
    everywhere: more.everywhere
  }
}

/** Which events of a board: from a moment on, in µs since 1970. */
export interface ReplayRange {
  readonly board: string
  readonly sinceMicros: number
}

/** A moment as the events have it, which know whole ms: that of its ms. */
const sinceMs = ({ sinceMicros }: ReplayRange) => Math.floor(sinceMicros / 1000)

/** How many events there are, and the place of the last of them. */
export async function measureReplay (database: Database, range: ReplayRange): Promise<{ events: number, last: Position | undefined }> {
  const [row] = await database.query<{ n: string }>(`SELECT count(*) AS n FROM score_events WHERE board = $1 AND at >= ${MOMENT(2)}`, [range.board, sinceMs(range)])
  const [last] = await database.query<{ ms: string, seq: string }>('SELECT (extract(epoch FROM at) * 1000)::bigint AS ms, seq FROM score_events WHERE board = $1 ORDER BY at DESC, seq DESC LIMIT 1', [range.board])
  return { events: Number(row!.n), last: last && { ms: Number(last.ms), seq: Number(last.seq) } }
}

/**
 * Hands out the events of a board, those of each user in order, some users at a time, in constant memory: the next are read when `take` is
 * done with them. Waiting for it must not take longer than a statement may.
 */
export async function replay (database: Database, range: ReplayRange, take: (users: readonly UserEvents[]) => Promise<void>): Promise<void> {
  await database.transaction(async (query) => {
    // All of it is wanted, and not the first rows soon; and sorted in memory.
    await query('SET LOCAL cursor_tuple_fraction = 1')
    await query("SET LOCAL work_mem = '64MB'")
    await query(`DECLARE replay NO SCROLL CURSOR FOR SELECT ${COLUMNS} FROM score_events
      WHERE board = $1 AND at >= ${MOMENT(2)} ORDER BY user_id, at, seq`, [range.board, sinceMs(range)])
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
        open.events.push(eventOf(row))
      }
      if (rows.length === 0 && open !== undefined) users.push(open)
      taking = users.length > 0 ? take(users) : Promise.resolve()
      if (rows.length === 0) return await taking
    }
  })
}

/** The events of some users up to a place, those of each in order; of one without any there are none. */
export async function replayUsers (
  database: Database, range: ReplayRange, { userIds, upTo }: { userIds: readonly string[], upTo: Position }
): Promise<readonly UserEvents[]> {
  const rows = await database.query<ReplayRow>(`SELECT ${COLUMNS} FROM score_events
    WHERE board = $1 AND at >= ${MOMENT(2)} AND user_id = ANY ($3) AND (at, seq) <= (${MOMENT(4)}, $5::bigint) ORDER BY user_id, at, seq`,
  [range.board, sinceMs(range), userIds, upTo.ms, upTo.seq])
  const events = new Map<string, ScoreEvent[]>(userIds.map((userId) => [userId, []]))
  for (const row of rows) events.get(row.user_id)!.push(eventOf(row))
  return [...events].map(([userId, events]) => ({ userId, events }))
}

/** The names that users of a board go by, some at a time. */
export async function replayNames (database: Database, board: string, take: (names: readonly { userId: string, username: string }[]) => Promise<void>): Promise<void> {
  for (let after = ''; ;) {
    const rows = await database.query<{ user_id: string, username: string }>(
      'SELECT user_id, username FROM user_names WHERE board = $1 AND user_id > $2 ORDER BY user_id LIMIT $3', [board, after, FETCHED])
    if (rows.length === 0) return
    await take(rows.map(({ user_id: userId, username }) => ({ userId, username })))
    after = rows.at(-1)!.user_id
  }
}

/** The names of some users. */
export async function namesOfUsers (database: Database, board: string, userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await database.query<{ user_id: string, username: string }>('SELECT user_id, username FROM user_names WHERE board = $1 AND user_id = ANY ($2)', [board, userIds])
  return new Map(rows.map(({ user_id: userId, username }) => [userId, username]))
}
