// The processes of the load generator, seen from the one that started them.
import { extname } from 'node:path'
import { ChildProcesses } from './child-processes.ts'
import type { LoadOrders, Measured, Plan, Progress, Times } from './plan.ts'

const CHILD = new URL(`./child${extname(import.meta.url)}`, import.meta.url)

/** The progress of all processes together, with the CPU of each. */
export interface Status extends Omit<Progress, 'cpu'> {
  readonly cpu: readonly number[]
}

/** Processes that put load on a target together, one plan after the other. */
export class LoadProcesses {
  readonly #children: ChildProcesses<LoadOrders>
  readonly #count: number

  constructor (count: number, execArgv?: readonly string[]) {
    this.#count = count
    this.#children = new ChildProcesses({ count, program: CHILD, ...(execArgv && { execArgv }) })
  }

  get pids (): number[] {
    return this.#children.pids
  }

  /** Resolves when every process could begin. @throws Error with why one could not */
  async prepare (planOf: (share: number) => Plan): Promise<void> {
    await this.#children.order('prepare', (share) => [planOf(share)])
  }

  /** Carries out the plans. @throws Error when a process fails or ends */
  async run (times: Times, onStatus: (status: Status) => void = () => {}): Promise<Measured[]> {
    const latest = Array<Progress>(this.#count).fill({ done: 0, failed: 0, firstError: undefined, cpu: 0 })
    return await this.#children.order('run', () => [times], (share, progress) => {
      latest[share] = progress as Progress
      onStatus({
        done: latest.reduce((sum, { done }) => sum + done, 0),
        failed: latest.reduce((sum, { failed }) => sum + failed, 0),
        firstError: latest.find(({ firstError }) => firstError !== undefined)?.firstError,
        cpu: latest.map(({ cpu }) => cpu)
      })
    })
  }

  /** Ends the run: what was measured so far becomes its result. */
  stop (): void {
    this.#children.order('stop', () => []).catch(() => {}) // `run` says that a process has ended
  }

  async close (): Promise<void> {
    await this.#children.close()
  }
}
