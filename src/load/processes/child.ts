// A process of the load generator: does its part of a plan and tells what it has measured.
import { clockMs } from '../clock.ts'
import { Recorder } from '../traffic/recorder.ts'
import type { Order, Plan, Report, Times } from './plan.ts'
import { SCENARIOS } from '../scenarios.ts'
import type { Part } from '../scenario.ts'

const PROGRESS_MS = 500

let part: Part | undefined
let isStopped = false
const recorder = new Recorder()

const tell = (report: Report) => { process.send?.(report) }

/** Share of a core that this process has used since a moment, all threads together. */
function cpuSince (): () => number {
  const [usage, atMs] = [process.cpuUsage(), clockMs()]
  return () => {
    const { user, system } = process.cpuUsage(usage)
    return (user + system) / 1000 / Math.max(1, clockMs() - atMs)
  }
}

async function prepare (plan: Plan): Promise<void> {
  part = await SCENARIOS[plan.scenario]!.prepare(plan, recorder)
  tell({ type: 'ready' })
}

async function run (times: Times): Promise<void> {
  recorder.begin(times)
  let cpu = cpuSince()
  let share = 0
  // The warm-up compiles, which no later second does; and what comes after the end is no load.
  const warm = setTimeout(() => { cpu = cpuSince() }, times.fromMs - clockMs())
  const over = setTimeout(() => { share = cpu() }, times.endMs - clockMs())
  const timer = setInterval(() => {
    tell({ type: 'progress', done: recorder.done, failed: recorder.failed, firstError: recorder.firstError, cpu: share || cpu() })
  }, PROGRESS_MS)
  await part!.run(times, () => isStopped)
  share ||= cpu()
  if (isStopped) recorder.end(clockMs())
  for (const one of [warm, over]) clearTimeout(one)
  clearInterval(timer)
  tell({ type: 'measured', measured: recorder.measured({ ...await part!.settle(), cpu: share }) })
  part!.close()
}

process.on('message', (order: Order) => {
  const fail = (error: unknown) => tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
  if (order.type === 'prepare') prepare(order.plan).catch(fail)
  else if (order.type === 'go') run(order.times).catch(fail)
  else isStopped = true
})
// Ctrl-C reaches every process of a terminal; the parent decides what to do about it.
process.on('SIGINT', () => {})
process.once('disconnect', () => process.exit())
