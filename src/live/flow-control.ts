/** A ping rides with a message at most this often. Each costs a delivery's worth of CPU for its answer. */
const PING_EVERY_MS = 1500
const PATIENCE_MS = 1000
/** However far away a client is, what it has not read is never older than this and a ping's interval: 3 s. */
const LONGEST_PATIENCE_MS = 1500
const PROBATION_MS = 30_000

/**
 * How much a client may be sent: messages carry a ping now and then, and one that is not answered in time tells that the client
 * does not read, long before its socket is full. Then nothing is sent until the answer, which says that all before it was read.
 * A client that has stalled is asked with every message for a while, and gets the next one after the answer.
 */
export class Credit {
  #awaiting: string | undefined
  #askedAt = -Infinity
  #roundTripMs = 0
  #probationUntil = -Infinity

  /** Spreads the first pings of many clients, and so all of them; `phase` is between 0 and 1. */
  begin (phase: number, now: number): void {
    this.#askedAt = now - phase * PING_EVERY_MS
  }

  /** Whether a message may be sent. */
  isOpen (now: number): boolean {
    if (this.#awaiting === undefined) return true
    return now >= this.#probationUntil && !this.isLate(now)
  }

  /** Whether there should have been an answer by now: the client does not read. */
  isLate (now: number): boolean {
    return this.#awaiting !== undefined &&
      now - this.#askedAt > Math.min(LONGEST_PATIENCE_MS, Math.max(PATIENCE_MS, 4 * this.#roundTripMs))
  }

  /** Whether the next message should carry a ping. */
  wantsPing (now: number): boolean {
    return this.#awaiting === undefined && (now < this.#probationUntil || now - this.#askedAt >= PING_EVERY_MS)
  }

  asked (ping: string, now: number): void {
    this.#awaiting = ping
    this.#askedAt = now
  }

  get isAsked (): boolean {
    return this.#awaiting !== undefined
  }

  /** Takes a pong; false for one that answers nothing. */
  answered (pong: string, now: number): boolean {
    if (pong !== this.#awaiting) return false
    if (this.isLate(now)) this.#probationUntil = now + PROBATION_MS
    else this.#roundTripMs = now - this.#askedAt
    this.#awaiting = undefined
    return true
  }
}
