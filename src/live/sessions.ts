// All live clients of this node, and their drain.
import type { Clock } from '../leaderboard/clock.ts'
import { CLOSE } from './close-code.ts'
import { Frame } from './frame.ts'
import { countEnd, type LiveStats } from './live-stats.ts'
import type { Session } from './session.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Closes are spread in steps of this. */
const STEP_MS = 20

/** Every live client of this node, with its deadlines, and the drain that sends them to other nodes. */
export class Sessions {
  readonly #random: () => number
  readonly #clock: Clock
  readonly #stats: LiveStats
  readonly #sessions = new Set<Session>()
  readonly #wheel: TimerWheel<Session>

  /** `random` gives numbers between 0 and 1. */
  constructor ({ random, clock, stats }: { random: () => number, clock: Clock, stats: LiveStats }) {
    this.#random = random
    this.#clock = clock
    this.#stats = stats
    this.#wheel = new TimerWheel<Session>((session, now) => {
      const next = session.tick(now)
      if (!session.isEnded) this.#wheel.add(session, next)
    }, clock)
  }

  get size (): number {
    return this.#sessions.size
  }

  /** Takes a session in. Returns the stop, to be called with how its connection has ended. */
  add (session: Session): (how: string) => void {
    this.#sessions.add(session)
    this.#wheel.add(session, session.start(this.#random()))
    return (how) => {
      this.#sessions.delete(session)
      this.#wheel.remove(session)
      session.drop(how)
      countEnd(this.#stats, session.endedFor ?? how)
    }
  }

  /**
   * Sends every client to another node within `withinMs`. In the first half clients that understand the message open
   * another connection before they leave this one, each at a random time. In the second half those that are still here
   * are closed one after the other, spread evenly.
   */
  async drain (withinMs: number): Promise<void> {
    const notice = new Frame({ event: 'reconnect', within_ms: Math.floor(withinMs / 2) })
    for (const session of this.#sessions) session.notify(notice)
    await new Promise<void>((resolve) => {
      this.#clock.setTimeout(resolve, withinMs / 2)
    })
    await this.#closeAll(withinMs / 2)
  }

  async #closeAll (withinMs: number): Promise<void> {
    const open = [...this.#sessions]
    const clock = this.#clock
    const begun = clock.now()
    const all = open.length
    await new Promise<void>((resolve) => {
      const step = () => {
        const share = withinMs === 0 ? 1 : Math.min(1, (clock.now() - begun) / withinMs)
        const staying = Math.floor(all * (1 - share))
        while (open.length > staying) open.pop()!.close(CLOSE.restart, 'this node restarts')
        // The whole time is taken: requests go on until the balancer has noticed.
        if (share < 1) clock.setTimeout(step, Math.min(STEP_MS, withinMs))
        else resolve()
      }
      step()
    })
  }

  stop (): void {
    this.#wheel.stop()
  }
}
