// What every scenario is made of.
import type { Measured, Plan, Times } from './processes/plan.ts'
import type { Recorder } from './traffic/recorder.ts'

/** What can be done to a deployment, one file each in scenarios/. */
export interface Scenario {
  readonly summary: string
  /** What its throughput counts. */
  readonly unit: string
  /** Whether it can run without a rate: then each connection sends when it has its answer. */
  readonly canBeClosed: boolean
  /** The rate of a scenario that needs one, where the options name none. */
  readonly usualRate?: number
  /**
   * What it needs before it begins: a token that may write, a token that raises the score of any user, users on the
   * board to read, a first user that every screen shows.
   */
  readonly needs: ReadonlySet<'token' | 'service' | 'readers' | 'leader'>
  /** Opens connections; resolves when the share can run. */
  readonly prepare: (plan: Plan, recorder: Recorder) => Promise<Share>
}

/** What one process does of a run. */
export interface Share {
  /** Sends, and waits for the answers. */
  run(times: Times, isStopped: () => boolean): Promise<void>
  /** Returns what it counted; may ask the service again about what is not known. */
  finish(): Promise<Pick<Measured, 'counts' | 'writes'>>
  close(): void
}
