/** What is asked of the load generator, and within bounds. */
export interface Asked {
  readonly target: string
  readonly board: string
  readonly scenario: string
  readonly rate: number | undefined
  readonly connections: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly processes: number
  readonly users: number
  readonly batch: number
  readonly timeoutMs: number
  readonly transport: 'websocket' | 'sse'
  /** Whose tokens are minted: one service's, or those of all users. */
  readonly as: 'service' | 'user'
}

/** What is in the way of a run from the start, and what to do about it, in one line. */
export class CannotRun extends Error {}
