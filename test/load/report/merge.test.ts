// Tests of load, report, merge: what two processes have measured is what one would have.
import fc from 'fast-check'
import { test } from 'tap'
import { mergeHistograms, percentileMs } from '../../../src/load/report/histogram.ts'
import { mergeMeasured } from '../../../src/load/report/merge.ts'
import type { Measured } from '../../../src/load/processes/plan.ts'
import { Recorder } from '../../../src/load/traffic/recorder.ts'

const times = { startMs: 0, fromMs: 1000, endMs: 11_000 }
const rest = { counts: { acknowledged: 2 }, writes: undefined, cpu: 0.5 }

function record (requests: readonly { plannedMs: number, tookMs: number, isRefused: boolean }[]): Measured {
  const recorder = new Recorder()
  recorder.begin(times)
  for (const { plannedMs, tookMs, isRefused } of requests) {
    if (isRefused) recorder.failure(`${400 + tookMs % 3}`, plannedMs)
    else recorder.answered(plannedMs, plannedMs + tookMs, 2)
  }
  return recorder.measured(rest)
}

test('what two processes have measured is what one would have', (t) => {
  const requests = fc.array(
    fc.record({
      plannedMs: fc.integer({ min: 0, max: 12_000 }),
      tookMs: fc.integer({ min: 0, max: 60_000 }),
      isRefused: fc.boolean()
    })
  )
  fc.assert(
    fc.property(requests, requests, (some, others) => {
      const one = record([...some, ...others])
      const two = mergeMeasured([record(some), record(others)])
      t.strictSame({ ...two, latencies: [] }, { ...one, latencies: [], counts: { acknowledged: 4 } })
      for (const [slice, latencies] of two.latencies.entries()) {
        const [merged, whole] = [mergeHistograms([latencies]), mergeHistograms([one.latencies[slice]!])]
        t.equal(merged.totalCount, whole.totalCount)
        for (const percent of [0, 50, 99, 100]) {
          t.ok(Object.is(percentileMs(merged, percent), percentileMs(whole, percent)))
        }
      }
    }),
    { numRuns: 20 }
  )
  t.end()
})

test('the warm-up is not measured, nor what was planned after the end; what never came took as long as it was waited for', (t) => {
  const recorder = new Recorder()
  recorder.begin(times)
  recorder.answered(999, 5000)
  recorder.answered(11_000, 11_001)
  recorder.failure('503', 10, { example: 'in the warm-up' })
  recorder.answered(1000, 1010)
  recorder.answered(10_999, 12_000)
  recorder.failure('timeout', 2000, { nowMs: 7000 })
  recorder.failure('429', 2000)
  const { done, perSecond, latencies, errors } = recorder.measured(rest)
  t.strictSame({ done, perSecond, errors }, {
    done: 2,
    perSecond: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    errors: { timeout: { count: 1, example: '' }, 429: { count: 1, example: '' } }
  })
  const all = mergeHistograms(latencies)
  t.equal(all.totalCount, 3)
  t.equal(Math.round(percentileMs(all, 100) / 10), 500)
  t.equal(recorder.firstError, '503: in the warm-up')
  recorder.end(4500)
  t.strictSame(recorder.measured(rest).perSecond, [1, 0, 0], 'seconds that were over')
  t.end()
})

test('kinds of errors are counted up to a bound, and writes of screens are merged', (t) => {
  const recorder = new Recorder()
  recorder.begin(times)
  for (let n = 0; n < 30; n++) recorder.failure(`kind ${n}`, 2000, { count: 2 })
  t.match(recorder.measured(rest).errors, { 'kind 0': { count: 2 }, other: { count: 20 } })
  const part = (shownOn: number[], lastMs: number[]): Measured => ({ ...record([]), writes: { shownOn, lastMs } })
  t.strictSame(mergeMeasured([part([1, 2], [10, 90]), part([3, 4], [40, 20])]).writes, {
    shownOn: [4, 6],
    lastMs: [40, 90]
  })
  t.end()
})
