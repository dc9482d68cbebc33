// Metrics of the queue of increments: what waits, what was queued here, and what the worker of this process has done.
import { collectCounter, collectGauge, oncePerScrape, type Report } from './collected.ts'
import type { Metrics } from './metrics.ts'

/** Plain numbers that only grow, by result. */
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

interface QueueMetricsOptions {
  readonly readDepth: () => Promise<Depth>
  readonly maxJobs: number
  readonly requests: Counts
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** Adds the metrics of the queue. Its length is read from the store at each scrape. */
export function registerQueueMetrics (
  { registry }: Pick<Metrics, 'registry'>,
  { readDepth, maxJobs, requests, now }: QueueMetricsOptions
): void {
  // A store that is away has no figures.
  const readOnce = oncePerScrape(async () => await readDepth().catch(() => undefined))
  const gauge = (name: string, help: string, show: (set: Report, depth: Depth) => void, labelNames: string[] = []) =>
    collectGauge(registry, { name, help, labelNames }, async (set) => {
      const depth = await readOnce()
      if (depth !== undefined) show(set, depth)
    })

  gauge('scorewire_queue_jobs', 'Increments in the queue, by state', (set, { waiting, active, delayed, failed }) => {
    for (const [state, jobs] of Object.entries({ waiting, active, delayed, failed })) set(jobs, { state })
  }, ['state'])
  gauge('scorewire_queue_oldest_seconds', 'How long the first increment in the queue has waited', (set, depth) => {
    const { oldestMs } = depth
    set(oldestMs === undefined ? 0 : Math.max(0, (now() - oldestMs) / 1000))
  })
  gauge('scorewire_queue_workers', 'Processes that apply queued increments', (set, { workers }) => set(workers))
  collectGauge(registry, {
    name: 'scorewire_queue_max_jobs',
    help: 'Increments in the queue beyond which more are refused'
  }, (set) => set(maxJobs))
  countByResult(registry, requests, {
    name: 'scorewire_queue_requests_total',
    help: 'Increments that this process was asked to queue: queued, or full where the queue had no room'
  })
}

/** Adds what the worker of this process has done. */
export function registerQueueWorkMetrics ({ registry }: Pick<Metrics, 'registry'>, counts: Counts): void {
  countByResult(registry, counts, {
    name: 'scorewire_queue_tries_total',
    help: 'Queued increments that this process tried to apply, by what became of them'
  })
}

function countByResult (registry: Metrics['registry'], counts: Counts, about: { name: string, help: string }): void {
  collectCounter(registry, { ...about, labelNames: ['result'] }, (count) => {
    for (const [result, increments] of Object.entries(counts)) count(increments, { result })
  })
}
