// The orders of a process of the load generator and its reports: data alone, since they go over IPC.

/** What a process is to do. */
export interface Plan {
  readonly scenario: string
  readonly target: string
  readonly board: string
  /** Of requests that write, where it is not the one of the service. */
  readonly path?: string
  /** Of all processes together, by schedule; undefined: each connection sends when it has its answer. */
  readonly rate: number | undefined
  /** Of this process. */
  readonly connections: number
  readonly timeoutMs: number
  readonly callers: readonly Caller[]
  /** The users whose scores are raised and read. */
  readonly users: readonly string[]
  /** Items of a batch. */
  readonly batch: number
  readonly transport: 'websocket' | 'sse'
  /** Which of how many processes this is, from 0: it sends every `shares`-th request of the schedule. */
  readonly share: number
  readonly shares: number
  /** Names the actions of this run, so that they are new to the service. */
  readonly run: string
  /** Whether scores are compared after the run: then it finds out of every action whether it counted. */
  readonly isChecked: boolean
  /** The score that the first user of the list has at the start. */
  readonly baseScore: number
}

/** A token and the user whose score it may raise: any user where none is named. */
export interface Caller {
  readonly token: string
  readonly user: string | undefined
}

/** By `clockMs`: sending begins, what is planned from `fromMs` on is measured, sending ends. */
export interface Times {
  readonly startMs: number
  readonly fromMs: number
  readonly endMs: number
}

/** Slices of a run with latencies of their own, for the spread within the run. */
export const SLICES = 5

/** What a process has measured. Numbers of several processes add up. */
export interface Measured {
  /** Encoded, one of each slice of the run. */
  readonly latencies: readonly string[]
  readonly perSecond: readonly number[]
  readonly done: number
  readonly errors: Readonly<Record<string, { readonly count: number, readonly example: string }>>
  /** What a scenario counts beside that. */
  readonly counts: Readonly<Record<string, number>>
  /** Of each marked write: on how many screens it was shown, and after how many ms on the last of this process. */
  readonly writes: Writes | undefined
  /** The longest that a request was sent late though a connection was free, in ms: a wait in the generator. */
  readonly lateMs: number
  /** Requests that had to wait for a free connection. */
  readonly waited: number
  /** From the begin of the measurement to the last answer, in ms. */
  readonly tookMs: number
  /** Share of a core that the process has used. */
  readonly cpu: number
}

export interface Writes {
  readonly shownOn: readonly number[]
  readonly lastMs: readonly number[]
}

/** How far a process is. */
export interface Progress {
  readonly done: number
  readonly failed: number
  readonly firstError: string | undefined
  readonly cpu: number
}

/** The orders that a process carries out. */
export interface LoadOrders {
  /** Opens what the plan needs; resolves when `run` can begin. */
  prepare(plan: Plan): Promise<void>
  /** Carries out the plan, and sends progress twice a second. */
  run(times: Times): Promise<Measured>
  /** Ends `run` early: it answers with what it has measured so far. */
  stop(): void
}
