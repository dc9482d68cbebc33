export type ScoreboardWindow = 'all' | 'day' | 'week' | 'month' | 'season'

/**
 * `connecting` until the first board, and while a token is renewed or a leaving node replaced; `live`; `stale` while the service's own store is away; `offline`
 * while the client tries to come back; `ended` when it will not, after `close()` or because coming back would not help.
 */
export type ScoreboardState = 'connecting' | 'live' | 'stale' | 'offline' | 'ended'

export interface ScoreboardEntry {
  /** From 1; equal scores share one (1, 2, 2, 4). */
  readonly rank: number
  readonly user_id: string
  readonly username: string
  readonly score: number
}

/** A whole board. Within an epoch versions rise; another epoch is another history. */
export interface Scoreboard {
  readonly event: 'snapshot' | 'update'
  readonly board: string
  readonly window: ScoreboardWindow
  /** Where one segment of the board is followed, such as `region:eu`. */
  readonly segment?: string
  readonly epoch: string
  readonly version: number
  /** When the service read it, RFC 3339. */
  readonly ts: string
  /** When the running window ends, RFC 3339; absent for one that does not. */
  readonly resets_at?: string
  /** Best first, at most ten. */
  readonly top_scores: readonly ScoreboardEntry[]
}

/** The own standing; `rank` is null while there is no score. */
export interface OwnStanding {
  readonly event: 'you'
  readonly board: string
  readonly window: ScoreboardWindow
  /** Where one segment of the board is followed, such as `region:eu`. */
  readonly segment?: string
  readonly user_id: string
  readonly score: number
  readonly rank: number | null
}

/** Somebody has passed the user within the top. */
export interface Overtaken {
  readonly event: 'overtaken'
  readonly board: string
  readonly window: ScoreboardWindow
  /** Where one segment of the board is followed, such as `region:eu`. */
  readonly segment?: string
  readonly by: string
  readonly rank: number
}

/** New scores of any users, null for one who has none any more. `missed` says that some before these were not told: read what you need anew. */
export interface ScoreChanges {
  readonly event: 'scores'
  readonly board: string
  readonly window: ScoreboardWindow
  /** Where one segment of the board is followed, such as `region:eu`. */
  readonly segment?: string
  readonly changes: ReadonlyArray<{ readonly user_id: string, readonly score: number | null }>
  readonly missed?: true
}

export interface StateChange {
  readonly state: ScoreboardState
  /** What led there, if a connection ended: its WebSocket close code, or the HTTP status of a refusal. */
  readonly code?: number | undefined
  readonly reason?: string | undefined
}

export interface ScoreboardEventMap {
  board: CustomEvent<Scoreboard>
  state: CustomEvent<StateChange>
  you: CustomEvent<OwnStanding>
  overtaken: CustomEvent<Overtaken>
  scores: CustomEvent<ScoreChanges>
}

export type ScoreboardToken = string | (() => string | undefined | Promise<string | undefined>)

export interface ScoreboardClientOptions {
  /** Base address of the service, such as `https://scores.example`. By default where the module itself came from; bundled, the page. */
  src?: string | URL | null | undefined
  /** By default the service's first board. */
  board?: string | null | undefined
  /** By default the board's first window. */
  window?: ScoreboardWindow | null | undefined
  /** One segment of the board, such as `region:eu`. */
  segment?: string | null | undefined
  /** A user's token, or a function that is asked for one before each connection, and so can give a new one when the last has expired. */
  token?: ScoreboardToken | null | undefined
  /** Tells `you` and `overtaken`; needs a token. */
  me?: boolean | undefined
  /** Tells `scores`: every user's new score. */
  feed?: 'scores' | null | undefined
  /** `auto`, the default, takes server-sent events while WebSockets do not get through. */
  transport?: 'auto' | 'websocket' | 'sse' | undefined
}

/** Follows a scoreboard until `close()`. It connects at once, and its first event comes later than the code that made it. */
export declare class ScoreboardClient extends EventTarget {
  /** @throws TypeError when `src` is no http or https address */
  constructor (options?: ScoreboardClientOptions)
  readonly state: ScoreboardState
  /** The last board, also while it is not live. */
  readonly board: Scoreboard | undefined
  /** For how long it has not been confirmed that the last board is the present one. */
  readonly ageMs: number | undefined
  /** What it is connected by. */
  readonly transport: 'websocket' | 'sse' | undefined
  /** Ends it: no event comes any more, and no timer or connection is left. */
  close (): void
  addEventListener<K extends keyof ScoreboardEventMap> (
    type: K, listener: (this: ScoreboardClient, event: ScoreboardEventMap[K]) => void, options?: boolean | AddEventListenerOptions
  ): void
  addEventListener (type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void
  removeEventListener<K extends keyof ScoreboardEventMap> (
    type: K, listener: (this: ScoreboardClient, event: ScoreboardEventMap[K]) => void, options?: boolean | EventListenerOptions
  ): void
  removeEventListener (type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void
}
