// The load generator: screens in processes of their own, and what they saw, added up.
import { extname } from 'node:path'
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { ChildProcesses } from '../../src/load/processes/child-processes.ts'
import { shareOf } from '../../src/load/run.ts'
import { cpuMicros } from '../servers/processes.ts'
import type { Tally, Target } from './screen.ts'

/** A process past this share of a core may itself be what was measured. */
export const MOST_GENERATOR_CPU = 0.7

/**
 * Marked writes: each planned `everyMs` after the one before, each raising by one the score that follows `marker` in
 * a board.
 */
export interface Schedule {
  /** By `clockMs`. */
  readonly startMs: number
  readonly everyMs: number
  readonly count: number
  readonly baseScore: number
  readonly marker: string
}

/**
 * What became of marked writes: all latencies from the planned time in µs, and for each write on how many screens,
 * and when on the last.
 */
export interface Shown<H = string> {
  readonly latencies: H
  readonly shownOn: readonly number[]
  readonly lastMs: readonly number[]
}

/** The orders that a process with screens carries out. */
export interface ScreenOrders {
  /** Resolves when so many screens are open. */
  connect(target: Target, count: number): Promise<void>
  /** Begins to look for marked writes. */
  follow(schedule: Schedule): void
  tally(): Tally
  /** Ends `follow`. */
  shown(): Shown
  disconnect(): void
}

/** Screens in processes of their own. */
export class Generator {
  readonly #children: ChildProcesses<ScreenOrders>
  readonly #count: number
  #cpuSince: { micros: number, atMs: number }[] = []

  constructor (count: number) {
    const program = new URL(`screen-child${extname(import.meta.url)}`, import.meta.url)
    this.#count = count
    this.#children = new ChildProcesses({ count, program, execArgv: ['--import=tsx', '--max-semi-space-size=16'] })
  }

  /** Resolves when all are open. */
  async connect (target: Target, count: number): Promise<void> {
    await this.#children.order('connect', (n) => [target, shareOf(count, n, this.#count)])
  }

  async tally (): Promise<Tally> {
    const tallies = await this.#children.order('tally', () => [])
    const total: Tally = { tops: 0, topBytes: 0, deflating: 0, pings: 0, lost: 0, wrong: 0 }
    for (const tally of tallies) for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name]
    return total
  }

  async follow (schedule: Schedule): Promise<void> {
    await this.#children.order('follow', () => [schedule])
  }

  /** Ends the following. */
  async shown (): Promise<Shown<Histogram>> {
    const [first, ...others] = await this.#children.order('shown', () => [])
    const latencies = decodeFromCompressedBase64(first!.latencies)
    for (const other of others) latencies.add(decodeFromCompressedBase64(other.latencies))
    return {
      latencies,
      shownOn: first!.shownOn.map((count, write) =>
        others.reduce((total, { shownOn }) => total + shownOn[write]!, count)
      ),
      lastMs: first!.lastMs.map((ms, write) => Math.max(ms, ...others.map(({ lastMs }) => lastMs[write]!)))
    }
  }

  async disconnect (): Promise<void> {
    await this.#children.order('disconnect', () => [])
  }

  startCpu (): void {
    this.#cpuSince = this.#children.pids.map((pid) => ({ micros: cpuMicros(pid), atMs: performance.now() }))
  }

  /** The share of a core that the busiest process has used since. */
  cpu (): number {
    return Math.max(...this.#children.pids.map((pid, n) => {
      const { micros, atMs } = this.#cpuSince[n]!
      return (cpuMicros(pid) - micros) / 1000 / (performance.now() - atMs)
    }))
  }

  async stop (): Promise<void> {
    await this.#children.close()
  }
}
