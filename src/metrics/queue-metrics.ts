import { Counter, Gauge } from 'prom-client'
import type { Metrics } from './metrics.ts'

/** Plain numbers that go on growing, by result. */
type Counts = Readonly<Record<string, number>>

interface Depth {
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  readonly failed: number
  /** In ms since 1970. */
  readonly oldestMs: number | undefined
  readonly workers: number
}

export interface QueueMetricsOptions {
  readonly readDepth: () => Promise<Depth>
  readonly maxJobs: number
  readonly requests: Counts
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** Adds what an operator watches of the queue. Its length is read from the store when Prometheus asks. */
export function registerQueueMetrics (
  { registry }: Pick<Metrics, 'registry'>, { readDepth, maxJobs, requests, now }: QueueMetricsOptions
): void {
  const registers = [registry]
  // One read serves all the gauges of a scrape.
  let reading: Promise<Depth | undefined> | undefined
  function readOnce (): Promise<Depth | undefined> {
    reading ??= readDepth().catch(() => undefined).finally(() => setImmediate(() => { reading = undefined })) // a store that is away has no figures
    return reading
  }
  const gauge = (name: string, help: string, show: (one: Gauge, depth: Depth) => void, labelNames: string[] = []) => {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect () {
        one.reset()
        const depth = await readOnce()
        if (depth !== undefined) show(one, depth)
      }
    })
  }
  gauge('scorewire_queue_jobs', 'Increments in the queue, by state', (one, { waiting, active, delayed, failed }) => {
    for (const [state, count] of Object.entries({ waiting, active, delayed, failed })) one.set({ state }, count)
  }, ['state'])
  gauge('scorewire_queue_oldest_seconds', 'How long the first increment in the queue has waited', (one, { oldestMs }) => {
    one.set(oldestMs === undefined ? 0 : Math.max(0, (now() - oldestMs) / 1000))
  })
  gauge('scorewire_queue_workers', 'Processes that apply what is queued', (one, { workers }) => one.set(workers))
  const bound: Gauge = new Gauge({ name: 'scorewire_queue_max_jobs', help: 'Increments in the queue beyond which more are refused', registers })
  bound.set(maxJobs)
  countByResult(registry, { name: 'scorewire_queue_requests_total', help: 'Increments that were to be queued here: queued, or full where the queue held as much as it may', counts: requests })
}

/** Adds what the worker of this process has done. */
export function registerQueueWorkMetrics ({ registry }: Pick<Metrics, 'registry'>, counts: Counts): void {
  countByResult(registry, { name: 'scorewire_queue_tries_total', help: 'Queued increments that were tried here, by what became of them', counts })
}

function countByResult (registry: Metrics['registry'], { name, help, counts }: { name: string, help: string, counts: Counts }): void {
  const counter: Counter = new Counter({
    name,
    help,
    labelNames: ['result'],
    registers: [registry],
    collect () {
      counter.reset()
      for (const [result, count] of Object.entries(counts)) counter.inc({ result }, count)
    }
  })
}
