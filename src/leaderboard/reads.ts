import type { Board } from './board.ts'
import type { RankedEntry } from './ranking.ts'
import type { WindowKind } from './window.ts'

/** The visible top of one window at one version. Within an epoch versions only rise; another epoch is another history. */
export interface Top {
  readonly epoch: string
  readonly version: number
  /** When it was read, in ms since 1970. */
  readonly readMs: number
  /** At most VISIBLE entries. */
  readonly entries: readonly RankedEntry[]
}

export interface UserStanding extends RankedEntry {
  readonly total: number
  readonly neighbours: readonly RankedEntry[]
}

export interface Receipt {
  readonly increment: number
  readonly score: number
}

/** Each of these is one atomic read of the store. @throws Problem `unavailable` while it is away */
export interface Reads {
  top (board: Board, window: WindowKind): Promise<Top>
  /** Undefined for a user without a score in the window. */
  user (board: Board, window: WindowKind, query: { userId: string, around: number }): Promise<UserStanding | undefined>
  /** Undefined for an action that is not remembered. */
  receipt (board: Board, action: { userId: string, actionId: string }): Promise<Receipt | undefined>
}
