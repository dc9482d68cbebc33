/** What a process of the load generator is to do; it comes over IPC, so it is data alone. */
export interface Plan {
  readonly scenario: string
  readonly target: string
  readonly board: string
  /** Of all processes together, by schedule; undefined: each connection sends when it has its answer. */
  readonly rate: number | undefined
  /** Of this process. */
  readonly connections: number
  readonly seconds: number
  readonly timeoutMs: number
  readonly callers: readonly Caller[]
  /** Whose scores are raised, and read. */
  readonly users: readonly string[]
  /** Items of a batch. */
  readonly batch: number
  readonly transport: 'websocket' | 'sse'
  /** Which of how many processes this is: it sends each so-manieth request of the schedule. */
  readonly part: number
  readonly parts: number
  /** Names the actions of this run, so that none was ever seen before. */
  readonly run: string
  /** The score that the first user of the list has at the start. */
  readonly baseScore: number
}

/** A token, and whose score it may raise: anybody's where no user is named. */
export interface Caller { readonly token: string, readonly user: string | undefined }

/** By `clockMs`: sending begins, what is planned from `fromMs` on is measured, sending ends. */
export interface Times { readonly startMs: number, readonly fromMs: number, readonly endMs: number }

/** Parts of a run that are told apart, for the spread within it. */
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
  readonly writes: { readonly shownOn: readonly number[], readonly lastMs: readonly number[] } | undefined
  /** The longest that a request was sent late though a connection was free, in ms: the generator's own doing. */
  readonly lateMs: number
  /** Requests that had to wait for a free connection. */
  readonly waited: number
  /** Share of a core that the process has used. */
  readonly cpu: number
}

export type Order = { readonly type: 'prepare', readonly plan: Plan } | { readonly type: 'go', readonly times: Times } | { readonly type: 'stop' }
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'progress', readonly done: number, readonly failed: number, readonly firstError: string | undefined, readonly cpu: number }
  | { readonly type: 'measured', readonly measured: Measured }
  | { readonly type: 'failed', readonly message: string }
