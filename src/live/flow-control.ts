/** A ping rides with a message at most this often. Each costs a delivery's worth of CPU for its answer. */
const PING_EVERY_MS = 1500
const ANSWER_TIMEOUT_MS = 1000
/** However far away a client is, what it has not read is never older than this and a ping's interval: 3 s. */
const MAX_ANSWER_TIMEOUT_MS = 1500
const PROBATION_MS = 30_000

/**
 * Whether a client may be sent more. Messages carry a ping now and then. A ping without an answer in time shows that
 * the client does not read, long before its socket is full. Then nothing is sent until the answer comes, which says
 * that the client has read all before it. After a stall every message carries a ping for a while, and the next one
 * waits for its answer.
 */
export class FlowControl {
  #awaited: string | undefined
  #pingedAt = -Infinity
  #roundTripMs = 0
  #probationUntil = -Infinity

  /** Spreads the first pings of many clients, and so all of them; `phase` is between 0 and 1. */
  start (phase: number, now: number): void {
    this.#pingedAt = now - phase * PING_EVERY_MS
  }

  /** Whether a message may be sent. */
  isOpen (now: number): boolean {
    if (this.#awaited === undefined) return true
    return now >= this.#probationUntil && !this.isLate(now)
  }

  /** Whether there should have been an answer by now: the client does not read. */
  isLate (now: number): boolean {
    return this.#awaited !== undefined &&
      now - this.#pingedAt > Math.min(MAX_ANSWER_TIMEOUT_MS, Math.max(ANSWER_TIMEOUT_MS, 4 * this.#roundTripMs))
  }

  /** Whether the next message should carry a ping. */
  wantsPing (now: number): boolean {
    return this.#awaited === undefined && (now < this.#probationUntil || now - this.#pingedAt >= PING_EVERY_MS)
  }

  pinged (ping: string, now: number): void {
    this.#awaited = ping
    this.#pingedAt = now
  }

  get isAwaiting (): boolean {
    return this.#awaited !== undefined
  }

  /** Takes a pong; false for one that answers nothing. */
  receivePong (pong: string, now: number): boolean {
    if (pong !== this.#awaited) return false
    if (this.isLate(now)) this.#probationUntil = now + PROBATION_MS
    else this.#roundTripMs = now - this.#pingedAt
    this.#awaited = undefined
    return true
  }
}
