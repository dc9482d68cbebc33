// The processes of the load generator, seen from the one that started them.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import type { Measured, Order, Plan, Report, Times } from './plan.ts'

const CHILD = new URL(`./child${extname(import.meta.url)}`, import.meta.url)

export interface Status { readonly done: number, readonly failed: number, readonly firstError: string | undefined, readonly cpu: readonly number[] }

export class Processes {
  readonly #children: readonly ChildProcess[]

  constructor (count: number) {
    this.#children = Array.from({ length: count }, () => fork(CHILD))
  }

  /** Resolves when every process could begin. @throws Error with why one could not */
  async prepare (planOf: (part: number) => Plan): Promise<void> {
    await this.#ask('ready', (part) => ({ type: 'prepare', plan: planOf(part) }))
  }

  /** @throws Error when a process fails or ends */
  async run (times: Times, onStatus: (status: Status) => void): Promise<Measured[]> {
    const latest = this.#children.map((): Status => ({ done: 0, failed: 0, firstError: undefined, cpu: [0] }))
    const reports = await this.#ask('measured', () => ({ type: 'go', times }), (part, { done, failed, firstError, cpu }) => {
      latest[part] = { done, failed, firstError, cpu: [cpu] }
      onStatus({
        done: latest.reduce((sum, { done }) => sum + done, 0),
        failed: latest.reduce((sum, { failed }) => sum + failed, 0),
        firstError: latest.find(({ firstError }) => firstError !== undefined)?.firstError,
        cpu: latest.flatMap(({ cpu }) => cpu)
      })
    })
    return reports.map(({ measured }) => measured)
  }

  /** Sends nothing more, and tells what was measured so far. */
  stop (): void {
    for (const child of this.#children) if (child.connected) child.send({ type: 'stop' } satisfies Order)
  }

  async close (): Promise<void> {
    await Promise.all(this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      if (child.connected) child.disconnect()
      await gone
    }))
  }

  /** Tells each process something, and waits until each has answered. */
  async #ask<T extends Report['type']> (
    answer: T, orderOf: (part: number) => Order, onProgress?: (part: number, progress: Extract<Report, { type: 'progress' }>) => void
  ): Promise<Extract<Report, { type: T }>[]> {
    return await Promise.all(this.#children.map(async (child, part) => await new Promise<Extract<Report, { type: T }>>((resolve, reject) => {
      const end = () => child.off('message', hear).off('exit', onExit)
      const onExit = () => {
        end()
        reject(new Error('a process of the load generator has ended'))
      }
      const hear = (report: Report) => {
        if (report.type === 'progress') return onProgress?.(part, report)
        end()
        if (report.type === answer) resolve(report as Extract<Report, { type: T }>)
        else reject(new Error(report.type === 'failed' ? report.message : `a process of the load generator answered ${report.type}`))
      }
      child.on('message', hear as (report: unknown) => void).once('exit', onExit)
      child.send(orderOf(part))
    })))
  }
}
