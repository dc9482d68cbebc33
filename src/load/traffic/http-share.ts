import { clockMs } from '../clock.ts'
import { HttpConnection, NoAnswer, type Answer } from './http-connection.ts'
import { closedLoop, openLoop } from './loops.ts'
import type { Plan, Times } from '../processes/plan.ts'
import type { Recorder } from './recorder.ts'
import type { Part } from '../scenario.ts'

const LOOK_MS = 100

/** A request as text, and what its answer means to whoever made it. */
export interface Asked {
  readonly text: string
  /** How many things were done; 200 does one unless this says otherwise. */
  readonly onAnswer?: (answer: Answer) => number
  /** The answer did not come, or says that the outcome is not known. */
  readonly onUncertain?: () => void
}

export interface Source {
  next (): Asked
  settle? (send: (text: string) => Promise<Answer>): Promise<Record<string, number>>
}

/** Requests over as many connections as the plan says, in its loop. */
export function httpPart (plan: Plan, recorder: Recorder, source: Source): Part {
  const origin = new URL(plan.target)
  const connections = Array.from({ length: plan.connections }, () => new HttpConnection(origin))
  const sweep = setInterval(() => { for (const connection of connections) connection.expire(plan.timeoutMs) }, LOOK_MS)

  const shoot = async (lane: number, plannedMs: number): Promise<boolean> => {
    const asked = source.next()
    try {
      const answer = await connections[lane]!.send(asked.text)
      const nowMs = clockMs()
      if (answer.status !== 200) {
        if (isUncertain(answer)) asked.onUncertain?.()
        recorder.failure(kindOf(answer), plannedMs, { example: detailOf(answer) })
        return true
      }
      const done = asked.onAnswer?.(answer) ?? 1
      if (done > 0) recorder.answered(plannedMs, nowMs, done)
      return true
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      asked.onUncertain?.()
      recorder.failure(error.message, plannedMs, { nowMs: clockMs() })
      return false
    }
  }

  return {
    async run (times: Times, isStopped) {
      const loop = { lanes: plan.connections, times, isStopped }
      if (plan.rate === undefined) return await closedLoop(loop, shoot)
      const everyMs = 1000 * plan.parts / plan.rate
      await openLoop(loop, { everyMs, offsetMs: everyMs * plan.part / plan.parts, patienceMs: plan.timeoutMs }, recorder, shoot)
    },
    async settle () {
      const connection = connections[0]!
      return { counts: await source.settle?.(async (text) => await connection.send(text)) ?? {}, writes: undefined }
    },
    close () {
      clearInterval(sweep)
      for (const connection of connections) connection.close()
    }
  }
}

/** Whether an action may have counted although the answer is a refusal: the service says so, or something between it and us does. */
function isUncertain ({ status, body }: Answer): boolean {
  return status >= 500 && codeOf(body) !== 'unavailable'
}

/** Such as `429 rate_limited`. */
export function kindOf ({ status, body }: Answer): string {
  return `${status} ${codeOf(body)}`.trimEnd()
}

function codeOf (body: string): string {
  return /"code": ?"([a-z_]+)"/.exec(body)?.[1] ?? ''
}

function detailOf ({ body }: Answer): string {
  return (/"detail": ?"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? '').slice(0, 200)
}
