import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Board } from '../leaderboard/boards/board.ts'
import type { LiveStats } from '../live/live-stats.ts'
import type { Server } from '../http/server.ts'

const ROUND_TRIP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1]
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5]
const GROUP_ITEMS = [1, 2, 4, 8, 16, 32, 64, 128]

/** What the service counts. The hot path adds to plain numbers; Prometheus' shape is made when it asks. */
export interface Metrics {
  readonly onGroup: (items: number, seconds: number) => void
  readonly onOutcome: (board: Board, result: string) => void
  /** Says no more of a board that is gone, so that boards which come and go leave nothing behind. */
  readonly forget: (board: string) => void
  readonly registry: Registry
}

export function createMetrics (): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const scriptSeconds = new Histogram({
    name: 'scorewire_script_seconds', help: 'Round trip of one increment script call', buckets: ROUND_TRIP_SECONDS, registers
  })
  const groupItems = new Histogram({
    name: 'scorewire_increment_group_size', help: 'Increments that shared one script call', buckets: GROUP_ITEMS, registers
  })

  const outcomes = new Map<string, Map<string, number>>()
  const increments: Counter = new Counter({
    name: 'scorewire_increments_total',
    help: 'Increments by what became of them',
    labelNames: ['board', 'result'],
    registers,
    collect () {
      this.reset()
      for (const [board, results] of outcomes) {
        for (const [result, count] of results) increments.inc({ board, result }, count)
      }
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
    forget: (board) => { outcomes.delete(board) }
  }
}

/** Adds what is counted of live clients. */
export function registerLiveMetrics (
  { registry }: Pick<Metrics, 'registry'>, { live, connections }: { live: LiveStats, connections: () => number }
): void {
  const registers = [registry]
  const count = (name: string, help: string, read: () => number): Counter => {
    const counter: Counter = new Counter({
      name,
      help,
      registers,
      collect () {
        this.reset()
        counter.inc(read())
      }
    })
    return counter
  }
  count('scorewire_pushes_total', 'Messages written to live clients', () => live.sent)
  count('scorewire_conflated_total', 'Messages that a live client was not ready for, and got the newest one later instead', () => live.conflated)
  count('scorewire_stalled_total', 'Times that a live client was found not to read', () => live.stalled)
  const ended: Counter = new Counter({
    name: 'scorewire_ended_total',
    help: 'Live connections that ended, by close code or by a word where there was none',
    labelNames: ['why'],
    registers,
    collect () {
      this.reset()
      for (const [why, times] of live.ended) ended.inc({ why }, times)
    }
  })
  const sockets: Gauge = new Gauge({ name: 'scorewire_sockets', help: 'Live clients', registers, collect: () => sockets.set(connections()) })
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
    config: { edgeLimit: false }, schema: { summary: 'Metrics in the Prometheus text format', tags: ['operations'] }
  }, async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
