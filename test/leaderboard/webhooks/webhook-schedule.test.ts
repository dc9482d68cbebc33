// Tests of leaderboard, webhooks, webhook schedule: retries go on for three days, further and further apart, and.
import { test } from 'tap'
import fc from 'fast-check'
import {
  judgeAnswer,
  MAX_RETRY_AFTER_MS,
  RETRY_DELAYS_MS,
  retryAfterMs,
  retryDelayMs
} from '../../../src/leaderboard/webhooks/webhook-schedule.ts'

const NOW = Date.UTC(2026, 10, 21)
const judge = (
  status: number | undefined,
  { retryAfter, round = 0, random = 0 }: { retryAfter?: string, round?: number, random?: number } = {}
) => judgeAnswer({ status, retryAfter }, { round, nowMs: NOW, random })

test('retries go on for three days, further and further apart, and then end', async (t) => {
  const total = RETRY_DELAYS_MS.reduce((sum, ms) => sum + ms, 0)
  t.equal(total, ((75 * 60 + 35) * 60 + 5) * 1000, 'as the specification lists them')
  t.strictSame(RETRY_DELAYS_MS.toSorted((a, b) => a - b), RETRY_DELAYS_MS)
  t.equal(retryDelayMs(RETRY_DELAYS_MS.length, 0.5), undefined)
  fc.assert(
    fc.property(
      fc.nat({ max: RETRY_DELAYS_MS.length - 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (round, random) => {
        const ms = retryDelayMs(round, random)!
        return ms >= RETRY_DELAYS_MS[round]! && ms <= RETRY_DELAYS_MS[round]! * 1.2
      }
    )
  )
  t.not(retryDelayMs(3, 0.1), retryDelayMs(3, 0.9), 'those that failed together do not come back together')
})

test('what an answer means', async (t) => {
  for (const status of [200, 201, 204, 299]) t.match(judge(status), { outcome: 'delivered', restMs: 0 }, String(status))
  for (const status of [undefined, 300, 301, 302, 307, 308, 400, 401, 404, 418, 500, 501]) {
    t.strictSame(judge(status), { outcome: 'failed', delayMs: 5000, restMs: 0 }, String(status))
  }
  t.match(judge(410), { outcome: 'refused' })
  for (const status of [429, 502, 503, 504]) {
    t.strictSame(
      judge(status),
      { outcome: 'failed', delayMs: 30_000, restMs: 30_000 },
      `${status} leaves the receiver alone`
    )
  }
  t.strictSame(judge(429, { round: 3 }), { outcome: 'failed', delayMs: 7_200_000, restMs: 30_000 })
  t.strictSame(judge(500, { round: 9 }), { outcome: 'failed', delayMs: undefined, restMs: 0 }, 'the last')
})

test('Retry-After is obeyed, within bounds', async (t) => {
  t.equal(retryAfterMs('120', NOW), 120_000)
  t.equal(retryAfterMs('0', NOW), 0)
  t.equal(retryAfterMs(new Date(NOW + 90_000).toUTCString(), NOW), 90_000)
  t.equal(retryAfterMs(new Date(NOW - 90_000).toUTCString(), NOW), 0, 'a date in the past')
  t.equal(retryAfterMs('99999999999999999999', NOW), MAX_RETRY_AFTER_MS)
  for (const nonsense of [undefined, '', 'soon', '-5x', 'NaN']) {
    t.equal(retryAfterMs(nonsense, NOW), undefined, String(nonsense))
  }
  t.strictSame(judge(503, { retryAfter: '3600' }), { outcome: 'failed', delayMs: 3_600_000, restMs: 3_600_000 })
  t.strictSame(
    judge(429, { retryAfter: '1', round: 2 }),
    { outcome: 'failed', delayMs: 1_800_000, restMs: 1000 },
    'never sooner than the schedule'
  )
  t.strictSame(
    judge(500, { retryAfter: '3600' }),
    { outcome: 'failed', delayMs: 5000, restMs: 0 },
    'only where it means that'
  )
})
