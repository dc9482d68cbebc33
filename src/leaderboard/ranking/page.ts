// Pages of a board's entries, and the bookmark where the next page begins.
import { MAX_HEAD_SIZE } from '../boards/rules.ts'
import { shortHash } from '../short-hash.ts'
import {
  compareUserIds,
  rankHead,
  rankStretch,
  type Entry,
  type HeadEntry,
  type RankedEntry,
  type Stretch
} from './order-entries.ts'

/**
 * A place in the order of a board that goes on changing: after all users above a score, and after some users with that
 * score. A user whose score stays is always on the same side of it. The head orders equal scores by time, and a user
 * who leaves the head is then ordered by user id. So a bookmark lists the users of the head one by one.
 */
export interface Bookmark {
  readonly score: number
  /** Outside the head: after all users with this score down to this user id; undefined means after none of them. */
  readonly userId: string | undefined
  /** Digests of the users with this score that were listed as users of the head, at most MAX_HEAD_SIZE. */
  readonly leaders: readonly string[]
}

/**
 * Where a page begins: after a bookmark, at a place (0 is the first), or `above` places before the first entry whose
 * score is not better than `score`.
 */
export type PageStart =
  | { readonly behind: Bookmark }
  | { readonly place: number }
  | { readonly score: number, readonly above: number }

export interface PageQuery {
  readonly start: PageStart
  readonly limit: number
}

export interface Page {
  readonly entries: readonly RankedEntry[]
  /** Where the next page begins; undefined on the last page. */
  readonly next: Bookmark | undefined
}

interface PageParts {
  /** Where the page begins: after a bookmark, or at a place. */
  readonly from: Bookmark | number
  readonly limit: number
  /** Empty if the page does not touch it. */
  readonly head: readonly HeadEntry[]
  /**
   * Holds one entry more than `limit` after `from`, and one for each of the bookmark's leaders, if the board has as
   * many. For a place that touches the head, it begins a head's size of entries earlier.
   */
  readonly stretch: Stretch
}

/** A page in the board's order: the head as `rankHead` lists it, then the others by score and user id. */
export function pageOf ({ from, limit, head, stretch }: PageParts): Page {
  const first = rankHead(head)
  const inHead = new Set(first.map(({ userId }) => userId))
  const others = rankStretch(stretch).filter(({ userId }) => !inHead.has(userId))
  const behind = typeof from === 'number'
    ? behindPlace(from, { first, others, stretch })
    : behindBookmark(from, [...first, ...others])
  const entries = behind.slice(0, limit)
  const last = entries.at(-1)
  if (last === undefined || behind.length <= limit) return { entries, next: undefined }

  const known = typeof from === 'number' || from.score !== last.score ? undefined : from
  const toCome = new Set(behind.slice(limit).map(({ userId }) => userId))
  const listed = first
    .filter(({ userId, score }) => score === last.score && !toCome.has(userId))
    .map(({ userId }) => leaderDigest(userId))
  return {
    entries,
    next: {
      score: last.score,
      userId: inHead.has(last.userId) ? known?.userId : last.userId,
      // The newest users of the head leave it first, so the newest digests are kept. There are more of them than the
      // head holds only while other users pass through this score.
      leaders: [...new Set([...known?.leaders ?? [], ...listed])].slice(-MAX_HEAD_SIZE)
    }
  }
}

function behindPlace (
  place: number,
  { first, others, stretch }: { first: RankedEntry[], others: RankedEntry[], stretch: Stretch }
): RankedEntry[] {
  const [top] = stretch.entries
  const isAbove = ({ userId, score }: RankedEntry, top: Entry) =>
    score > top.score || (score === top.score && compareUserIds(userId, top.userId) > 0)
  const above = top === undefined ? 0 : first.filter((entry) => isAbove(entry, top)).length
  // `stretch.place - above` entries outside the head come before the stretch, and the whole head comes before them.
  const placeOfOthers = first.length + stretch.place - above
  return [...first.slice(place), ...others.slice(Math.max(0, place - placeOfOthers))]
}

function behindBookmark ({ score, userId, leaders }: Bookmark, listed: readonly RankedEntry[]): RankedEntry[] {
  const listedLeaders = new Set(leaders)
  return listed.filter((entry) =>
    entry.score < score || (
      entry.score === score &&
      (userId === undefined || compareUserIds(entry.userId, userId) < 0) &&
      !listedLeaders.has(leaderDigest(entry.userId))
    )
  )
}

/** 11 characters: with a million users at the same score, one walk in 10^12 mistakes a user for a leader. */
function leaderDigest (userId: string): string {
  return shortHash(userId, 66)
}
