// Which transport to use: a WebSocket where one gets through, else server-sent events.
import type { TransportKind } from './transports.ts'

/** How many connections in a row may be lost before their first message until the other transport is tried. */
const MAX_MISSES = { websocket: 5, untriedWebSocket: 2, sse: 1 }
const TRIAL_MS = 60_000
const MAX_TRIAL_MS = 15 * 60_000

/** Chooses the transport from what has worked before. */
export class TransportChoice {
  /** Whether it may choose, instead of keeping to the transport that was asked for. */
  readonly isAuto: boolean
  #kind: TransportKind
  #webSocketWorked = false
  #misses = 0
  #trials = 0

  constructor (transport: 'auto' | TransportKind) {
    this.isAuto = transport === 'auto'
    this.#kind = transport === 'sse' ? 'sse' : 'websocket'
  }

  /** The transport of the next connection. */
  get kind (): TransportKind {
    return this.#kind
  }

  /** Whether this many failures are no more than it takes to try both transports. */
  isTryingBoth (failures: number): boolean {
    return this.isAuto && failures <= MAX_MISSES.untriedWebSocket
  }

  /** Notes that a connection has received its first message. */
  noteSuccess (kind: TransportKind): void {
    this.#kind = kind
    this.#misses = 0
    if (kind !== 'websocket') return
    this.#webSocketWorked = true
    this.#trials = 0
  }

  /** Notes that a connection was lost before its first message. */
  noteMiss (kind: TransportKind): void {
    if (!this.isAuto || kind !== this.#kind) return
    const maxWebSocketMisses = this.#webSocketWorked ? MAX_MISSES.websocket : MAX_MISSES.untriedWebSocket
    if (++this.#misses < (kind === 'sse' ? MAX_MISSES.sse : maxWebSocketMisses)) return
    this.#misses = 0
    this.#kind = kind === 'sse' ? 'websocket' : 'sse'
  }

  /** A random delay in ms until a WebSocket is tried again beside server-sent events, longer each time. */
  nextTrialMs (): number {
    return Math.min(MAX_TRIAL_MS, TRIAL_MS * 2 ** this.#trials++) * (0.5 + Math.random() / 2)
  }
}
