// What a run of the load generator is to do.

/** The settings of one run; `scorewire bench` checks their bounds. */
export interface LoadSettings {
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
  /** The kind of tokens that are minted: one of a service, or one of each user. */
  readonly as: 'service' | 'user'
}

/** A run cannot begin; the message says in one line what is in the way, and what to do about it. */
export class CannotRun extends Error {}
