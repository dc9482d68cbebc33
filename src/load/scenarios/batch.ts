// Exactly-once increments, many in a request.
import { clockMs } from '../clock.ts'
import type { Scenario } from '../scenario.ts'
import { httpShare } from '../traffic/http-share.ts'
import { batchSource } from '../traffic/increments.ts'

export const batch: Scenario = {
  summary: 'exactly-once increments of random users in batches; latencies are those of a batch',
  unit: 'increments',
  canBeClosed: true,
  needs: new Set(['token', 'service']),
  async prepare (plan, recorder) {
    const onRefused = (kind: string, example: string) => recorder.failure(kind, clockMs(), { example })
    return httpShare(plan, recorder, batchSource(plan, onRefused))
  }
}
