// Which of the planned writes each screen has shown, and how long that took.
import type { Writes } from '../processes/plan.ts'

/** Writes that are planned at equal distances; by `clockMs`. */
interface WriteSchedule {
  readonly startMs: number
  readonly everyMs: number
  readonly count: number
}

/** Counts every write on every screen where it is first shown. */
export class MarkedWrites implements Writes {
  readonly #schedule: WriteSchedule
  readonly #onShown: (plannedMs: number, nowMs: number) => void
  /** Of each write: on how many screens it was shown. */
  readonly shownOn: number[]
  /** Of each write: after how many ms it was shown on the last of them. */
  readonly lastMs: number[]

  constructor (schedule: WriteSchedule, onShown: (plannedMs: number, nowMs: number) => void) {
    this.#schedule = schedule
    this.#onShown = onShown
    this.shownOn = Array<number>(schedule.count).fill(0)
    this.lastMs = Array<number>(schedule.count).fill(0)
  }

  /** When a write is due, numbered from 0. */
  plannedMs (write: number): number {
    return this.#schedule.startMs + write * this.#schedule.everyMs
  }

  /**
   * A screen that has shown the first `shown` writes shows a board that contains `contained` of them.
   * Returns how many it has shown now.
   */
  show (shown: number, contained: number, nowMs: number): number {
    const end = Math.min(contained, this.shownOn.length)
    for (let write = shown; write < end; write++) {
      const plannedMs = this.plannedMs(write)
      this.shownOn[write]!++
      this.lastMs[write] = Math.max(this.lastMs[write]!, nowMs - plannedMs)
      this.#onShown(plannedMs, nowMs)
    }
    return Math.max(shown, end)
  }
}
