import { MAX_HEAD_SIZE } from '../boards/rules.ts'
import { shortHash } from '../short-hash.ts'
import { compareUserIds, rankHead, rankStretch, type HeadEntry, type RankedEntry, type Stretch } from './order-entries.ts'

/**
 * A place in the order of a board that goes on changing: behind everybody above a score, and behind some of those with it. Whoever
 * keeps the score is then either before it or behind it, whatever others do: of equals, the head lists first who was there first, and
 * a user whom others push out of it is listed by user id from then on. So those of the head are remembered one by one.
 */
export interface Bookmark {
  readonly score: number
  /** Of those with this score outside the head: behind all down to this user id; undefined for none of them. */
  readonly userId: string | undefined
  /** Digests of the users with this score that were listed as users of the head, at most MAX_HEAD_SIZE. */
  readonly leaders: readonly string[]
}

/** Where a page begins: behind a bookmark, at a place (0 is the first), or so many places above the first that does not pass a score. */
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
  /** Where the next page begins, where there is one. */
  readonly next: Bookmark | undefined
}

interface PageParts {
  /** Where the page begins: behind a bookmark, or at a place. */
  readonly from: Bookmark | number
  readonly limit: number
  /** Empty where the page is out of its reach. */
  readonly head: readonly HeadEntry[]
  /**
   * Reaches, where there are as many, one more than `limit` entries past `from` and one for each of the bookmark's leaders; for a place
   * that touches the head it begins the head's size of entries before.
   */
  readonly stretch: Stretch
}

/** A page in the board's order: the head as `rankHead` lists it, then everybody else by score and user id. */
export function pageOf ({ from, limit, head, stretch }: PageParts): Page {
  const first = rankHead(head)
  const inHead = new Set(first.map(({ userId }) => userId))
  const others = rankStretch(stretch).filter(({ userId }) => !inHead.has(userId))
  const behind = typeof from === 'number' ? behindPlace(from, { first, others, stretch }) : behindBookmark(from, [...first, ...others])
  const entries = behind.slice(0, limit)
  const last = entries.at(-1)
  if (last === undefined || behind.length <= limit) return { entries, next: undefined }

  const known = typeof from === 'number' || from.score !== last.score ? undefined : from
  const toCome = new Set(behind.slice(limit).map(({ userId }) => userId))
  const listed = first.filter(({ userId, score }) => score === last.score && !toCome.has(userId)).map(({ userId }) => leaderDigest(userId))
  return {
    entries,
    next: {
      score: last.score,
      userId: inHead.has(last.userId) ? known?.userId : last.userId,
      // The last to come are the first to be pushed out. More than a head holds come only while others pass through this score.
      leaders: [...new Set([...known?.leaders ?? [], ...listed])].slice(-MAX_HEAD_SIZE)
    }
  }
}

function behindPlace (place: number, { first, others, stretch }: { first: RankedEntry[], others: RankedEntry[], stretch: Stretch }): RankedEntry[] {
  const [top] = stretch.entries
  const above = top === undefined
    ? 0
    : first.filter(({ userId, score }) => score > top.score || (score === top.score && compareUserIds(userId, top.userId) > 0)).length
  // The stretch begins behind so many that are not in the head, and all of the head comes before them.
  const placeOfOthers = first.length + stretch.place - above
  return [...first.slice(place), ...others.slice(Math.max(0, place - placeOfOthers))]
}

function behindBookmark ({ score, userId, leaders }: Bookmark, listed: readonly RankedEntry[]): RankedEntry[] {
  const seen = new Set(leaders)
  return listed.filter((entry) => entry.score < score || (entry.score === score &&
    (userId === undefined || compareUserIds(entry.userId, userId) < 0) && !seen.has(leaderDigest(entry.userId))))
}

/** 11 characters: of a million with the same score, one in 10^12 walks would take somebody for a leader. */
function leaderDigest (userId: string): string {
  return shortHash(userId, 66)
}
