// Screens that watch a board which changes: what they are shown.
import type { Scenario } from '../scenario.ts'
import { screensShare } from '../traffic/screens.ts'

export const fanOut: Scenario = {
  summary: 'screens that watch a board which changes at the rate; counted are the boards that reach them',
  unit: 'boards',
  canBeClosed: false,
  // A little slower than the service's push window: while the service keeps up, it shows each change by itself.
  usualRate: 8,
  needs: new Set(['token', 'leader']),
  prepare: async (plan, recorder) => await screensShare(plan, recorder)
}
