// A number of requests in a closed loop, what they cost the processes behind them, and how long their answers take.
import autocannon from 'autocannon'
import { build, type Histogram } from 'hdr-histogram-js'
import { cpuMicros, machineMicros } from '../servers/processes.ts'
import { sum } from '../../src/load/report/statistics.ts'

/** autocannon ends on a tick of its own. */
const TICK_MS = 100

interface Load {
  readonly url: string
  /** The processes that are under test, each with its name. */
  readonly pids: Readonly<Record<string, number>>
  readonly connections: number
  readonly request: autocannon.Request
  /** So many are made and answered: one that were left under way would be paid for by the next run. */
  readonly count: number
}

/** One measured run: CPU time is µs a request. */
export interface LoadSample {
  readonly requestsPerSecond: number
  readonly micros: Readonly<Record<string, number>>
  /** In cores. */
  readonly generatorCpu: number
  /** What everything else on the machine used, in cores. */
  readonly otherCpu: number
  /** From sending to the whole answer, in ms. */
  readonly latency: Latency
  readonly errors: number
}

export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** @throws Error when no request was answered with 2xx */
export async function measureLoad ({ url, pids, connections, request, count }: Load): Promise<LoadSample> {
  const names = Object.keys(pids)
  const used = () => names.map((name) => cpuMicros(pids[name]!))
  const before = { used: used(), generator: cpuMicros(process.pid), machine: machineMicros(), atMs: performance.now() }
  let answeredMs = before.atMs
  const latencies = build()
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options = {
      url,
      connections: Math.min(connections, count),
      amount: count,
      sampleInt: TICK_MS,
      requests: [request]
    }
    autocannon(options, (error, answers) => error ? reject(error) : resolve(answers))
      .on('response', (_client, _status, _bytes, ms) => {
        answeredMs = performance.now()
        latencies.recordValue(Math.round(1000 * ms))
      })
  })
  const tookMicros = 1000 * (performance.now() - before.atMs)
  const micros = used().map((now, n) => now - before.used[n]!)
  const generator = cpuMicros(process.pid) - before.generator
  const others = machineMicros() - before.machine - generator - sum(micros)
  const answered = result['2xx']
  if (answered === 0) {
    throw new Error(
      `${url} accepted no ${request.method} ${request.path}: ${result.non2xx} refused, ${result.errors} failed`
    )
  }
  return {
    requestsPerSecond: answered / (answeredMs - before.atMs) * 1000,
    micros: Object.fromEntries(names.map((name, n) => [name, micros[n]! / answered])),
    generatorCpu: generator / tookMicros,
    otherCpu: Math.max(0, others / tookMicros),
    latency: latencyOf(latencies),
    errors: result.errors + result.non2xx
  }
}

/** Of latencies in µs. */
export function latencyOf (micros: Histogram): Latency {
  const max = micros.maxValue / 1000
  const at = (percent: number) => Math.min(max, micros.getValueAtPercentile(percent) / 1000) // a histogram rounds up
  return { p50: at(50), p99: at(99), max }
}
