/**
 * The live messages, which a node sends over a WebSocket or as server-sent events and `ScoreboardClient` reads.
 * Types that import nothing, because the declarations of the published client contain them.
 */

/** All time, or the running day, week, month or season. */
export type LiveWindow = 'all' | 'day' | 'week' | 'month' | 'season'

/** The ranking that a message is about. */
export interface Heading {
  readonly board: string
  readonly window: LiveWindow
  /** Present for one segment of the board, such as `region:eu`. */
  readonly segment?: string
}

/** A state of a ranking. Within an epoch versions only rise; another epoch is another history. */
export interface LiveState extends Heading {
  readonly epoch: string
  readonly version: number
}

/** One row of a board. */
export interface LiveEntry {
  /** From 1; equal scores share one (1, 2, 2, 4). */
  readonly rank: number
  readonly user_id: string
  readonly username: string
  readonly score: number
}

/** The top of a ranking: `snapshot` is the first message to a client, `update` each one after it. */
export interface TopMessage extends LiveState {
  readonly event: 'snapshot' | 'update'
  /** When the service read it, RFC 3339. */
  readonly ts: string
  /** When the running window ends, RFC 3339; absent for a window that does not end. */
  readonly resets_at?: string
  /** Best first, at most ten. */
  readonly top_scores: readonly LiveEntry[]
}

/** The state that the client has is still the newest. */
interface HeartbeatMessage extends LiveState {
  readonly event: 'heartbeat'
}

/** The connection is alive, and the node has no state of the ranking yet. */
interface AliveMessage {
  readonly event: 'heartbeat'
}

/** The store is away, so the state may be old. */
interface StaleMessage extends LiveState {
  readonly event: 'stale'
}

/** This node is about to end: open another connection at a random time within `within_ms`, then close this one. */
interface ReconnectMessage {
  readonly event: 'reconnect'
  readonly within_ms: number
}

/** The score and rank of the token's user; `rank` is null while the user has no score. */
export interface StandingMessage extends Heading {
  readonly event: 'you'
  readonly user_id: string
  readonly score: number
  readonly rank: number | null
}

/** Another user has passed the token's user within the top 100. */
export interface OvertakenMessage extends Heading {
  readonly event: 'overtaken'
  /** The id of the other user. */
  readonly by: string
  /** The rank that the token's user has now. */
  readonly rank: number
}

/** One user's new score, or null when the user has no score any more. */
interface LiveScore {
  readonly user_id: string
  readonly score: number | null
}

/** New scores of any users. `missed` says that earlier ones were left out: read again what you need. */
export interface ScoresMessage extends Heading {
  readonly event: 'scores'
  readonly changes: readonly LiveScore[]
  readonly missed?: true
}

/** A `subscribe` or `unsubscribe` was refused; the connection stays open. */
interface ErrorMessage {
  readonly event: 'error'
  readonly code: string
  readonly detail: string
  readonly board?: string
  readonly window?: LiveWindow
}

/** Every message that a node sends. */
export type LiveMessage =
  | TopMessage
  | HeartbeatMessage
  | AliveMessage
  | StaleMessage
  | ReconnectMessage
  | StandingMessage
  | OvertakenMessage
  | ScoresMessage
  | ErrorMessage
