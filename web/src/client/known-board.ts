// The newest board that the client has received, and since when it is known to be the present one.
import type { LiveState, TopMessage } from '../../../src/live/messages.ts'
import { stopwatch } from './stopwatch.ts'

/** The board as the client knows it, which never goes back to an older version. */
export class KnownBoard {
  #board: TopMessage | undefined
  #epoch: string | undefined
  /** The highest version of the epoch that was received; heartbeats may have a higher one than the board. */
  #version = -Infinity
  #sinceConfirmedMs: (() => number) | undefined

  /** The newest board. */
  get board (): TopMessage | undefined {
    return this.#board
  }

  /** The time in ms since the board was last known to be the present one. */
  get ageMs (): number | undefined {
    return this.#sinceConfirmedMs?.()
  }

  /**
   * Accepts a board that is newer and returns whether it is. Within an epoch it has a higher version; another epoch is
   * another history, and always newer.
   */
  accept (board: TopMessage): boolean {
    const isSameEpoch = board.epoch === this.#epoch
    const isNewer = !isSameEpoch || board.version > this.#version
    if (!isSameEpoch) this.#version = -Infinity
    this.#epoch = board.epoch
    if (isNewer) this.#board = board
    this.confirm(board)
    return isNewer
  }

  /** Notes that the board is the present one as of a version, and returns whether that version is not an older one. */
  confirm ({ epoch, version }: LiveState): boolean {
    if (this.#board === undefined || epoch !== this.#epoch || version < this.#version) return false
    this.#version = version
    this.#sinceConfirmedMs = stopwatch()
    return true
  }
}
