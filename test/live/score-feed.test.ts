// The feed: batches for clients that keep up, one message for those that lag.
import { test } from 'tap'
import type { Frame } from '../../src/live/frame.ts'
import { ScoreFeed } from '../../src/live/score-feed.ts'

const HEADING = { board: 'main', window: 'all' } as const

const changes = (from: number, count: number, score = 1) =>
  Array.from({ length: count }, (_, n) => ({ userId: `u${from + n}`, score }))

function read (feed: ScoreFeed, after: number) {
  const outbox: Frame[] = []
  const until = feed.collect(after, outbox)
  return { until, messages: outbox.map((frame) => JSON.parse(String(frame.bytes('events')).slice('data: '.length))) }
}

test('who keeps up gets each batch as it was, the same bytes for everybody', async (t) => {
  const feed = new ScoreFeed(HEADING)
  feed.push(changes(0, 2))
  const [mine, yours]: [Frame[], Frame[]] = [[], []]
  feed.collect(0, mine)
  feed.collect(0, yours)
  t.equal(mine[0], yours[0])
  t.strictSame(read(feed, 0), {
    until: 1,
    messages: [{ event: 'scores', ...HEADING, changes: [{ user_id: 'u0', score: 1 }, { user_id: 'u1', score: 1 }] }]
  })
  t.strictSame(read(feed, 1), { until: 1, messages: [] })
})

test('who lags gets one message with the newest score of each', async (t) => {
  const feed = new ScoreFeed(HEADING)
  feed.push(changes(0, 2, 5))
  feed.push(changes(1, 2, 7))
  feed.push(changes(2, 1, 9))
  t.strictSame(read(feed, 0).messages, [{
    event: 'scores',
    ...HEADING,
    changes: [{ user_id: 'u0', score: 5 }, { user_id: 'u1', score: 7 }, { user_id: 'u2', score: 9 }]
  }])
  t.strictSame(read(feed, 1).messages[0].changes.length, 2)
})

test('what is kept is bounded, and who lags beyond it is told', async (t) => {
  const feed = new ScoreFeed(HEADING)
  for (let n = 0; n < 10; n++) feed.push(changes(n * 500, 500))
  const { until, messages: [message] } = read(feed, 0)
  t.equal(until, 10)
  t.equal(message.missed, true)
  t.ok(message.changes.length <= 2000)
  t.equal(read(feed, 8).messages[0].missed, undefined)
})
