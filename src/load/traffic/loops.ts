// When requests are sent: by schedule, or each when the one before is answered.
import { setTimeout as delay } from 'node:timers/promises'
import { clockMs } from '../clock.ts'
import type { Plan, Times } from '../processes/plan.ts'
import type { Recorder } from './recorder.ts'

/** A connection that was refused is not tried again at once. */
const AFTER_FAILURE_MS = 20
/** The longest sleep: a stop is noticed within it. */
const MAX_SLEEP_MS = 100

/** Does one thing on one of the lanes, numbered from 0; resolves with whether that worked. */
export type SendOn = (lane: number, plannedMs: number) => Promise<boolean>

interface Loop {
  readonly times: Times
  readonly isStopped: () => boolean
  readonly recorder: Pick<Recorder, 'countWait' | 'countDelay' | 'failure'>
  readonly sendOn: SendOn
}

interface Schedule {
  readonly lanes: number
  readonly everyMs: number
  /** When the first is due, after the start. */
  readonly offsetMs: number
  /** How long after the end what waits for a lane is still sent. */
  readonly graceMs: number
}

type LoopPlan = Pick<Plan, 'connections' | 'rate' | 'share' | 'shares' | 'timeoutMs'>

/** Runs the loop of a plan: by schedule where it has a rate, of which this share sends its part. */
export async function runLoop ({ connections, rate, share, shares, timeoutMs }: LoopPlan, loop: Loop): Promise<void> {
  if (rate === undefined) return await closedLoop(connections, loop)
  const everyMs = 1000 * shares / rate
  await openLoop({ lanes: connections, everyMs, offsetMs: everyMs * share / shares, graceMs: timeoutMs }, loop)
}

/** Each lane sends its next request when it has the answer to the last: a service that stalls gets fewer. */
async function closedLoop (lanes: number, { times: { startMs, endMs }, isStopped, sendOn }: Loop): Promise<void> {
  await delay(startMs - clockMs())
  await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    for (;;) {
      const nowMs = clockMs()
      if (nowMs >= endMs || isStopped()) return
      if (!await sendOn(lane, nowMs)) await delay(AFTER_FAILURE_MS)
    }
  }))
}

/**
 * Requests are due at their times, whatever became of those before. A request that finds no lane free waits for one,
 * and its time runs meanwhile. Resolves when all are answered.
 */
export async function openLoop (
  { lanes, everyMs, offsetMs, graceMs }: Schedule,
  { times: { startMs, endMs }, isStopped, recorder, sendOn }: Loop
): Promise<void> {
  const underWay = new Set<Promise<void>>()
  const free = new Queue<number>()
  const waiting = new Queue<number>()
  for (let lane = 0; lane < lanes; lane++) free.push(lane)

  const launch = (lane: number, plannedMs: number) => {
    const sent = send(lane, plannedMs).finally(() => underWay.delete(sent))
    underWay.add(sent)
  }
  const send = async (lane: number, plannedMs: number) => {
    await sendOn(lane, plannedMs)
    const next = waiting.take()
    if (next === undefined) free.push(lane)
    else launch(lane, next)
  }

  for (let n = 0; ; n++) {
    const plannedMs = startMs + offsetMs + n * everyMs
    if (plannedMs >= endMs) break
    for (let early = plannedMs - clockMs(); early > 0 && !isStopped(); early = plannedMs - clockMs()) {
      await delay(Math.min(early, MAX_SLEEP_MS))
    }
    if (isStopped()) break
    const lane = free.take()
    if (lane === undefined) {
      recorder.countWait()
      waiting.push(plannedMs)
    } else {
      recorder.countDelay(clockMs() - plannedMs)
      launch(lane, plannedMs)
    }
  }
  const giveUp = () => {
    for (let plannedMs = waiting.take(); plannedMs !== undefined; plannedMs = waiting.take()) {
      if (!isStopped()) recorder.failure('never sent', plannedMs, { nowMs: clockMs() })
    }
  }
  if (isStopped()) giveUp()
  const timer = setTimeout(giveUp, graceMs)
  while (underWay.size > 0) await Promise.race(underWay)
  clearTimeout(timer)
}

/** First in, first out, at a constant cost on average. */
class Queue<Item> {
  #items: Item[] = []
  #taken = 0

  push (item: Item): void {
    this.#items.push(item)
  }

  take (): Item | undefined {
    if (this.#taken === this.#items.length) return undefined
    const item = this.#items[this.#taken++]
    if (this.#taken * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }
}
