// Screens that lose their connection and come back.
import { clockMs } from '../clock.ts'
import type { Plan } from '../processes/plan.ts'
import type { Scenario, Share } from '../scenario.ts'
import { runLoop, type SendOn } from '../traffic/loops.ts'
import type { Recorder } from '../traffic/recorder.ts'
import { openAll, watch, type Watcher } from '../traffic/watcher.ts'

export const storm: Scenario = {
  summary: 'screens that are cut and come back: from the planned time, when one is cut, to its next board',
  unit: 'reconnects',
  canBeClosed: true,
  needs: new Set(),
  prepare: stormShare
}

/** Each lane is a screen. */
async function stormShare (plan: Plan, recorder: Recorder): Promise<Share> {
  const lost = new Set<Watcher>()
  const open = () => {
    const watcher = watch({ plan, onTop () {}, onLost: () => lost.add(watcher) })
    return watcher
  }
  const screens = await openAll(plan.connections, open)
  const sendOn: SendOn = async (lane, plannedMs) => {
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
    run: async (times, isStopped) => await runLoop(plan, { times, isStopped, recorder, sendOn }),
    finish: async () => ({ counts: { lost: lost.size, screens: plan.connections }, writes: undefined }),
    close () {
      for (const screen of screens) screen.close()
    }
  }
}
