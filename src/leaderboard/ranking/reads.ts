// The port of reads: tops, users, pages, changes and receipts.
import type { Board } from '../boards/board.ts'
import type { Page, PageQuery } from './page.ts'
import type { RankedEntry } from './order-entries.ts'
import type { Ranking, RunningRanking } from './ranking.ts'

/** The visible top of one ranking at one version. Versions rise within an epoch and do not compare between epochs. */
export interface Top {
  readonly epoch: string
  readonly version: number
  /** When it was read, in ms since 1970. */
  readonly readMs: number
  /**
   * When the next window begins, in ms since 1970; undefined for never, and for a window that was asked for by name.
   */
  readonly resetsMs: number | undefined
  /** At most VISIBLE entries. */
  readonly entries: readonly RankedEntry[]
}

/** A top, and whether it may be old because the store is unavailable. */
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
  /** `self` also sees a hidden score: it stands for the user, a service and an admin. The default is `others`. */
  readonly reader?: 'self' | 'others'
}

/** A user's own score and rank. The rank is undefined while the user has no score. */
export interface Standing {
  readonly score: number
  readonly rank: number | undefined
}

export interface ScoreChange {
  readonly userId: string
  /** Null for a user who was removed from the board. */
  readonly score: number | null
}

/** The scores that have changed on a board since a position in its ledger. */
export interface Changes {
  /** The position after the last change that was read. */
  readonly cursor: string
  /** Whether there are more changes than were read. */
  readonly more: boolean
  /** Each user once, with the current score. */
  readonly changes: readonly ScoreChange[]
  /** Users whose new scores are hidden from others. */
  readonly unseen: readonly string[]
}

export interface Receipt {
  readonly increment: number
  readonly score: number
}

/** A user of a group. */
export interface GroupEntry extends RankedEntry {
  /** The user's rank within the group. */
  readonly groupRank: number
}

/** Reads of the store. Each is atomic, except a `lookup` of more than 200 users. @throws Problem `unavailable` */
export interface Reads {
  top(board: Board, ranking: Ranking): Promise<Top>
  /** Undefined for a user without a score in the window, and for one that is hidden from this reader. */
  user(board: Board, ranking: Ranking, query: UserQuery): Promise<UserStanding | undefined>
  /** A page of entries in the board's order, from any place on. */
  entries(board: Board, ranking: Ranking, query: PageQuery): Promise<Page & { readonly total: number }>
  /**
   * The users among at most 1,000 different ones that have a score in the window, in the board's order. Up to 200 users
   * are one atomic read. More users are several reads, and a write between them may show in only some of them.
   */
  lookup(board: Board, ranking: Ranking, userIds: readonly string[]): Promise<readonly GroupEntry[]>
  /** The standing of each of at most 100 users as they see it themselves, in the order given. */
  standings(board: Board, ranking: RunningRanking, userIds: readonly string[]): Promise<readonly Standing[]>
  /** The changes since a cursor. Without a cursor it returns no changes and the current cursor. */
  changes(board: Board, ranking: RunningRanking, cursor?: string): Promise<Changes>
  /** Undefined for an action that is not remembered. */
  receipt(board: Board, action: { userId: string, actionId: string }): Promise<Receipt | undefined>
}
