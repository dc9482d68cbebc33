/** What archivers of this process have done on one board. */
interface BoardStats {
  archived: number
  /** Events whose action was in the ledger already, as another event. */
  repeated: number
  deadLettered: number
}

/** What the archivers of this process have done, by board. */
export class LedgerStats {
  readonly #boards = new Map<string, BoardStats>()
  /** Rounds that failed because a store was away. */
  failures = 0

  add (board: string, { archived = 0, repeated = 0, deadLettered = 0 }: Partial<BoardStats>): void {
    let stats = this.#boards.get(board)
    if (stats === undefined) this.#boards.set(board, stats = { archived: 0, repeated: 0, deadLettered: 0 })
    stats.archived += archived
    stats.repeated += repeated
    stats.deadLettered += deadLettered
  }

  get boards (): ReadonlyMap<string, Readonly<BoardStats>> {
    return this.#boards
  }
}
