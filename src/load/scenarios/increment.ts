// Exactly-once increments, one a request.
import type { Scenario } from '../scenario.ts'
import { httpShare } from '../traffic/http-share.ts'
import { incrementSource } from '../traffic/increments.ts'

export const increment: Scenario = {
  summary: 'exactly-once increments of random users',
  unit: 'increments',
  canBeClosed: true,
  needs: new Set(['token']),
  prepare: async (plan, recorder) => httpShare(plan, recorder, incrementSource(plan))
}
