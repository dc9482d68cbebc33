// The metrics of a process: what increments do, live clients, and the time of each route.
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Board } from '../leaderboard/boards/board.ts'
import type { LiveStats } from '../live/live-stats.ts'
import type { Server } from '../http/server.ts'
import { collectCounter, collectGauge } from './collected.ts'

const ROUND_TRIP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1]
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5]
const GROUP_ITEMS = [1, 2, 4, 8, 16, 32, 64, 128]

/** What the hot path reports. It adds to plain numbers; they take the shape of Prometheus at each scrape. */
export interface Metrics {
  readonly onGroup: (items: number, seconds: number) => void
  readonly onOutcome: (board: Board, result: string) => void
  /** Drops the counts of a deleted board, so that boards which come and go leave nothing behind. */
  readonly forget: (board: string) => void
  readonly registry: Registry
}

/** Creates the metrics of a process, with those of Node itself. */
export function createMetrics (): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const scriptSeconds = new Histogram({
    name: 'scorewire_script_seconds',
    help: 'Round trip of one increment script call',
    buckets: ROUND_TRIP_SECONDS,
    registers
  })
  const groupItems = new Histogram({
    name: 'scorewire_increment_group_size',
    help: 'Increments that shared one script call',
    buckets: GROUP_ITEMS,
    registers
  })

  const outcomes = new Map<string, Map<string, number>>()
  collectCounter(registry, {
    name: 'scorewire_increments_total',
    help: 'Increments by what became of them',
    labelNames: ['board', 'result']
  }, (count) => {
    for (const [board, results] of outcomes) {
      for (const [result, increments] of results) count(increments, { board, result })
    }
  })

  return {
    registry,
    onGroup (items, seconds) {
      scriptSeconds.observe(seconds)
      groupItems.observe(items)
    },
    onOutcome (board, result) {
      let results = outcomes.get(board.name)
      if (results === undefined) outcomes.set(board.name, results = new Map())
      results.set(result, (results.get(result) ?? 0) + 1)
    },
    forget: (board) => {
      outcomes.delete(board)
    }
  }
}

/** Adds the metrics of live clients. */
export function registerLiveMetrics (
  { registry }: Pick<Metrics, 'registry'>,
  { live, connections }: { live: LiveStats, connections: () => number }
): void {
  const counter = (name: string, read: () => number, help: string) =>
    collectCounter(registry, { name, help }, (count) => count(read()))
  counter('scorewire_pushes_total', () => live.sent, 'Messages written to live clients')
  counter(
    'scorewire_conflated_total',
    () => live.conflated,
    'Messages that a live client was not ready for; it gets the newest one later instead'
  )
  counter('scorewire_stalled_total', () => live.stalled, 'Times that a live client was found not to read')
  collectCounter(registry, {
    name: 'scorewire_ended_total',
    help: 'Live connections that ended, by close code or by a word where there was none',
    labelNames: ['why']
  }, (count) => {
    for (const [why, times] of live.ended) count(times, { why })
  })
  collectGauge(registry, { name: 'scorewire_sockets', help: 'Live clients' }, (set) => set(connections()))
}

/** Serves `/metrics`, and times every route registered from now on. */
export function registerMetrics (server: Server, { registry }: Pick<Metrics, 'registry'>): void {
  const seconds = new Histogram({
    name: 'scorewire_http_request_seconds',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers: [registry]
  })
  server.addHook('onRoute', (route) => {
    if (route.method === 'HEAD') return
    const method = [route.method].flat().join(' ')
    const labels = new Map<number, { method: string, route: string, status: number }>()
    const present = [route.onResponse ?? []].flat()
    route.onResponse = [...present, (_request, reply, done) => {
      const status = reply.statusCode
      let label = labels.get(status)
      if (label === undefined) labels.set(status, label = { method, route: route.url, status })
      seconds.observe(label, reply.elapsedTime / 1000)
      done()
    }]
  })

  server.get('/metrics', {
    config: { edgeLimit: false },
    schema: { summary: 'Metrics in the Prometheus text format', tags: ['operations'] }
  }, async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
