// One run of the load generator, from the first look at the deployment to the check of its scores.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { checkCounted, type Check } from './check.ts'
import { clockMs } from './clock.ts'
import { prepare, type Prepared } from './prepare.ts'
import { LoadProcesses, type Status } from './processes/load-processes.ts'
import type { Measured, Plan, Times } from './processes/plan.ts'
import { mergeMeasured } from './report/merge.ts'
import { SCENARIOS } from './scenarios.ts'
import { adviceFor, Service } from './service.ts'
import { CannotRun, type LoadSettings } from './settings.ts'
import type { Callers } from './traffic/callers.ts'
import { REFUSED } from './traffic/watcher.ts'

/** From the order to begin to the first request. */
const START_MS = 100
/** A run with so many refusals and nothing else is no measurement. */
const HOPELESS = 100
/** Reads of other nodes may show a write only after that time. */
const READ_DELAY_MS = 200

export interface FinishedRun {
  readonly measured: Measured
  /** Share of a core that each process of the generator has used. */
  readonly cpus: readonly number[]
  /** How long it was measured. */
  readonly seconds: number
  readonly isInterrupted: boolean
  readonly check: Check | undefined
  readonly targetVersion: string
}

interface RunOptions {
  readonly settings: LoadSettings
  /** Undefined where there is nothing to sign tokens with. */
  readonly callers: Callers | undefined
  readonly onProgress: (line: string) => void
  /** Resolves when the run is to end with the results so far. */
  readonly stopped: Promise<unknown>
}

/** Puts load on a deployment. @throws CannotRun when it cannot begin, or nothing is accepted */
export async function runLoad (options: RunOptions): Promise<FinishedRun> {
  const { settings, callers, onProgress } = options
  const { scenario: name, target, users } = settings
  const scenario = SCENARIOS[name]!
  const run = randomBytes(5).toString('hex')
  const service = new Service(target, settings.board, callers?.callers[0]?.token)
  onProgress(`${name}: looking at ${target}`)
  const rules = await service.rules()
  const prepared = await prepare(service, scenario, { rules, given: callers, users, run })
  const isChecked = scenario.needs.has('token') && !scenario.needs.has('leader')
  const scores = isChecked ? await service.scores(prepared.users) : undefined
  const targetVersion = await service.version()
  const measured = await measure(options, (share) => planOf(settings, prepared, { run, share, isChecked }))
  return { ...measured, check: scores && await check(service, scores, measured.measured), targetVersion }
}

/** Carries out the plans in processes of their own. */
async function measure (
  { settings, onProgress, stopped }: RunOptions,
  planOf: (share: number) => Plan
): Promise<Omit<FinishedRun, 'check' | 'targetVersion'>> {
  const processes = new LoadProcesses(settings.processes)
  let isInterrupted = false
  try {
    onProgress(`${settings.scenario}: connecting`)
    await processes.prepare(planOf).catch(explain)
    const startMs = clockMs() + START_MS
    const fromMs = startMs + settings.warmUpSeconds * 1000
    const times: Times = { startMs, fromMs, endMs: fromMs + settings.seconds * 1000 }
    let stoppedMs = times.endMs
    void stopped.then(() => {
      isInterrupted = clockMs() < times.endMs
      stoppedMs = Math.min(stoppedMs, clockMs())
      processes.stop()
    })
    let hopeless: string | undefined
    const all = await processes.run(times, (status) => {
      if (status.done === 0 && status.failed >= HOPELESS) {
        hopeless ??= status.firstError
        processes.stop()
      }
      onProgress(progressLine(settings, times, status))
    })
    const measured = mergeMeasured(all)
    if (hopeless !== undefined || (measured.done === 0 && !isInterrupted)) throw nothingAccepted(measured, hopeless)
    return { measured, cpus: all.map(({ cpu }) => cpu), seconds: Math.max(0, stoppedMs - fromMs) / 1000, isInterrupted }
  } finally {
    onProgress('')
    await processes.close()
  }
}

/** A refused screen is for the user to mend, any other error is a fault. */
function explain (error: Error): never {
  throw error.message.startsWith(REFUSED)
    ? new CannotRun(`a screen was refused: ${adviceFor(error.message.slice(REFUSED.length), '')}`)
    : error
}

interface PlannedShare {
  readonly run: string
  readonly share: number
  readonly isChecked: boolean
}

function planOf (settings: LoadSettings, prepared: Prepared, { run, share, isChecked }: PlannedShare): Plan {
  const { scenario, target, board, processes, connections, rate, timeoutMs, batch, transport } = settings
  return {
    scenario,
    target,
    board,
    // A schedule is that of all processes together.
    rate: rate ?? SCENARIOS[scenario]!.usualRate,
    connections: shareOf(connections, share, processes),
    timeoutMs,
    batch,
    transport,
    share,
    shares: processes,
    run,
    isChecked,
    ...prepared
  }
}

/** How many of so many things a share has, where all shares have about as many. */
export function shareOf (count: number, share: number, shares: number): number {
  return Math.floor(count / shares) + (share < count % shares ? 1 : 0)
}

async function check (service: Service, before: ReadonlyMap<string, number>, { counts }: Measured): Promise<Check> {
  await delay(READ_DELAY_MS)
  const after = await service.scores([...before.keys()])
  const gained = [...before].reduce((sum, [user, score]) => sum + after.get(user)! - score, 0)
  return checkCounted({ gained, users: before.size, counts })
}

function nothingAccepted ({ errors }: Measured, hopeless: string | undefined): CannotRun {
  const mostFrequent = Object.entries(errors).toSorted(([, a], [, b]) => b.count - a.count)[0]
  const [kind, { example } = { example: '' }] = mostFrequent ?? [hopeless?.split(': ')[0] ?? 'nothing']
  return new CannotRun(`nothing was accepted: ${adviceFor(kind, example)}`)
}

function progressLine ({ scenario, seconds }: LoadSettings, { fromMs }: Times, { done, failed, cpu }: Status): string {
  const passed = (clockMs() - fromMs) / 1000
  if (passed < 0) return `${scenario}: warming up`
  const rate = Math.round(done / Math.max(passed, 0.5)).toLocaleString('en')
  const parts = [
    `${Math.min(seconds, passed).toFixed(0)} s of ${seconds} s`,
    `${rate} ${SCENARIOS[scenario]!.unit}/s`,
    `${failed.toLocaleString('en')} errors`,
    `generator ${Math.max(...cpu).toFixed(2)} of a core`
  ]
  return `${scenario}: ${parts.join(', ')}`
}
