// The closed loop: callers in processes of their own, and what they were answered, added up.
import { extname } from 'node:path'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { ChildProcesses } from '../../src/load/processes/child-processes.ts'
import { shareOf } from '../../src/load/run.ts'
import type { Asking } from './asking.ts'
import { latencyOf, type Latency } from './autocannon.ts'
import { cpuMicros } from '../servers/processes.ts'
import { sum } from '../../src/load/report/statistics.ts'

/** The orders that a process with callers carries out. */
export interface LoopOrders {
  learn(name: string, asking: Asking): void
  /** Resolves when so many connections are open. */
  open(port: number, count: number): Promise<void>
  run(name: string, host: string, forMs: number): Promise<LoopAnswer>
  close(): void
}

export interface LoopAnswer {
  readonly accepted: number
  readonly refused: number
  /** Of the increments that were accepted. */
  readonly points: number
  readonly tookMs: number
  readonly latencies: string
}

export interface LoopSample {
  readonly accepted: number
  readonly refused: number
  readonly points: number
  readonly requestsPerSecond: number
  /** From sending to the whole answer, in ms. */
  readonly latency: Latency
  /** Of the busiest process of the generator, in cores. */
  readonly generatorCpu: number
}

export class ClosedLoop {
  readonly #children: ChildProcesses<LoopOrders>
  readonly #count: number

  constructor (count: number) {
    const program = new URL(`callers${extname(import.meta.url)}`, import.meta.url)
    this.#count = count
    this.#children = new ChildProcesses({ count, program, execArgv: ['--import=tsx', '--max-semi-space-size=32'] })
  }

  /** Makes known what `run` asks by this name. */
  async learn (name: string, asking: Asking): Promise<void> {
    await this.#children.order('learn', () => [name, asking])
  }

  /** Asks on so many connections, opened for it, for as long as that. */
  async run (
    url: string,
    name: string,
    { connections, forMs }: { connections: number, forMs: number }
  ): Promise<LoopSample> {
    const { port, host } = new URL(url)
    await this.#children.order('open', (n) => [Number(port), shareOf(connections, n, this.#count)])
    const { pids } = this.#children
    const before = pids.map(cpuMicros)
    const answers = await this.#children.order('run', () => [name, host, forMs])
    const tookMs = Math.max(...answers.map((answer) => answer.tookMs))
    const generatorCpu = Math.max(...pids.map((pid, n) => cpuMicros(pid) - before[n]!)) / 1000 / tookMs
    await this.#children.order('close', () => [])
    const [latencies, ...others] = answers.map((answer) => decodeFromCompressedBase64(answer.latencies))
    for (const other of others) latencies!.add(other)
    const total = (of: 'accepted' | 'refused' | 'points') => sum(answers.map((answer) => answer[of]))
    return {
      accepted: total('accepted'),
      refused: total('refused'),
      points: total('points'),
      requestsPerSecond: total('accepted') / tookMs * 1000,
      latency: latencyOf(latencies!),
      generatorCpu
    }
  }

  async stop (): Promise<void> {
    await this.#children.close()
  }
}
