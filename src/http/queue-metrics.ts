import { Counter, Gauge, type Registry } from 'prom-client'

/** Plain numbers that go on growing, by result. */
type Counts = Readonly<Record<string, number>>

export interface QueueMetricsOptions {
  readonly registry: Registry
  readonly readDepth: () => Promise<{
    readonly waiting: number, readonly active: number, readonly delayed: number, readonly failed: number, readonly oldestMs: number | undefined, readonly workers: number
  }>
  readonly maxJobs: number
  readonly requests: Counts
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** Adds what an operator watches of the queue. Its length is read from the store when Prometheus asks, once for all gauges. */
export function registerQueueMetrics ({ registry, readDepth, maxJobs, requests, now }: QueueMetricsOptions): void {
  const registers = [registry]
  const oldest = new Gauge({ name: 'scorewire_queue_oldest_seconds', help: 'How long the first increment in the queue has waited', registers })
  const workers = new Gauge({ name: 'scorewire_queue_workers', help: 'Processes that apply what is queued', registers })
  const jobs: Gauge = new Gauge({
    name: 'scorewire_queue_jobs',
    help: 'Increments in the queue, by state',
    labelNames: ['state'],
    registers,
    async collect () {
      const depth = await readDepth().catch(() => undefined) // a store that is away has no figures
      for (const gauge of [jobs, oldest, workers]) gauge.reset()
      if (depth === undefined) return
      const { waiting, active, delayed, failed, oldestMs } = depth
      for (const [state, count] of Object.entries({ waiting, active, delayed, failed })) jobs.set({ state }, count)
      oldest.set(oldestMs === undefined ? 0 : Math.max(0, (now() - oldestMs) / 1000))
      workers.set(depth.workers)
    }
  })
  const bound: Gauge = new Gauge({ name: 'scorewire_queue_max_jobs', help: 'Increments in the queue beyond which more are refused', registers })
  bound.set(maxJobs)
  countByResult(registry, { name: 'scorewire_queue_requests_total', help: 'Increments that were to be queued here: queued, or full where the queue held as much as it may', counts: requests })
}

/** Adds what the worker of this process has done. */
export function registerQueueWorkMetrics (registry: Registry, counts: Counts): void {
  countByResult(registry, { name: 'scorewire_queue_tries_total', help: 'Queued increments that were tried here, by what became of them', counts })
}

function countByResult (registry: Registry, { name, help, counts }: { name: string, help: string, counts: Counts }): void {
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
