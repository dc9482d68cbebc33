// Screens that watch a board which changes: how long a change takes to them.
import type { Scenario } from '../scenario.ts'
import { screensShare } from '../traffic/screens.ts'

export const writeToScreen: Scenario = {
  summary: 'from the planned time of an increment to each screen that shows it',
  unit: 'boards',
  canBeClosed: false,
  usualRate: 2,
  needs: new Set(['token', 'leader']),
  prepare: async (plan, recorder) => await screensShare(plan, recorder)
}
