import type { Scenario } from '../scenario.ts'
import { screensPart } from '../traffic/screens.ts'

export const fanOut: Scenario = {
  summary: 'screens that watch a board which changes at the rate; counted are the boards that reach them',
  unit: 'boards',
  canBeClosed: false,
  // A little slower than the service's push window, so that it shows each change by itself while it keeps up.
  usualRate: 8,
  needs: new Set(['token', 'leader']),
  prepare: async (plan, recorder) => await screensPart(plan, recorder)
}
