/** What a worker has done for webhooks, as plain numbers. */
export class WebhookStats {
  /** Attempts, and deliveries that were given up or never made, by what became of them. */
  readonly outcomes = new Map<string, number>()
  readonly flagged = new Map<string, number>()
  /** Of the boards that this worker holds. */
  readonly boards = new Map<string, { readonly pending: number, readonly lagMs: number }>()

  count (outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }

  flag (board: string, users: number): void {
    this.flagged.set(board, (this.flagged.get(board) ?? 0) + users)
  }

  forget (board: string): void {
    this.boards.delete(board)
    this.flagged.delete(board)
  }
}
