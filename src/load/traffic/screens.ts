// Screens that watch a board while its first user gains a point at planned times: each board says how many of those writes it contains.
import { setTimeout as delay } from 'node:timers/promises'
import { clockMs } from '../clock.ts'
import { HttpConnection, NoAnswer, requestText } from './http-connection.ts'
import { kindOf } from './http-share.ts'
import { boardPath } from './increments.ts'
import { openLoop } from './loops.ts'
import type { Plan, Times } from '../processes/plan.ts'
import type { Recorder } from './recorder.ts'
import type { Part } from '../scenario.ts'
import { openAll, watch } from './watcher.ts'

/** Connections of the writer, so that a slow answer delays no later write. */
const WRITERS = 4
/** What a screen does not show by then is missing on it. */
const LAST_SHOWN_MS = 10_000
const LOOK_MS = 20
const TICK_MS = 100

/** Counts the boards that come; the latencies are from the planned time of a write to each screen that shows it. */
export async function screensPart (plan: Plan, recorder: Recorder): Promise<Part> {
  const leader = plan.users[0]!
  const marker = `"user_id":${JSON.stringify(leader)},`
  const everyMs = 1000 / plan.rate!
  let times: Times | undefined
  let overMs = 0
  let [bytes, lost, refused] = [0, 0, 0]
  let shownOn: number[] = []
  let lastMs: number[] = []
  const plannedOf = (write: number) => times!.startMs + write * everyMs

  /** Returns how many writes the screen has shown so far. */
  const look = (message: string, shown: number): number => {
    if (times === undefined) return shown
    const nowMs = clockMs()
    recorder.came(nowMs)
    if (nowMs >= times.fromMs && nowMs < times.endMs) bytes += message.length
    const contained = Math.min(scoreAfter(message, marker) - plan.baseScore, shownOn.length)
    for (let write = shown; write < contained; write++) {
      const plannedMs = plannedOf(write)
      shownOn[write]!++
      lastMs[write] = Math.max(lastMs[write]!, nowMs - plannedMs)
      recorder.latency(plannedMs, nowMs)
    }
    return Math.max(shown, contained)
  }

  const watchers = await openAll(plan.connections, () => {
    let shown = 0
    return watch({ plan, onTop: (message) => { shown = look(message, shown) }, onLost: () => { lost++ } })
  })
  const write = writer(plan, leader)
  return {
    async run (given, isStopped) {
      shownOn = Array<number>(Math.ceil((given.endMs - given.startMs) / everyMs)).fill(0)
      lastMs = shownOn.map(() => 0)
      times = given
      if (plan.part === 0) {
        await openLoop({ lanes: WRITERS, times, isStopped }, { everyMs, offsetMs: 0, patienceMs: plan.timeoutMs }, recorder, async (lane, plannedMs) => {
          const kind = await write.send(lane)
          if (kind === undefined) return true
          refused++
          recorder.failure(`write: ${kind}`, plannedMs)
          return false
        })
      } else for (let left = times.endMs - clockMs(); left > 0 && !isStopped(); left = times.endMs - clockMs()) await delay(Math.min(TICK_MS, left))
      overMs = isStopped() ? clockMs() : times.endMs
      const shown = () => shownOn.every((screens) => screens === plan.connections)
      for (const end = clockMs() + LAST_SHOWN_MS; clockMs() < end && !shown() && !isStopped();) await delay(LOOK_MS)
    },
    async settle () {
      const isMeasured = (_: number, write: number) => plannedOf(write) >= times!.fromMs && plannedOf(write) < overMs
      return {
        counts: { bytes, lost, refused, screens: plan.connections },
        writes: { shownOn: shownOn.filter(isMeasured), lastMs: lastMs.filter(isMeasured) }
      }
    },
    close () {
      write.close()
      for (const watcher of watchers) watcher.close()
    }
  }
}

/** The score that follows a user in a message, or -1 where the user is not in it. */
function scoreAfter (message: string, marker: string): number {
  const at = message.indexOf(marker)
  return at < 0 ? -1 : parseInt(message.slice(message.indexOf('"score":', at) + '"score":'.length), 10)
}

/** Raises the leader by one; the answer is the kind of refusal, where there was one. */
function writer (plan: Plan, leader: string): { send (lane: number): Promise<string | undefined>, close (): void } {
  const connections = Array.from({ length: WRITERS }, () => new HttpConnection(new URL(plan.target)))
  const caller = plan.callers.find(({ user }) => user === undefined || user === leader)!
  let made = 0
  const sweep = setInterval(() => { for (const connection of connections) connection.expire(plan.timeoutMs) }, TICK_MS)
  return {
    async send (lane) {
      const body = JSON.stringify({ ...(caller.user === undefined && { user_id: leader }), action_id: `${plan.run}-${made++}` })
      try {
        const answer = await connections[lane]!.send(requestText(new URL(plan.target).host, { method: 'POST', path: `${boardPath(plan)}/increments`, token: caller.token, body }))
        return answer.status === 200 ? undefined : kindOf(answer)
      } catch (error) {
        if (error instanceof NoAnswer) return error.message
        throw error
      }
    },
    close () {
      clearInterval(sweep)
      for (const connection of connections) connection.close()
    }
  }
}
