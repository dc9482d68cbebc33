// When requests are sent: by schedule, or each when the one before is answered.
import { setTimeout as delay } from 'node:timers/promises'
import { clockMs } from '../clock.ts'
import type { Times } from '../processes/plan.ts'
import type { Recorder } from './recorder.ts'

/** A connection that was refused is not tried again at once. */
const AFTER_FAILURE_MS = 20
/** The longest sleep, so that whoever is asked to stop does. */
const NAP_MS = 100

/** Does one thing over one of the connections, numbered from 0; resolves with whether that worked, and never rejects. */
export type Shoot = (lane: number, plannedMs: number) => Promise<boolean>

export interface Loop {
  readonly lanes: number
  readonly times: Times
  readonly isStopped: () => boolean
}

/** Each connection sends its next request when it has the answer to the last: a service that stalls is asked less. */
export async function closedLoop ({ lanes, times: { startMs, endMs }, isStopped }: Loop, shoot: Shoot): Promise<void> {
  await delay(startMs - clockMs())
  await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    for (;;) {
      const nowMs = clockMs()
      if (nowMs >= endMs || isStopped()) return
      if (!await shoot(lane, nowMs)) await delay(AFTER_FAILURE_MS)
    }
  }))
}

export interface Schedule {
  readonly everyMs: number
  /** When the first is due, after the start. */
  readonly offsetMs: number
  /** How long after the end what waits for a connection is still sent. */
  readonly patienceMs: number
}

/**
 * Requests are due at their times, whatever became of those before; one that finds no connection free waits for one, and its time
 * runs meanwhile. Resolves when all are answered.
 */
export async function openLoop ({ lanes, times: { startMs, endMs }, isStopped }: Loop, { everyMs, offsetMs, patienceMs }: Schedule, recorder: Recorder, shoot: Shoot): Promise<void> {
  const free = Array.from({ length: lanes }, (_, lane) => lane)
  const underWay = new Set<Promise<void>>()
  const waiting: number[] = []
  let [nextWaiting, given] = [0, 0]

  const send = async (lane: number, plannedMs: number) => {
    await shoot(lane, plannedMs)
    if (nextWaiting < waiting.length) return launch(lane, waiting[nextWaiting++]!)
    free.push(lane)
  }
  const launch = (lane: number, plannedMs: number) => {
    const sent = send(lane, plannedMs).finally(() => underWay.delete(sent))
    underWay.add(sent)
  }
  // Connections take turns. Those given away stay in the list until it is worth moving the others up.
  const takeFree = () => {
    if (given === free.length) return undefined
    const lane = free[given++]
    if (given > lanes) {
      free.splice(0, given)
      given = 0
    }
    return lane
  }

  for (let n = 0; ; n++) {
    const plannedMs = startMs + offsetMs + n * everyMs
    if (plannedMs >= endMs) break
    for (let early = plannedMs - clockMs(); early > 0 && !isStopped(); early = plannedMs - clockMs()) await delay(Math.min(early, NAP_MS))
    if (isStopped()) break
    const lane = takeFree()
    if (lane === undefined) {
      recorder.waited++
      waiting.push(plannedMs)
    } else {
      recorder.lateMs = Math.max(recorder.lateMs, clockMs() - plannedMs)
      launch(lane, plannedMs)
    }
  }
  const giveUp = () => {
    if (!isStopped()) for (const plannedMs of waiting.slice(nextWaiting)) recorder.failure('never sent', plannedMs, { nowMs: clockMs() })
    nextWaiting = waiting.length
  }
  if (isStopped()) giveUp()
  const timer = setTimeout(giveUp, patienceMs)
  while (underWay.size > 0) await Promise.race(underWay)
  clearTimeout(timer)
}
