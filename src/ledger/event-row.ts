// The columns of an event in PostgreSQL, and an event to and from them: a field that is missing in one of them does
// not compile.
import type { EventKind, ScoreEvent } from '../leaderboard/ledger/ledger.ts'

interface Column {
  readonly column: string
  /** As PostgreSQL takes it out of a JSON row. */
  readonly type: 'text' | 'bigint' | 'boolean' | 'jsonb'
  /** How the value handed in becomes the column's, where it is not as it is. */
  readonly insert?: string
  /** How the column is read, where it is not as it is. */
  readonly select?: string
  /** In which events a fold looks at it, if in any: a replay of a million rows costs by its columns. */
  readonly replay?: 'all' | 'few'
}

const MS = (column: string) => `(extract(epoch FROM ${column}) * 1000)::bigint`

/** Every field of an event but its place; one that is missing here does not compile. */
const COLUMNS = {
  userId: { column: 'user_id', type: 'text', replay: 'all' },
  actionId: { column: 'action_id', type: 'text', replay: 'all' },
  kind: { column: 'kind', type: 'text', replay: 'all' },
  delta: { column: 'delta', type: 'bigint', replay: 'all' },
  scoreAfter: { column: 'score_after', type: 'bigint', replay: 'all' },
  actor: { column: 'actor', type: 'text', replay: 'few' },
  ip: { column: 'ip', type: 'text' },
  requestId: { column: 'request_id', type: 'text' },
  action: { column: 'action', type: 'text', replay: 'few' },
  reason: { column: 'reason', type: 'text', replay: 'few' },
  untilMs: {
    column: 'until',
    type: 'bigint',
    insert: 'to_timestamp(until / 1000.0)',
    select: MS('until'),
    replay: 'few'
  },
  season: { column: 'season', type: 'text', replay: 'few' },
  segments: { column: 'segments', type: 'jsonb', replay: 'few' },
  window: { column: 'in_window', type: 'text', replay: 'few' },
  hidden: { column: 'hidden', type: 'boolean' },
  shadow: { column: 'shadow', type: 'boolean', replay: 'few' },
  allBoards: { column: 'all_boards', type: 'boolean', replay: 'few' }
} as const satisfies Record<Exclude<keyof ScoreEvent, 'ms' | 'seq'>, Column>

const FIELDS: readonly Column[] = Object.values(COLUMNS)
const REPLAYED = FIELDS.filter(({ replay }) => replay === 'all')
const RARE = FIELDS.filter(({ replay }) => replay === 'few')

const selected = ({ column, select }: Column) => select === undefined ? column : `${select} AS ${column}`

/** The columns and their types, for `json_to_recordset`. */
export const INCOMING_COLUMNS = `${
  FIELDS.map(({ column, type }) => `${column} ${type}`).join(', ')
}, ms bigint, seq bigint`

/** The columns that an insert names, and what it takes for each of a row with `INCOMING_COLUMNS`. */
export const INSERT_COLUMNS = `${FIELDS.map(({ column }) => column).join(', ')}, seq`
export const INSERT_VALUES = `${FIELDS.map(({ column, insert }) => insert ?? column).join(', ')}, seq`

/** What a read selects: an event's row. */
export const EVENT_COLUMNS = `${FIELDS.map(selected).join(', ')}, ${MS('at')} AS ms, seq`

/**
 * What a replay selects: the columns that a fold looks at in nearly all events, and the others as one JSON value
 * where there are any.
 */
export const REPLAY_COLUMNS = `${REPLAYED.map(selected).join(', ')},
  ${MS('at')} AS ms, seq,
  CASE WHEN kind NOT IN ('increment', 'score') OR action IS NOT NULL OR season IS NOT NULL OR segments IS NOT NULL THEN
    json_build_object(${RARE.map(({ column, select }) => `'${column}', ${select ?? column}`).join(', ')}) END AS rare`

type ColumnName = typeof COLUMNS[keyof typeof COLUMNS]['column']

/** What PostgreSQL returns of a column by its type: bigints as text. */
type Value = { text: string | null, bigint: string | null, boolean: boolean, jsonb: Record<string, string> | null }
type Row = { readonly [F in keyof typeof COLUMNS as typeof COLUMNS[F]['column']]: Value[typeof COLUMNS[F]['type']] } & {
  readonly user_id: string,
  readonly action_id: string
}
interface Place {
  readonly ms: string
  readonly seq: string
  readonly [column: string]: unknown
}

/** A row that was read with `EVENT_COLUMNS`. */
export type EventRow = Row & Place

/** A row that was read with `REPLAY_COLUMNS`. */
export type ReplayRow = Pick<Row, 'user_id' | 'action_id' | 'kind' | 'delta' | 'score_after'> & Place & {
  readonly rare: RareColumns | null
}

/** In JSON a bigint is a number. */
type RareColumns =
  & Pick<Row, 'actor' | 'action' | 'reason' | 'season' | 'segments' | 'in_window' | 'shadow' | 'all_boards'>
  & { readonly until: number | null }

const NOTHING_RARE: RareColumns = {
  actor: null,
  action: null,
  reason: null,
  until: null,
  season: null,
  segments: null,
  in_window: null,
  shadow: false,
  all_boards: false
}

/**
 * The event of a row. Written as one literal, as the two below: a loop over the columns takes 1 to 4 µs an event
 * more.
 */
export function eventOf (row: EventRow): Required<ScoreEvent> {
  return {
    ms: Number(row.ms),
    seq: Number(row.seq),
    userId: row.user_id,
    actionId: row.action_id,
    kind: row.kind as EventKind,
    delta: Number(row.delta),
    scoreAfter: Number(row.score_after),
    actor: row.actor,
    ip: row.ip,
    requestId: row.request_id,
    action: row.action,
    reason: row.reason,
    untilMs: row.until === null ? null : Number(row.until),
    season: row.season,
    segments: row.segments,
    window: row.in_window,
    hidden: row.hidden,
    shadow: row.shadow,
    allBoards: row.all_boards
  }
}

/** The event of a row of a replay, without what no fold looks at. */
export function replayedEvent (row: ReplayRow): Required<ScoreEvent> {
  const rare = row.rare ?? NOTHING_RARE
  return {
    ms: Number(row.ms),
    seq: Number(row.seq),
    userId: row.user_id,
    actionId: row.action_id,
    kind: row.kind as EventKind,
    delta: Number(row.delta),
    scoreAfter: Number(row.score_after),
    actor: rare.actor,
    ip: null,
    requestId: null,
    action: rare.action,
    reason: rare.reason,
    untilMs: rare.until,
    season: rare.season,
    segments: rare.segments,
    window: rare.in_window,
    hidden: false,
    shadow: rare.shadow,
    allBoards: rare.all_boards
  }
}

/** An event as a row of `INCOMING_COLUMNS`. */
export function rowOf (event: ScoreEvent) {
  return {
    ms: event.ms,
    seq: event.seq,
    user_id: event.userId,
    action_id: event.actionId,
    kind: event.kind,
    delta: event.delta,
    score_after: event.scoreAfter,
    actor: event.actor,
    ip: event.ip,
    request_id: event.requestId,
    action: event.action,
    reason: event.reason,
    until: event.untilMs,
    season: event.season,
    segments: event.segments,
    in_window: event.window,
    hidden: event.hidden,
    shadow: event.shadow ?? false,
    all_boards: event.allBoards ?? false
  } satisfies Record<ColumnName | 'ms' | 'seq', unknown>
}
