import { Type, type Static } from 'typebox'
import { BOARD_NAME, CHARACTER } from '../identifiers.ts'
import { Problem } from '../problem.ts'

export const MAX_SEGMENTS = 4

export const SegmentName = Type.String({ pattern: BOARD_NAME })

export const SegmentValue = Type.String({ pattern: `^${CHARACTER}{1,64}$`, description: '1 to 64 characters of printable Unicode' })

/** Values by the names of segments, such as `{ "region": "eu" }`. */
export const Segments = Type.Record(SegmentName, SegmentValue, { maxProperties: MAX_SEGMENTS, additionalProperties: false, description: 'Which part of the board the user is in, by segment: from a service; a user\'s come from the claims of the token' })
export type Segments = Static<typeof Segments>

/** A segment with its value as reads name it: `region:eu`. */
export const SegmentText = Type.String({
  pattern: `^[a-z0-9][a-z0-9_-]{0,63}:${CHARACTER}{1,64}$`, description: 'A part of the board, such as region:eu'
})

/** As `name:value`, the segments that a board has among these, in the board's order; undefined where there are none. */
export function segmentsAmong (board: { readonly segments: readonly string[] }, values: Readonly<Segments>): string[] | undefined {
  const segments = board.segments.flatMap((name) => Object.hasOwn(values, name) ? [`${name}:${values[name]}`] : [])
  return segments.length === 0 ? undefined : segments
}

/** @throws Problem `invalid_request` for a segment that the board does not have */
export function judgeSegment (board: { readonly name: string, readonly segments: readonly string[] }, segment: string, path = 'segment'): void {
  const name = segment.slice(0, segment.indexOf(':'))
  if (board.segments.includes(name)) return
  const has = board.segments.length === 0 ? 'has no segments' : `has the segments ${board.segments.join(', ')}`
  throw new Problem('invalid_request', `The board ${board.name} ${has}, not ${name}.`, { errors: [{ path, message: 'must be a segment of the board' }] })
}

/** Former segments that are remembered of a user, as `lua/lib/segments.lua` does. */
export const MAX_FORMER = 1000

/** Lines in the order of their bytes, as the store keeps them. */
export function sortedSegments (segments: readonly string[]): string[] {
  return segments.length < 2 ? [...segments] : segments.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** What a user is in when the segments given replace those of the same names: all, in order, and those that are left. */
export function mergeSegments (before: readonly string[], given: readonly string[]): { now: readonly string[], left: readonly string[] } {
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
