import { clockMs } from '../clock.ts'
import { httpPart } from '../traffic/http-share.ts'
import { batchSource } from '../traffic/increments.ts'
import type { Scenario } from '../scenario.ts'

export const batch: Scenario = {
  summary: 'exactly-once increments of random users in batches; latencies are those of a batch',
  unit: 'increments',
  canBeClosed: true,
  needs: new Set(['token', 'service']),
  prepare: async (plan, recorder) => httpPart(plan, recorder, batchSource(plan, (kind, example) => recorder.failure(kind, clockMs(), { example })))
}
