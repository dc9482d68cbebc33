// Tests of load, stall: a stall of the service is in the percentiles of an open loop, and those of a closed one hide.
import { test } from 'tap'
import { mergeHistograms, percentileMs } from '../../src/load/report/histogram.ts'
import { putLoad, whenMeasuring } from '../harness/clients/bench.ts'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { startStallingProxy } from '../harness/servers/stalling-proxy.ts'

const STALL_MS = 1000
/**
 * Less than the latencies of the tenth of a schedule that a stall of a quarter of its time hits hardest, more than
 * any without one.
 */
const SHOWN_MS = 300

test('a stall of the service is in the percentiles of an open loop, and those of a closed one hide it', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const proxy = await startStallingProxy(t, node.url)
  const measure = async (rate: number | undefined) => {
    let stalled: Promise<void> | undefined
    const onProgress = whenMeasuring(() => {
      stalled = proxy.stall(STALL_MS)
    })
    const { measured } = await putLoad(
      node,
      { target: proxy.url, scenario: 'top', rate, seconds: 4, connections: 10 },
      { onProgress }
    )
    await stalled
    const latencies = mergeHistograms(measured.latencies)
    return {
      p90: percentileMs(latencies, 90),
      max: percentileMs(latencies, 100),
      done: measured.done,
      errors: measured.errors,
      waited: measured.waited
    }
  }
  const open = await measure(50)
  t.strictSame(
    { done: open.done, errors: open.errors },
    { done: 200, errors: {} },
    'every request of the schedule was made and answered'
  )
  t.ok(open.p90 > SHOWN_MS, `open loop: ${open.p90} ms`)
  t.ok(open.waited > 0, 'those that found no free connection were counted from their planned time')

  const closed = await measure(undefined)
  t.ok(closed.max > SHOWN_MS, 'each connection was hit once')
  t.ok(closed.p90 < SHOWN_MS, `closed loop: ${closed.p90} ms`)
})
