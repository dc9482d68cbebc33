// The closed loop's side of a measurement, as a process of its own: opens connections, and asks on each as soon as it
// is answered.
import { randomBytes } from 'node:crypto'
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { asker, type Asked, type Asking } from './asking.ts'
import { Caller } from './caller.ts'
import { serveOrders } from '../../src/load/processes/serve-orders.ts'
import type { LoopAnswer, LoopOrders } from './closed-loop.ts'

const known = new Map<string, Asking>()
let callers: Caller[] = []
let running: Running | undefined

interface Running {
  readonly answer: (caller: Caller, isAccepted: boolean, asked: Asked, ms: number) => void
  readonly fail: (error: Error) => void
}

async function open (port: number, count: number): Promise<void> {
  callers = Array.from({ length: count }, () =>
    new Caller({
      port,
      onAnswer: (...answer) => running?.answer(...answer),
      onLost: (error) => running?.fail(error)
    }))
  await Promise.all(callers.map(async ({ opened }) => await opened))
}

/** Ends when the last answer is there: nothing is left that the next run would pay for. */
async function run (name: string, host: string, forMs: number): Promise<LoopAnswer> {
  const next = asker(known.get(name)!, host, randomBytes(4).toString('hex'))
  const latencies = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3
  })
  let [accepted, refused, points, open] = [0, 0, 0, callers.length]
  const begun = performance.now()
  await new Promise<void>((resolve, reject) => {
    running = {
      answer (caller, isAccepted, asked, ms) {
        latencies.recordValue(Math.max(1, Math.round(1000 * ms)))
        if (isAccepted) {
          accepted++
          points += asked.points
        } else refused++
        if (performance.now() - begun < forMs) caller.ask(next())
        else if (--open === 0) resolve()
      },
      fail: reject
    }
    for (const caller of callers) caller.ask(next())
    if (open === 0) resolve() // fewer connections than processes
  }).finally(() => {
    running = undefined
  })
  return {
    accepted,
    refused,
    points,
    tookMs: performance.now() - begun,
    latencies: encodeIntoCompressedBase64(latencies)
  }
}

function close (): void {
  for (const caller of callers) caller.close()
  callers = []
}

serveOrders<LoopOrders>({
  learn (name, asking) {
    known.set(name, asking)
  },
  open,
  run,
  close
})
