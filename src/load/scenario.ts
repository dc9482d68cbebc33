import type { Measured, Plan, Times } from './processes/plan.ts'
import type { Recorder } from './traffic/recorder.ts'

/** What can be done to a deployment, one file each in scenarios/. */
export interface Scenario {
  readonly summary: string
  /** What its throughput counts. */
  readonly unit: string
  /** Whether it can go without a rate: then each connection sends when it has its answer. */
  readonly canBeClosed: boolean
  /** Where none is asked for and it cannot go without. */
  readonly usualRate?: number
  /** What it needs before: a token that may write, one that raises anybody's score, users on the board to read, a first user whom every screen shows. */
  readonly needs: ReadonlySet<'token' | 'service' | 'readers' | 'leader'>
  /** Gets connections ready; resolves when it could begin. */
  readonly prepare: (plan: Plan, recorder: Recorder) => Promise<Part>
}

/** One process' part of a run. */
export interface Part {
  /** Sends and waits for the answers. */
  run (times: Times, isStopped: () => boolean): Promise<void>
  /** What it counted; may ask the service again about what it does not know. */
  settle (): Promise<Pick<Measured, 'counts' | 'writes'>>
  close (): void
}
