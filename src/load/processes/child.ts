// The program of a process of the load generator: does its share of a plan and answers with what it has measured.
import { cpuUsage } from 'node:process'
import { clockMs } from '../clock.ts'
import type { Share } from '../scenario.ts'
import { SCENARIOS } from '../scenarios.ts'
import { Recorder } from '../traffic/recorder.ts'
import type { LoadOrders, Measured, Plan, Progress, Times } from './plan.ts'
import { sendProgress, serveOrders } from './serve-orders.ts'

const PROGRESS_MS = 500

let recorder = new Recorder()
let share: Share | undefined
let isStopped = false

async function prepare (plan: Plan): Promise<void> {
  recorder = new Recorder()
  isStopped = false
  share = await SCENARIOS[plan.scenario]!.prepare(plan, recorder)
}

async function run (times: Times): Promise<Measured> {
  recorder.begin(times)
  let cpu = measureCpu()
  let used = 0
  // Code is compiled in the warm-up and in no second after it; what comes after the end is no load.
  const warm = setTimeout(() => {
    cpu = measureCpu()
  }, times.fromMs - clockMs())
  const over = setTimeout(() => {
    used = cpu()
  }, times.endMs - clockMs())
  const timer = setInterval(() => {
    const { done, failed, firstError } = recorder
    sendProgress({ done, failed, firstError, cpu: used || cpu() } satisfies Progress)
  }, PROGRESS_MS)
  await share!.run(times, () => isStopped)
  used ||= cpu()
  if (isStopped) recorder.end(clockMs())
  for (const one of [warm, over, timer]) clearTimeout(one)
  const measured = recorder.measured({ ...await share!.finish(), cpu: used })
  share!.close()
  return measured
}

/** Returns the share of a core that this process has used since the call, all threads together. */
function measureCpu (): () => number {
  const [usage, atMs] = [cpuUsage(), clockMs()]
  return () => {
    const { user, system } = cpuUsage(usage)
    return (user + system) / 1000 / Math.max(1, clockMs() - atMs)
  }
}

serveOrders<LoadOrders>({
  prepare,
  run,
  stop () {
    isStopped = true
  }
})
