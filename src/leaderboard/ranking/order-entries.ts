// The order of entries, their ranks, and who overtook whom.
/** A user on a board. */
export interface Entry {
  readonly userId: string
  readonly username: string
  readonly score: number
}

/** An entry in its place: 1 is first, and equal scores share a rank (1, 2, 2, 4). */
export interface RankedEntry extends Entry {
  readonly rank: number
}

/** An entry of a board's head, with the sequence number at which it reached its score. */
export interface HeadEntry extends Entry {
  readonly sequence: number
}

/** Orders a board's head: higher scores first; users with equal scores in the order in which they reached them. */
export function rankHead (head: readonly HeadEntry[]): RankedEntry[] {
  const ordered = head.toSorted((a, b) => b.score - a.score || a.sequence - b.sequence)
  let rank = 1
  return ordered.map(({ userId, username, score }, place) => {
    if (place > 0 && ordered[place - 1]!.score !== score) rank = place + 1
    return { rank, userId, username, score }
  })
}

/** A part of a board in the store's order: by score, then by user id, both descending. */
export interface Stretch {
  readonly entries: readonly Entry[]
  /** The number of entries of the board before the first one, in that order. */
  readonly place: number
  /** How many of them have a higher score than the first one. */
  readonly higher: number
}

/** Gives the entries of a stretch their ranks, in their order. */
export function rankStretch ({ entries, place, higher }: Stretch): RankedEntry[] {
  let rank = higher + 1
  return entries.map((entry, index) => {
    if (index > 0 && entries[index - 1]!.score !== entry.score) rank = place + index + 1
    return { rank, ...entry }
  })
}

/** Compares user ids by their bytes, as the store does. It is negative if `a` is lower, and so listed after `b`. */
export function compareUserIds (a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/**
 * The entries around a user in the board's order, up to `around` on either side: the head as `rankHead` lists it, then
 * the others by score and user id. If the stretch does not touch the head, pass an empty head. Otherwise the stretch
 * must hold `around` entries outside the head on either side.
 */
export function rankAround (
  userId: string,
  { around, head, stretch }: { around: number, head: readonly HeadEntry[], stretch: Stretch }
): RankedEntry[] {
  const first = rankHead(head)
  const inHead = new Set(first.map((entry) => entry.userId))
  const others = rankStretch(stretch).filter((entry) => !inHead.has(entry.userId))
  const listed = [...first, ...others]
  const own = listed.findIndex((entry) => entry.userId === userId)
  return listed.slice(Math.max(0, own - around), own + around + 1)
}

/**
 * Inserts an entry among others in the board's order, before entries with an equal score, and ranks it as if it were on
 * the board. Returns up to `around` of the others on either side.
 */
export function rankWith (
  own: RankedEntry,
  others: readonly RankedEntry[],
  { around, isBehind }: { around: number, isBehind: (score: number) => boolean }
): RankedEntry[] {
  const above = others.filter(({ score }) => score !== own.score && !isBehind(score))
  const notAbove = others.slice(above.length).map((entry) =>
    isBehind(entry.score) ? { ...entry, rank: entry.rank + 1 } : entry
  )
  return [...above.slice(Math.max(0, above.length - around)), own, ...notAbove.slice(0, around)]
}

/**
 * Orders some users of a board as the board does, and adds each one's rank within this group. `sequence` is that of the
 * head; it is undefined for users outside the head.
 */
export function groupRank (
  users: readonly (RankedEntry & { readonly sequence: number | undefined })[]
): (RankedEntry & { groupRank: number })[] {
  const ordered = users.toSorted((a, b) =>
    b.score - a.score ||
    (a.sequence ?? Infinity) - (b.sequence ?? Infinity) || compareUserIds(b.userId, a.userId)
  )
  let among = 1
  return ordered.map(({ rank, userId, username, score }, place) => {
    if (place > 0 && ordered[place - 1]!.score !== score) among = place + 1
    return { rank, userId, username, score, groupRank: among }
  })
}

/** The percentage of users whose score is not better than that of this rank, with two decimals: 100 for the first. */
export function percentileOf (rank: number, total: number): number {
  return Math.round((total - rank + 1) / total * 10_000) / 100
}

/**
 * Finds the users who were overtaken between two states of the same top, both in order. `by` is the user who passed
 * them and is now directly above them. Only users for whom `matters` returns true are checked.
 */
export function overtakersIn (
  before: readonly RankedEntry[],
  after: readonly RankedEntry[],
  matters: (userId: string) => boolean
): { userId: string, by: string, rank: number }[] {
  const rankBefore = new Map(before.map(({ userId, rank }) => [userId, rank]))
  return after.flatMap(({ userId, rank }, place) => {
    const was = rankBefore.get(userId)
    if (was === undefined || rank <= was || !matters(userId)) return []
    const passer = after.slice(0, place).findLast((other) =>
      other.rank < rank && (rankBefore.get(other.userId) ?? Infinity) >= was
    )
    return passer === undefined ? [] : [{ userId, by: passer.userId, rank }]
  })
}
