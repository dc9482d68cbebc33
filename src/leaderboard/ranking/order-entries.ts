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

/** Orders a board's head: higher scores first, and of equal ones whoever reached it first. */
export function rankHead (head: readonly HeadEntry[]): RankedEntry[] {
  const ordered = head.toSorted((a, b) => b.score - a.score || a.sequence - b.sequence)
  let rank = 1
  return ordered.map(({ userId, username, score }, place) => {
    if (place > 0 && ordered[place - 1]!.score !== score) rank = place + 1
    return { rank, userId, username, score }
  })
}

/** A stretch of a board in the store's order: score, then user id, both descending. */
export interface Stretch {
  readonly entries: readonly Entry[]
  /** How many entries of the board come before the first one, in that order. */
  readonly place: number
  /** How many of those have a higher score than the first one. */
  readonly higher: number
}

/** Gives a stretch its ranks, in the order that it has. */
export function rankStretch ({ entries, place, higher }: Stretch): RankedEntry[] {
  let rank = higher + 1
  return entries.map((entry, index) => {
    if (index > 0 && entries[index - 1]!.score !== entry.score) rank = place + index + 1
    return { rank, ...entry }
  })
}

/** Compares user ids as the store does, by their bytes; negative where `a` is the lower one, which is listed behind `b`. */
export function compareUserIds (a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/**
 * The entries around a user, `around` on either side where there are as many, in the board's order: the head as
 * `rankHead` lists it, then everybody else by score and user id. The head is empty where the stretch is out of
 * its reach; otherwise the stretch must hold `around` entries on either side that are not in the head.
 */
export function rankAround (userId: string, { around, head, stretch }: { around: number, head: readonly HeadEntry[], stretch: Stretch }): RankedEntry[] {
  const first = rankHead(head)
  const inHead = new Set(first.map((entry) => entry.userId))
  const others = rankStretch(stretch).filter((entry) => !inHead.has(entry.userId))
  const listed = [...first, ...others]
  const own = listed.findIndex((entry) => entry.userId === userId)
  return listed.slice(Math.max(0, own - around), own + around + 1)
}

/**
 * Entries of a board in its order with one more among them, before its equals: ranked as if it were on the board, up to `around` of the
 * others on either side.
 */
export function rankWith (own: RankedEntry, others: readonly RankedEntry[], { around, isBehind }: { around: number, isBehind: (score: number) => boolean }): RankedEntry[] {
  const above = others.filter(({ score }) => score !== own.score && !isBehind(score))
  const notAbove = others.slice(above.length).map((entry) => isBehind(entry.score) ? { ...entry, rank: entry.rank + 1 } : entry)
  return [...above.slice(Math.max(0, above.length - around)), own, ...notAbove.slice(0, around)]
}

/**
 * Some users of a board in its order, each with the rank among the others; `sequence` is that of the head, undefined for users outside it.
 */
export function groupRank (users: readonly (RankedEntry & { readonly sequence: number | undefined })[]): (RankedEntry & { groupRank: number })[] {
  const ordered = users.toSorted((a, b) => b.score - a.score ||
    (a.sequence ?? Infinity) - (b.sequence ?? Infinity) || compareUserIds(b.userId, a.userId))
  let among = 1
  return ordered.map(({ rank, userId, username, score }, place) => {
    if (place > 0 && ordered[place - 1]!.score !== score) among = place + 1
    return { rank, userId, username, score, groupRank: among }
  })
}

/** The share of a board, in percent with two decimals, whose score a user of this rank equals or passes: 100 for the first. */
export function percentileOf (rank: number, total: number): number {
  return Math.round((total - rank + 1) / total * 10_000) / 100
}

/**
 * Who was passed between two states of the same top, both in order: for each user in both with a lower place now, the one who
 * now stands right above of those who have passed. Only users for whom `matters` holds are looked at.
 */
export function overtakersIn (
  before: readonly RankedEntry[], after: readonly RankedEntry[], matters: (userId: string) => boolean
): { userId: string, by: string, rank: number }[] {
  const rankBefore = new Map(before.map(({ userId, rank }) => [userId, rank]))
  return after.flatMap(({ userId, rank }, place) => {
    const was = rankBefore.get(userId)
    if (was === undefined || rank <= was || !matters(userId)) return []
    const passer = after.slice(0, place).findLast((other) => other.rank < rank && (rankBefore.get(other.userId) ?? Infinity) >= was)
    return passer === undefined ? [] : [{ userId, by: passer.userId, rank }]
  })
}
