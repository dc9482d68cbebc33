// Announces a new leader to screen readers.
import type { LiveEntry } from '../../../src/live/messages.ts'
import { make } from './dom.ts'

const INTERVAL_MS = 5000

/** Announces the leader when that is another user, and at most every five seconds. */
export class LeaderAnnouncer {
  readonly element = make('p', 'for-screen-readers')
  readonly #textOf: (leader: LiveEntry) => string
  #leader: LiveEntry | undefined
  #announcedId: string | undefined
  #announcedAt = -Infinity
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (textOf: (leader: LiveEntry) => string) {
    this.#textOf = textOf
    this.element.setAttribute('aria-live', 'polite')
  }

  /** Notes the present leader; undefined while the board is empty. */
  update (leader: LiveEntry | undefined): void {
    this.#leader = leader
    if (leader === undefined || leader.user_id === this.#announcedId) return
    this.#announcedId = leader.user_id
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#announce(), Math.max(0, this.#announcedAt + INTERVAL_MS - performance.now()))
  }

  /** Forgets the leader. */
  reset (): void {
    clearTimeout(this.#timer)
    this.#leader = this.#announcedId = undefined
  }

  /** Announces the leader of this moment, who may be another one than when the timer started. */
  #announce (): void {
    if (this.#leader === undefined) return
    this.#announcedAt = performance.now()
    this.element.textContent = this.#textOf(this.#leader)
  }
}
