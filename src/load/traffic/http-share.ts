// A process' share of the requests of a run, over as many connections as the plan says.
import { clockMs } from '../clock.ts'
import type { Plan } from '../processes/plan.ts'
import type { Share } from '../scenario.ts'
import { NoAnswer, type Answer } from './http-connection.ts'
import { HttpLanes } from './http-lanes.ts'
import { runLoop, type SendOn } from './loops.ts'
import type { Recorder } from './recorder.ts'

/** A whole request, written by `requestText`; a source may keep more in it than that. */
export interface HttpRequest {
  readonly text: string
}

/** Makes requests, and learns what became of them. */
export interface Source<Request extends HttpRequest = HttpRequest> {
  next(): Request
  /** Takes an answer that is 2xx; returns how many things were done, one without this function. */
  accept?(request: Request, answer: Answer): number
  /** The answer did not come, or says that the outcome is not known. */
  doubt?(request: Request): void
  /** After the last answer: finds out what is not known yet; returns what it has counted. */
  finish?(send: (text: string) => Promise<Answer>): Promise<Record<string, number>>
}

type HttpPlan = Pick<Plan, 'target' | 'connections' | 'timeoutMs' | 'rate' | 'share' | 'shares'>

/** Sends the requests of a source, in a closed loop or by schedule, and records what became of them. */
export function httpShare<Request extends HttpRequest> (
  plan: HttpPlan,
  recorder: Recorder,
  source: Source<Request>
): Share {
  const lanes = new HttpLanes(plan.target, plan.connections, plan.timeoutMs)

  const sendOn: SendOn = async (lane, plannedMs) => {
    const request = source.next()
    try {
      const answer = await lanes.send(lane, request.text)
      if (answer.status < 200 || answer.status > 299) {
        if (isUncertain(answer)) source.doubt?.(request)
        recorder.failure(kindOf(answer), plannedMs, { example: detailOf(answer) })
        return true
      }
      const done = source.accept?.(request, answer) ?? 1
      if (done > 0) recorder.answered(plannedMs, clockMs(), done)
      return true
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      source.doubt?.(request)
      recorder.failure(error.message, plannedMs, { nowMs: clockMs() })
      return false
    }
  }

  return {
    run: async (times, isStopped) => await runLoop(plan, { times, isStopped, recorder, sendOn }),
    async finish () {
      const counts = await source.finish?.(async (text) => await lanes.send(0, text))
      return { counts: counts ?? {}, writes: undefined }
    },
    close: () => lanes.close()
  }
}

/** Whether an action may have counted although the answer is a refusal: the service says so, or a proxy before it. */
function isUncertain ({ status, body }: Answer): boolean {
  return status >= 500 && codeOf(body) !== 'unavailable'
}

/** The kind of a refusal, such as `429 rate_limited`. */
export function kindOf ({ status, body }: Answer): string {
  return `${status} ${codeOf(body)}`.trimEnd()
}

function codeOf (body: string): string {
  return /"code": ?"([a-z_]+)"/.exec(body)?.[1] ?? ''
}

function detailOf ({ body }: Answer): string {
  return (/"detail": ?"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? '').slice(0, 200)
}
