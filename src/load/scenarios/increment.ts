import { httpPart } from '../traffic/http-share.ts'
import { incrementSource } from '../traffic/increments.ts'
import type { Scenario } from '../scenario.ts'

export const increment: Scenario = {
  summary: 'exactly-once increments of random users',
  unit: 'increments',
  canBeClosed: true,
  needs: new Set(['token']),
  prepare: async (plan, recorder) => httpPart(plan, recorder, incrementSource(plan))
}
