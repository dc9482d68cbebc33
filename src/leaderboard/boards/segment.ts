// Segments, such as region: parts of a board that are ranked by themselves.
import { Type, type Static } from 'typebox'
import { BOARD_NAME, CHARACTER } from '../identifiers.ts'
import { Problem } from '../problem.ts'

export const MAX_SEGMENTS = 4

export const SegmentName = Type.String({ pattern: BOARD_NAME })

export const SegmentValue = Type.String({
  pattern: `^${CHARACTER}{1,64}$`,
  description: '1 to 64 characters of printable Unicode'
})

/** Values by segment name, such as `{ "region": "eu" }`. */
export const Segments = Type.Record(SegmentName, SegmentValue, {
  maxProperties: MAX_SEGMENTS,
  additionalProperties: false,
  description: "The user's value in each segment, from a service only; otherwise the claims of the token apply"
})
export type Segments = Static<typeof Segments>

/** A segment with its value as reads name it: `region:eu`. */
export const SegmentText = Type.String({
  pattern: `^[a-z0-9][a-z0-9_-]{0,63}:${CHARACTER}{1,64}$`,
  description: 'A segment of the board, such as region:eu'
})

/** The values that belong to segments of the board, as `name:value` in the board's order; undefined if none does. */
export function segmentsAmong (
  board: { readonly segments: readonly string[] },
  values: Readonly<Segments>
): string[] | undefined {
  const segments = board.segments.flatMap((name) => Object.hasOwn(values, name) ? [`${name}:${values[name]}`] : [])
  return segments.length === 0 ? undefined : segments
}

/** Checks that the board has this segment. @throws Problem `invalid_request` */
export function judgeSegment (
  board: { readonly name: string, readonly segments: readonly string[] },
  segment: string,
  path = 'segment'
): void {
  const name = segment.slice(0, segment.indexOf(':'))
  if (board.segments.includes(name)) return
  const has = board.segments.length === 0 ? 'has no segments' : `has the segments ${board.segments.join(', ')}`
  const errors = [{ path, message: 'must be a segment of the board' }]
  throw new Problem('invalid_request', `The board ${board.name} ${has}, not ${name}.`, { errors })
}

/** How many former segments of a user are remembered; `lua/lib/segments.lua` has the same limit. */
export const MAX_FORMER = 1000

/** Sorts segments by their bytes, as the store does. */
export function sortedSegments (segments: readonly string[]): string[] {
  if (segments.length < 2) return [...segments]
  return segments.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/**
 * Replaces a user's segments by the given ones of the same names. `now` are all segments after that, sorted; `left` are
 * those that the user is no longer in.
 */
export function mergeSegments (
  before: readonly string[],
  given: readonly string[]
): { now: readonly string[], left: readonly string[] } {
  const names = new Set(given.map(nameOf))
  const replaced = before.filter((segment) => names.has(nameOf(segment)))
  return {
    now: sortedSegments([...before.filter((segment) => !names.has(nameOf(segment))), ...given]),
    left: replaced.filter((segment) => !given.includes(segment))
  }
}

function nameOf (segment: string): string {
  return segment.slice(0, segment.indexOf(':'))
}
