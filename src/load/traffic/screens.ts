// Screens that watch a board while its first user gains a point at planned times.
import { setTimeout as delay } from 'node:timers/promises'
import { clockMs } from '../clock.ts'
import type { Plan, Times } from '../processes/plan.ts'
import type { Share } from '../scenario.ts'
import { NoAnswer, requestText } from './http-connection.ts'
import { HttpLanes } from './http-lanes.ts'
import { kindOf } from './http-share.ts'
import { boardPath } from './increments.ts'
import { openLoop } from './loops.ts'
import { MarkedWrites } from './marked-writes.ts'
import type { Recorder } from './recorder.ts'
import { openAll, watch, type Watcher } from './watcher.ts'

/** Connections of the writer, so that a slow answer delays no later write. */
const WRITERS = 4
/** A write that a screen does not show by then is missing on it. */
const LAST_SHOWN_MS = 10_000
const POLL_MS = 20
const TICK_MS = 100

/** Opens the screens of a plan. Latencies run from the planned time of a write to each screen that shows it. */
export async function screensShare (plan: Plan, recorder: Recorder): Promise<Share> {
  const screens = new ScreensShare(plan, recorder)
  await screens.open()
  return screens
}

class ScreensShare implements Share {
  readonly #plan: Plan
  readonly #recorder: Recorder
  readonly #marker: string
  readonly #writer: LeaderWriter
  #watchers: readonly Watcher[] = []
  #times: Times | undefined
  #writes = new MarkedWrites({ startMs: 0, everyMs: 0, count: 0 }, () => {})
  #overMs = 0
  #bytes = 0
  #lost = 0
  #refused = 0

  constructor (plan: Plan, recorder: Recorder) {
    this.#plan = plan
    this.#recorder = recorder
    this.#marker = `"user_id":${JSON.stringify(plan.users[0]!)},`
    this.#writer = new LeaderWriter(plan)
  }

  async open (): Promise<void> {
    this.#watchers = await openAll(this.#plan.connections, () => {
      let shown = 0
      return watch({
        plan: this.#plan,
        onTop: (message) => {
          shown = this.#receive(message, shown)
        },
        onLost: () => {
          this.#lost++
        }
      })
    })
  }

  async run (times: Times, isStopped: () => boolean): Promise<void> {
    const everyMs = 1000 / this.#plan.rate!
    const count = Math.ceil((times.endMs - times.startMs) / everyMs)
    const onShown = (plannedMs: number, nowMs: number) => this.#recorder.latency(plannedMs, nowMs)
    this.#writes = new MarkedWrites({ startMs: times.startMs, everyMs, count }, onShown)
    this.#times = times
    if (this.#plan.share === 0) await this.#write(times, everyMs, isStopped)
    else await waitUntil(times.endMs, isStopped)
    this.#overMs = isStopped() ? clockMs() : times.endMs
    const isShown = () => this.#writes.shownOn.every((screens) => screens === this.#plan.connections)
    for (const endMs = clockMs() + LAST_SHOWN_MS; clockMs() < endMs && !isShown() && !isStopped();) await delay(POLL_MS)
  }

  async finish () {
    const { shownOn, lastMs } = this.#writes
    const isMeasured = (_: number, write: number) => {
      const plannedMs = this.#writes.plannedMs(write)
      return plannedMs >= this.#times!.fromMs && plannedMs < this.#overMs
    }
    return {
      counts: { bytes: this.#bytes, lost: this.#lost, refused: this.#refused, screens: this.#plan.connections },
      writes: { shownOn: shownOn.filter(isMeasured), lastMs: lastMs.filter(isMeasured) }
    }
  }

  close (): void {
    this.#writer.close()
    for (const watcher of this.#watchers) watcher.close()
  }

  /** One process writes for all of them. */
  async #write (times: Times, everyMs: number, isStopped: () => boolean): Promise<void> {
    const schedule = { lanes: WRITERS, everyMs, offsetMs: 0, graceMs: this.#plan.timeoutMs }
    const sendOn = async (lane: number, plannedMs: number) => {
      const kind = await this.#writer.send(lane)
      if (kind === undefined) return true
      this.#refused++
      this.#recorder.failure(`write: ${kind}`, plannedMs)
      return false
    }
    await openLoop(schedule, { times, isStopped, recorder: this.#recorder, sendOn })
  }

  /** Returns how many writes the screen has shown so far. */
  #receive (message: string, shown: number): number {
    if (this.#times === undefined) return shown
    const nowMs = clockMs()
    this.#recorder.came(nowMs)
    if (nowMs >= this.#times.fromMs && nowMs < this.#times.endMs) this.#bytes += message.length
    return this.#writes.show(shown, scoreAfter(message, this.#marker) - this.#plan.baseScore, nowMs)
  }
}

async function waitUntil (endMs: number, isStopped: () => boolean): Promise<void> {
  for (let left = endMs - clockMs(); left > 0 && !isStopped(); left = endMs - clockMs()) {
    await delay(Math.min(TICK_MS, left))
  }
}

/** The score that follows a user in a message, or -1 where the user is not in it. */
function scoreAfter (message: string, marker: string): number {
  const at = message.indexOf(marker)
  return at < 0 ? -1 : parseInt(message.slice(message.indexOf('"score":', at) + '"score":'.length), 10)
}

/** Raises the leader by one, again and again. */
class LeaderWriter {
  readonly #plan: Plan
  readonly #lanes: HttpLanes
  #made = 0

  constructor (plan: Plan) {
    this.#plan = plan
    this.#lanes = new HttpLanes(plan.target, WRITERS, plan.timeoutMs)
  }

  /** Resolves with the kind of refusal, where there was one. */
  async send (lane: number): Promise<string | undefined> {
    const { target, callers, users: [leader], run } = this.#plan
    const { token, user } = callers.find(({ user }) => user === undefined || user === leader)!
    const body = JSON.stringify({ ...(user === undefined && { user_id: leader }), action_id: `${run}-${this.#made++}` })
    const path = `${boardPath(this.#plan)}/increments`
    const text = requestText(new URL(target).host, { method: 'POST', path, token, body })
    try {
      const answer = await this.#lanes.send(lane, text)
      return answer.status === 200 ? undefined : kindOf(answer)
    } catch (error) {
      if (error instanceof NoAnswer) return error.message
      throw error
    }
  }

  close (): void {
    this.#lanes.close()
  }
}
