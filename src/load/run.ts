import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CannotRun, type Asked } from './settings.ts'
import type { Callers } from './traffic/callers.ts'
import { checkCounted, type Check } from './check.ts'
import { clockMs } from './clock.ts'
import { mergeMeasured } from './report/merge.ts'
import type { Measured, Times } from './processes/plan.ts'
import { prepare, type Prepared } from './prepare.ts'
import { Processes, type Status } from './processes/load-processes.ts'
import { SCENARIOS } from './scenarios.ts'
import { adviceFor, Service } from './service.ts'
import { REFUSED } from './traffic/watcher.ts'

/** From the order to begin to the first request. */
const START_MS = 100
/** Nothing but refusals, so many: that is no measurement. */
const HOPELESS = 100
/** What was just written may take this long to be seen by reads of other nodes. */
const SETTLE_MS = 200

export interface Finished {
  readonly measured: Measured
  /** Share of a core that each process of the generator has used. */
  readonly cpus: readonly number[]
  /** How long it was measured. */
  readonly seconds: number
  readonly isInterrupted: boolean
  readonly check: Check | undefined
  readonly targetVersion: string
}

export interface RunOptions {
  readonly asked: Asked
  readonly given: Callers | undefined
  readonly onProgress: (line: string) => void
  /** Resolves when somebody wants the results so far. */
  readonly stopped: Promise<unknown>
}

/** Puts load on a deployment and tells what came of it. @throws CannotRun when it could not begin, or nothing was accepted */
export async function runLoad ({ asked, given, onProgress, stopped }: RunOptions): Promise<Finished> {
  const scenario = SCENARIOS[asked.scenario]!
  const run = randomBytes(5).toString('hex')
  const service = new Service(asked.target, asked.board, given?.callers[0]?.token)
  onProgress(`${asked.scenario}: looking at ${asked.target}`)
  const rules = await service.rules()
  const prepared = await prepare(service, scenario, { rules, given, users: asked.users, run })
  const isChecked = scenario.needs.has('token') && !scenario.needs.has('leader')
  const scores = isChecked ? await service.scores(prepared.users) : undefined
  const targetVersion = await service.version()

  const processes = new Processes(asked.processes)
  let isInterrupted = false
  try {
    onProgress(`${asked.scenario}: connecting`)
    await processes.prepare((part) => planOf(asked, prepared, { run, part })).catch(explain)
    const startMs = clockMs() + START_MS
    const fromMs = startMs + asked.warmUpSeconds * 1000
    const times: Times = { startMs, fromMs, endMs: fromMs + asked.seconds * 1000 }
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
      onProgress(progressLine(asked, scenario.unit, times, status))
    })
    const measured = mergeMeasured(all)
    if (hopeless !== undefined || (measured.done === 0 && !isInterrupted)) throw nothingAccepted(measured, hopeless)
    return {
      measured,
      cpus: all.map(({ cpu }) => cpu),
      seconds: Math.max(0, stoppedMs - fromMs) / 1000,
      isInterrupted,
      check: scores && await check(service, scores, measured),
      targetVersion
    }
  } finally {
    onProgress('')
    await processes.close()
  }
}

/** Screens that are refused are the user's matter, anything else is ours. */
function explain (error: Error): never {
  throw error.message.startsWith(REFUSED) ? new CannotRun(`a screen was refused: ${adviceFor(error.message.slice(REFUSED.length), '')}`) : error
}

function planOf (asked: Asked, { callers, users, baseScore }: Prepared, { run, part }: { run: string, part: number }) {
  const { processes, connections, rate, warmUpSeconds, ...same } = asked
  return {
    ...same,
    // A schedule is that of all processes together.
    rate: rate ?? SCENARIOS[asked.scenario]!.usualRate,
    connections: Math.floor(connections / processes) + (part < connections % processes ? 1 : 0),
    callers,
    users,
    baseScore,
    part,
    parts: processes,
    run
  }
}

async function check (service: Service, before: ReadonlyMap<string, number>, { counts }: Measured): Promise<Check> {
  await delay(SETTLE_MS)
  const after = await service.scores([...before.keys()])
  const gained = [...before].reduce((sum, [user, score]) => sum + after.get(user)! - score, 0)
  return checkCounted({ gained, users: before.size, counts })
}

function nothingAccepted ({ errors }: Measured, hopeless: string | undefined): CannotRun {
  const [kind, { example } = { example: '' }] = Object.entries(errors).toSorted(([, a], [, b]) => b.count - a.count)[0] ?? [hopeless?.split(': ')[0] ?? 'nothing']
  return new CannotRun(`nothing was accepted: ${adviceFor(kind, example)}`)
}

function progressLine ({ scenario, seconds }: Asked, unit: string, { fromMs }: Times, { done, failed, cpu }: Status): string {
  const passed = (clockMs() - fromMs) / 1000
  if (passed < 0) return `${scenario}: warming up`
  const rate = Math.round(done / Math.max(passed, 0.5)).toLocaleString('en')
  const busiest = Math.max(...cpu)
  return `${scenario}: ${Math.min(seconds, passed).toFixed(0)} s of ${seconds} s, ${rate} ${unit}/s, ${failed.toLocaleString('en')} errors, generator ${busiest.toFixed(2)} of a core`
}
