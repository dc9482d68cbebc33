// The events of a client.
import type { OvertakenMessage, ScoresMessage, StandingMessage, TopMessage } from '../../../src/live/messages.ts'

/**
 * `connecting` until the first board, and while a token is renewed or a node that is about to end is replaced; `live`;
 * `stale` while the service's own store is away; `offline` while the client tries to reconnect; `ended` after
 * `close()`, or when reconnecting would not help.
 */
export type ScoreboardState = 'connecting' | 'live' | 'stale' | 'offline' | 'ended'

export interface StateChange {
  readonly state: ScoreboardState
  /** How the connection ended, if one did: its WebSocket close code, or the HTTP status of a refusal. */
  readonly code?: number | undefined
  readonly reason?: string | undefined
}

export interface ScoreboardEventMap {
  /** A newer board. */
  board: CustomEvent<TopMessage>
  state: CustomEvent<StateChange>
  you: CustomEvent<StandingMessage>
  overtaken: CustomEvent<OvertakenMessage>
  scores: CustomEvent<ScoresMessage>
}
