import type { Board } from '../boards/board.ts'
import type { Page, PageQuery } from './page.ts'
import type { RankedEntry } from './order-entries.ts'
import type { Ranking, RunningRanking } from './ranking.ts'

/** The visible top of one window at one version. Within an epoch versions only rise; another epoch is another history. */
export interface Top {
  readonly epoch: string
  readonly version: number
  /** When it was read, in ms since 1970. */
  readonly readMs: number
  /** When the next window begins, in ms since 1970; undefined for never and for windows that were asked for by name. */
  readonly resetsMs: number | undefined
  /** At most VISIBLE entries. */
  readonly entries: readonly RankedEntry[]
}

/** A top, and whether it may be old because the store is away. */
export interface KnownTop extends Top {
  readonly isStale: boolean
}

export interface UserStanding extends RankedEntry {
  readonly total: number
  readonly neighbours: readonly RankedEntry[]
}

export interface UserQuery {
  readonly userId: string
  /** Neighbours wanted on either side. */
  readonly around: number
  /** Who asks, others by default: the user, or whoever sees as much, sees a score that others do not. */
  readonly reader?: 'self' | 'others'
}

/** A user's own score and rank; without a rank while the user has no score. */
export interface Standing {
  readonly score: number
  readonly rank: number | undefined
}

export interface ScoreChange {
  readonly userId: string
  /** Null for a user who was taken off the board. */
  readonly score: number | null
}

/** What has happened on a board since a place in its ledger. */
export interface Changes {
  /** Where to go on from. */
  readonly cursor: string
  /** Whether there is more than was read. */
  readonly more: boolean
  /** Each user once, with the score of now. */
  readonly changes: readonly ScoreChange[]
  /** Users of whose new scores nobody else is to know. */
  readonly unseen: readonly string[]
}

export interface Receipt {
  readonly increment: number
  readonly score: number
}

/** A user among others that were asked for. */
export interface GroupEntry extends RankedEntry {
  /** The rank that the user would have if the others asked for were the whole board. */
  readonly groupRank: number
}

/** Each of these is one atomic read of the store, but for a `lookup` of many. @throws Problem `unavailable` while it is away */
export interface Reads {
  top (board: Board, ranking: Ranking): Promise<Top>
  /** Undefined for a user without a score in the window, and for one whom this reader is not to see. */
  user (board: Board, ranking: Ranking, query: UserQuery): Promise<UserStanding | undefined>
  /** Entries in the board's order, from any place on. */
  entries (board: Board, ranking: Ranking, query: PageQuery): Promise<Page & { readonly total: number }>
  /**
   * Those of at most 1,000 different users that have a score in the window, in the board's order. Up to 200 are one atomic read; more are
   * several, and a write between two of them may show in the one and not yet in the other.
   */
  lookup (board: Board, ranking: Ranking, userIds: readonly string[]): Promise<readonly GroupEntry[]>
  /** The standing of each of at most 100 users as they see it themselves, in the order given. */
  standings (board: Board, ranking: RunningRanking, userIds: readonly string[]): Promise<readonly Standing[]>
  /** What has changed since a cursor; without one nothing, but the cursor of now. */
  changes (board: Board, ranking: RunningRanking, cursor?: string): Promise<Changes>
  /** Undefined for an action that is not remembered. */
  receipt (board: Board, action: { userId: string, actionId: string }): Promise<Receipt | undefined>
}
