// Time as an argument: what the rules and the live side know of the clock.

/** The clock of a process. Each timer returns its stop. */
export interface Clock {
  /** Ms since a moment that does not matter. They never go back. */
  readonly now: () => number
  /** Calls back once, after `ms`. */
  readonly setTimeout: (callback: () => void, ms: number) => () => void
  /** Calls back every `ms`. It does not keep the process alive. */
  readonly setInterval: (callback: () => void, ms: number) => () => void
  /** Calls back once, at the end of the running turn of the event loop. */
  readonly setImmediate: (callback: () => void) => void
}
