// The load generator: screens in processes of their own, and what they saw, added up.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { cpuMicros, pathOf } from '../servers/processes.ts'
import type { Tally, Target } from './screen.ts'

/** A process past this share of a core may itself be what was measured. */
export const MOST_GENERATOR_CPU = 0.7

/** Marked writes: each planned `everyMs` after the one before, each raising by one the score that follows `marker` in a board. */
export interface Schedule {
  /** By `clockMs`. */
  readonly startMs: number
  readonly everyMs: number
  readonly count: number
  readonly baseScore: number
  readonly marker: string
}

/** What became of marked writes: all latencies from the planned time in µs, and for each write on how many screens, and when on the last. */
export interface Shown<H = string> {
  readonly latencies: H
  readonly shownOn: readonly number[]
  readonly lastMs: readonly number[]
}

export type Order =
  | { readonly type: 'connect', readonly target: Target, readonly count: number }
  | { readonly type: 'follow', readonly schedule: Schedule }
  | { readonly type: 'tally' | 'shown' | 'disconnect' }

export interface Answers { connect: undefined, follow: undefined, tally: Tally, shown: Shown, disconnect: undefined }

export class Generator {
  readonly #children: readonly ChildProcess[]
  #cpuSince: { micros: number, atMs: number }[] = []

  constructor (processes: number) {
    const execArgv = ['--import=tsx', '--max-semi-space-size=16']
    this.#children = Array.from({ length: processes }, () => fork(pathOf('bench/generators/screen-child.ts'), { execArgv }))
  }

  /** Resolves when all are open. */
  async connect (target: Target, count: number): Promise<void> {
    const { length } = this.#children
    await Promise.all(this.#children.map(async (child, n) =>
      await ask(child, { type: 'connect', target, count: Math.floor(count / length) + (n < count % length ? 1 : 0) })))
  }

  async tally (): Promise<Tally> {
    const tallies = await this.#askAll<'tally'>({ type: 'tally' })
    const total: Tally = { tops: 0, topBytes: 0, deflating: 0, pings: 0, lost: 0, wrong: 0 }
    for (const tally of tallies) for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name]
    return total
  }

  async follow (schedule: Schedule): Promise<void> {
    await this.#askAll<'follow'>({ type: 'follow', schedule })
  }

  /** Ends the following. */
  async shown (): Promise<Shown<Histogram>> {
    const [first, ...others] = await this.#askAll<'shown'>({ type: 'shown' })
    const latencies = decodeFromCompressedBase64(first!.latencies)
    for (const other of others) latencies.add(decodeFromCompressedBase64(other.latencies))
    return {
      latencies,
      shownOn: first!.shownOn.map((count, write) => others.reduce((total, { shownOn }) => total + shownOn[write]!, count)),
      lastMs: first!.lastMs.map((ms, write) => Math.max(ms, ...others.map(({ lastMs }) => lastMs[write]!)))
    }
  }

  async disconnect (): Promise<void> {
    await this.#askAll<'disconnect'>({ type: 'disconnect' })
  }

  startCpu (): void {
    this.#cpuSince = this.#children.map(({ pid }) => ({ micros: cpuMicros(pid!), atMs: performance.now() }))
  }

  /** The share of a core that the busiest process has used since. */
  cpu (): number {
    return Math.max(...this.#children.map(({ pid }, n) => {
      const { micros, atMs } = this.#cpuSince[n]!
      return (cpuMicros(pid!) - micros) / 1000 / (performance.now() - atMs)
    }))
  }

  async stop (): Promise<void> {
    await Promise.all(this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    }))
  }

  async #askAll<T extends keyof Answers> (order: Order & { type: T }): Promise<Answers[T][]> {
    return await Promise.all(this.#children.map(async (child) => await ask<T>(child, order)))
  }
}

/** One order at a time. */
async function ask<T extends keyof Answers> (child: ChildProcess, order: Order & { type: T }): Promise<Answers[T]> {
  return await new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`the screens ended during ${order.type}`))
    child.once('exit', onExit)
    child.once('message', ({ answer, error }: { answer: Answers[T], error?: string }) => {
      child.off('exit', onExit)
      if (error === undefined) resolve(answer)
      else reject(new Error(error))
    })
    child.send(order)
  })
}
