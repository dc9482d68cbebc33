// The options of a client.
import type { LiveWindow } from '../../../src/live/messages.ts'
import type { TransportKind } from './transports.ts'

/**
 * A user's token, or a function that is called for one before each connection and so can give a new one when the last
 * has expired.
 */
export type ScoreboardToken = string | (() => string | undefined | Promise<string | undefined>)

export interface ScoreboardClientOptions {
  /**
   * Base address of the service, such as `https://scores.example`. The default is the origin of this module, or of the
   * page when the module is bundled.
   */
  src?: string | URL | null | undefined
  /** The default is the first board of the service. */
  board?: string | null | undefined
  /** The default is the first window of the board. */
  window?: LiveWindow | null | undefined
  /** One segment of the board, such as `region:eu`. */
  segment?: string | null | undefined
  token?: ScoreboardToken | null | undefined
  /** Emits `you` and `overtaken`; requires a token. */
  me?: boolean | undefined
  /** Emits `scores`: every user's new score. */
  feed?: 'scores' | null | undefined
  /** `auto`, the default, uses server-sent events while no WebSocket gets through. */
  transport?: 'auto' | TransportKind | undefined
}
