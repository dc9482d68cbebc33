// The events of a board's ledger: their fields, how entries of the stream are read, and the cursor of a page.
import { Type, type Static } from 'typebox'
import type { Board } from '../boards/board.ts'
import { Problem } from '../problem.ts'
import { checker, firstProblem } from '../schema.ts'

/** The events that can happen to a user on a board. */
const KINDS = ['increment', 'score', 'adjust', 'ban', 'unban', 'delete', 'erase', 'import', 'repair'] as const

export const EventKind = Type.Enum([...KINDS], {
  description: 'increment: points gained; score: a submitted score; adjust: a correction; import: an imported score; ' +
    'repair: the store was corrected from the ledger; the others are moderation'
})
export type EventKind = Static<typeof EventKind>

/** Where an event stands in the ledger of its board: by Redis' clock, and by its number within that ms. */
export interface Position {
  readonly ms: number
  readonly seq: number
}

/** One thing that happened on a board. */
export interface ScoreEvent extends Position {
  readonly userId: string
  readonly actionId: string
  readonly kind: EventKind
  /** Points gained or lost; where a score was submitted, brought in, or set by an adjustment, that score. */
  readonly delta: number
  readonly scoreAfter: number
  /** The user id of the token that asked for it; null if it was erased. */
  readonly actor: string | null
  readonly ip: string | null
  readonly requestId: string | null
  readonly action: string | null
  readonly reason: string | null
  readonly untilMs: number | null
  readonly season: string | null
  readonly segments: Readonly<Record<string, string>> | null
  /** The window of an import; for an adjust or delete, the only window that it changed, or null. */
  readonly window: string | null
  /** Whether the user was hidden, so that the score did not count publicly. */
  readonly hidden: boolean
  /** Of a ban: whether it is a shadow ban, which the user does not notice. */
  readonly shadow?: boolean
  /** Of a ban or its end: whether it was for all boards. */
  readonly allBoards?: boolean
}

/** An entry of the ledger's stream as it was written: its id, and names and values in turn. */
export interface LedgerEntry {
  readonly id: string
  readonly fields: readonly string[]
}

const WHOLE = '^-?[0-9]{1,16}$'
const Fields = Type.Object({
  user_id: Type.String({ minLength: 1, maxLength: 256 }),
  action_id: Type.String({ maxLength: 256 }),
  delta: Type.String({ pattern: WHOLE }),
  score_after: Type.String({ pattern: WHOLE }),
  actor: Type.String(),
  ip: Type.String(),
  request_id: Type.String(),
  action: Type.Optional(Type.String()),
  kind: Type.Optional(EventKind),
  reason: Type.Optional(Type.String()),
  until: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
  season: Type.Optional(Type.String()),
  segments: Type.Optional(Type.String()),
  window: Type.Optional(Type.String()),
  hidden: Type.Optional(Type.Literal('1')),
  shadow: Type.Optional(Type.Literal('1')),
  all_boards: Type.Optional(Type.Literal('1'))
})
/** As an object, or as the texts `name:value` in which the scripts keep them. */
const Segments = Type.Union([Type.Record(Type.String(), Type.String()), Type.Array(Type.String({ pattern: ':' }))])

const isFields = checker(Fields)
const isSegments = checker(Segments)
const ID = /^(\d{1,15})-(\d{1,15})$/

/** Reads an entry of the stream. @throws Error that says what is wrong with the entry */
export function readEntry ({ id, fields }: LedgerEntry): ScoreEvent {
  const content: Record<string, unknown> = {}
  for (let n = 0; n + 1 < fields.length; n += 2) content[fields[n]!] = fields[n + 1]
  if (!isFields(content)) throw new Error(`the entry is not well formed: ${firstProblem(isFields)}`)
  const { ms, seq } = readPosition(id)
  // All in one literal: with a spread in it an entry costs 16 µs instead of 1.
  return {
    ms,
    seq,
    userId: content.user_id,
    // An event that no client asked for has no action id: the id of its entry takes its place.
    actionId: content.action_id || `${content.kind ?? 'increment'}:${id}`,
    kind: content.kind ?? 'increment',
    delta: Number(content.delta),
    scoreAfter: Number(content.score_after),
    actor: content.actor || null,
    ip: content.ip || null,
    requestId: content.request_id || null,
    action: content.action ?? null,
    reason: content.reason || null,
    untilMs: content.until === undefined ? null : Number(content.until),
    season: content.season ?? null,
    segments: content.segments === undefined ? null : readSegments(content.segments),
    window: content.window ?? null,
    hidden: content.hidden === '1',
    shadow: content.shadow === '1',
    allBoards: content.all_boards === '1'
  }
}

function readSegments (text: string): Record<string, string> {
  const segments: unknown = JSON.parse(text)
  if (!isSegments(segments)) throw new Error('the entry is not well formed: its segments are not names and values')
  if (!Array.isArray(segments)) return segments
  return Object.fromEntries(segments.map((segment) => {
    const colon = segment.indexOf(':')
    return [segment.slice(0, colon), segment.slice(colon + 1)]
  }))
}

function readPosition (id: string): Position {
  const [, ms, seq] = ID.exec(id) ?? []
  if (ms === undefined) throw new Error('the id of the entry is not a stream id')
  return { ms: Number(ms), seq: Number(seq) }
}

/** A query of a board's ledger, which lists the newest events first. */
export interface EventsQuery {
  readonly userId?: string | undefined
  /** From this moment on, in ms since 1970 ... */
  readonly fromMs?: number | undefined
  /** ... to before this one. */
  readonly toMs?: number | undefined
  /** Only events before this position. */
  readonly before?: Position | undefined
  readonly limit: number
}

/** `next` is where the next page begins; undefined on the last page. A page below the limit need not be the last. */
interface EventsPage {
  readonly events: readonly ScoreEvent[]
  readonly next: Position | undefined
}

/** @throws Problem `unavailable` while the ledger is away */
export type ReadEvents = (board: Board, query: EventsQuery) => Promise<EventsPage>

/**
 * The source of an audit: the ledger, complete except for the last second, or the bounded stream without PostgreSQL.
 */
export const EventsSource = Type.Enum(['ledger', 'stream'], {
  description: 'ledger: everything since the ledger was set up; stream: the last events, a bounded number of them'
})
export type EventsSource = Static<typeof EventsSource>

/** Writes a position as an opaque cursor for a URL. */
export function writeEventCursor (board: Board, { ms, seq }: Position): string {
  return Buffer.from(`${board.name} ${ms}-${seq}`).toString('base64url')
}

/** Reads a cursor of this board's ledger. @throws Problem `invalid_request` for any other text */
export function readEventCursor (board: Board, text: string): Position {
  const [name, id = ''] = Buffer.from(text, 'base64url').toString().split(' ')
  if (name === board.name && ID.test(id)) return readPosition(id)
  throw new Problem('invalid_request', 'Invalid cursor: pass the next_cursor of a previous page of this board.', {
    errors: [{ path: 'cursor', message: 'must be a next_cursor' }]
  })
}
