// The pass over every client of a topic, in slices that leave time to other work.
import type { Clock } from '../leaderboard/clock.ts'

/** Something that knows its place in a dense array. */
export interface Placed {
  place: number
}

/** A slice ends after so many visits or so much time, whichever comes first: other work waits no longer than that. */
const SLICE_VISITS = 256
const SLICE_MS = 5

/**
 * Visits every client in slices. What is newest is looked up at the visit, so a pass that something newer overtakes
 * just goes on, until every client was visited since.
 */
export class FanOut<Client extends Placed> {
  readonly #visit: (client: Client, now: number) => void
  readonly #clock: Clock
  readonly #clients: Client[] = []
  #next = 0
  #left = 0
  #running = false
  #begun = 0
  #lastPassMs = 0

  constructor (visit: (client: Client, now: number) => void, clock: Clock) {
    this.#visit = visit
    this.#clock = clock
  }

  get size (): number {
    return this.#clients.length
  }

  get clients (): readonly Client[] {
    return this.#clients
  }

  /** How long the last pass took from its first visit to its last. */
  get lastPassMs (): number {
    return this.#lastPassMs
  }

  add (client: Client): void {
    client.place = this.#clients.length
    this.#clients.push(client)
    if (this.#running) this.#left++
  }

  remove (client: Client): void {
    const lastIsLeft = this.#isLeft(this.#clients.length - 1)
    const placeIsLeft = this.#isLeft(client.place)
    const last = this.#clients.pop()!
    if (lastIsLeft) this.#left--
    if (last === client) return
    last.place = client.place
    this.#clients[client.place] = last
    // It has moved from before the pass to behind it.
    if (lastIsLeft && !placeIsLeft) this.#visit(last, this.#clock.now())
  }

  /** Visits every client, from now on. */
  start (): void {
    this.#left = this.#clients.length
    if (this.#running) return
    this.#running = true
    this.#begun = this.#clock.now()
    // No client is always the first, and none always the last.
    this.#next += SLICE_VISITS
    if (this.#next >= this.#clients.length) this.#next = 0
    this.#slice()
  }

  /** Whether the running pass has still to come to a place. */
  #isLeft (place: number): boolean {
    const { length } = this.#clients
    return this.#running && (place - this.#next + length) % length < this.#left
  }

  #slice (): void {
    const clock = this.#clock
    const clients = this.#clients
    const begun = clock.now()
    let now = begun
    for (let visits = 0; this.#left > 0 && visits < SLICE_VISITS && now - begun < SLICE_MS; visits++) {
      if (this.#next >= clients.length) this.#next = 0
      this.#left--
      this.#visit(clients[this.#next++]!, now)
      now = clock.now()
    }
    if (this.#left > 0) {
      clock.setImmediate(() => this.#slice())
    } else {
      this.#running = false
      this.#lastPassMs = now - this.#begun
    }
  }
}
