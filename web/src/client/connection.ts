// One connection to a node, over either transport.
import type { LiveMessage } from '../../../src/live/messages.ts'
import { INVALID_TOKEN, LOST, type ConnectionEnd } from './connection-end.ts'
import { stopwatch } from './stopwatch.ts'
import { TRANSPORTS, type Target, type TransportKind } from './transports.ts'

const OPEN_WITHIN_MS = 10_000
/** A node sends a heartbeat every 25 s at the latest, so one that has not come by now is overdue. */
const HEARTBEAT_OVERDUE_MS = 30_000
/** After two missing heartbeats the node is gone, although the connection was never closed. */
const MAX_SILENCE_MS = 60_000

export interface ConnectionListener {
  onMessage(connection: Connection, message: LiveMessage): void
  /** Called once, unless the connection is closed before. */
  onEnd(connection: Connection, end: ConnectionEnd): void
}

/** One connection. After its end, and after `close`, it reports nothing more. */
export class Connection {
  readonly kind: TransportKind
  readonly ageMs = stopwatch()
  /** Whether a message has come. */
  hasReceived = false
  /** Whether the node has announced that it is about to end. */
  isDraining = false
  /** Whether it may be dead, so that another connection is opened beside it. */
  isSuspect = false
  readonly #listener: ConnectionListener
  #isOpen = false
  #isClosed = false
  #silenceMs = stopwatch()
  #closeTransport = (): void => {}

  constructor (kind: TransportKind, listener: ConnectionListener) {
    this.kind = kind
    this.#listener = listener
  }

  /** Whether a heartbeat is overdue. */
  get isQuiet (): boolean {
    return this.#silenceMs() >= HEARTBEAT_OVERDUE_MS
  }

  /** Whether the other end has been silent for too long to be alive. */
  get isDead (): boolean {
    if (!this.#isOpen && this.ageMs() > OPEN_WITHIN_MS) return true
    return this.#silenceMs() > (this.hasReceived ? MAX_SILENCE_MS : HEARTBEAT_OVERDUE_MS)
  }

  open (target: Target): void {
    if (this.#isClosed) return
    try {
      this.#closeTransport = TRANSPORTS[this.kind](target, {
        onOpen: () => {
          this.#isOpen = true
        },
        onText: (text) => this.#receive(text),
        onEnd: (end) => this.end(end)
      })
    } catch (error) {
      const { name, message } = error as Error
      // A token with characters that no header may contain is invalid. Anything else is the browser's refusal, such as
      // of an insecure address.
      this.end({ code: name === 'SyntaxError' ? INVALID_TOKEN : LOST, reason: message })
    }
  }

  #receive (text: string): void {
    if (this.#isClosed) return
    this.hasReceived = true
    this.#silenceMs = stopwatch()
    this.#listener.onMessage(this, JSON.parse(text))
  }

  /** Closes the connection and reports how it ended. */
  end (end: ConnectionEnd): void {
    if (this.#isClosed) return
    this.close()
    this.#listener.onEnd(this, end)
  }

  /** Closes the connection without a report. */
  close (): void {
    this.#isClosed = true
    this.#closeTransport()
  }
}
