// Tests of jobs, scoring, queue alarm: a queue that nobody works on is said once, and so is its end.
import { test } from 'tap'
import { startQueueAlarm } from '../../../src/jobs/scoring/queue-alarm.ts'

test('a queue that nobody works on is said once, and so is its end', async (t) => {
  const depths = [[5, 0], [6, 0], [7, 0], [8, 1], [0, 0], [1, 0], [0, 1]]
  const said: string[] = []
  const awake = setInterval(() => {}, 1000) // the alarm keeps no process alive
  t.teardown(() => clearInterval(awake))
  await new Promise<void>((resolve) => {
    const stop = startQueueAlarm({
      everyMs: 1,
      async depth () {
        const next = depths.shift()
        if (next === undefined) {
          stop()
          resolve()
          throw new Error('Redis is away')
        }
        return { waiting: next[0]!, active: 0, delayed: 0, failed: 0, oldestMs: undefined, workers: next[1]! }
      },
      log: {
        warn: (data) => said.push(`warn ${JSON.stringify(data)}`),
        info: (data) => said.push(`info ${JSON.stringify(data)}`)
      }
    })
  })
  t.strictSame(said, ['warn {"queued":6}', 'info {"queued":8,"workers":1}'])
})
