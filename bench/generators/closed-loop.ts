// The closed loop: callers in processes of their own, and what they were answered, added up.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import type { Asking } from './asking.ts'
import { latencyOf, type Latency } from './autocannon.ts'
import { cpuMicros, pathOf } from '../servers/processes.ts'
import { sum } from '../statistics.ts'

export type LoopOrder =
  | { readonly type: 'learn', readonly name: string, readonly asking: Asking }
  | { readonly type: 'open', readonly port: number, readonly count: number }
  | { readonly type: 'run', readonly name: string, readonly host: string, readonly forMs: number }
  | { readonly type: 'close' }

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
  readonly #children: readonly ChildProcess[]

  constructor (processes: number) {
    const execArgv = ['--import=tsx', '--max-semi-space-size=32']
    this.#children = Array.from({ length: processes }, () => fork(pathOf('bench/generators/callers.ts'), { execArgv }))
  }

  /** Makes known what `run` asks by this name. */
  async learn (name: string, asking: Asking): Promise<void> {
    await this.#orderAll(() => ({ type: 'learn', name, asking }))
  }

  /** Asks on so many connections, opened for it, for as long as that. */
  async run (url: string, name: string, { connections, forMs }: { connections: number, forMs: number }): Promise<LoopSample> {
    const { port, host } = new URL(url)
    const { length } = this.#children
    await this.#orderAll((n) => ({ type: 'open', port: Number(port), count: Math.floor(connections / length) + (n < connections % length ? 1 : 0) }))
    const before = this.#children.map(({ pid }) => cpuMicros(pid!))
    const answers = await this.#orderAll(() => ({ type: 'run', name, host, forMs })) as LoopAnswer[]
    const tookMs = Math.max(...answers.map((answer) => answer.tookMs))
    const generatorCpu = Math.max(...this.#children.map(({ pid }, n) => cpuMicros(pid!) - before[n]!)) / 1000 / tookMs
    await this.#orderAll(() => ({ type: 'close' }))
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
    await Promise.all(this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    }))
  }

  async #orderAll (orderOf: (n: number) => LoopOrder): Promise<unknown[]> {
    return await Promise.all(this.#children.map(async (child, n) => await order(child, orderOf(n))))
  }
}

/** One order at a time. */
async function order (child: ChildProcess, given: LoopOrder): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`the callers ended during ${given.type}`))
    child.once('exit', onExit)
    child.once('message', ({ answer, error }: { answer: unknown, error?: string }) => {
      child.off('exit', onExit)
      if (error === undefined) resolve(answer)
      else reject(new Error(error))
    })
    child.send(given)
  })
}
