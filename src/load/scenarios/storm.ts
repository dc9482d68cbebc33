import { clockMs } from '../clock.ts'
import { closedLoop, openLoop, type Shoot } from '../traffic/loops.ts'
import type { Plan, Times } from '../processes/plan.ts'
import type { Recorder } from '../traffic/recorder.ts'
import type { Part, Scenario } from '../scenario.ts'
import { openAll, watch, type Watcher } from '../traffic/watcher.ts'

export const storm: Scenario = {
  summary: 'screens that are cut and come back: from the planned time, when one is cut, to its next board',
  unit: 'reconnects',
  canBeClosed: true,
  needs: new Set(),
  prepare: stormPart
}

/** Each lane is a screen. */
async function stormPart (plan: Plan, recorder: Recorder): Promise<Part> {
  const lostOn = new Set<Watcher>()
  const open = () => {
    const watcher = watch({ plan, onTop () {}, onLost: () => lostOn.add(watcher) })
    return watcher
  }
  const screens = await openAll(plan.connections, open)
  const shoot: Shoot = async (lane, plannedMs) => {
    screens[lane]!.close()
    const watcher = open()
    screens[lane] = watcher
    try {
      await watcher.opened
      recorder.answered(plannedMs, clockMs())
      return true
    } catch (error) {
      watcher.close()
      recorder.failure(error instanceof Error ? error.message : String(error), plannedMs)
      return false
    }
  }
  return {
    async run (times: Times, isStopped) {
      const loop = { lanes: plan.connections, times, isStopped }
      if (plan.rate === undefined) return await closedLoop(loop, shoot)
      const everyMs = 1000 * plan.parts / plan.rate
      await openLoop(loop, { everyMs, offsetMs: everyMs * plan.part / plan.parts, patienceMs: plan.timeoutMs }, recorder, shoot)
    },
    settle: async () => ({ counts: { lost: lostOn.size, screens: plan.connections }, writes: undefined }),
    close () { for (const screen of screens) screen.close() }
  }
}
