// Tests of redis, ranking, read changes: what has changed since a cursor, each user once, with the score of now.
import { test } from 'tap'
import { startRedis } from '../../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'

test('what has changed since a cursor, each user once, with the score of now', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['all', 'day'] })
  const raise = async (user: string, points: number) => await store.applyIncrement(board, increment(user, points))
  t.strictSame(await store.readChanges(board, { window: 'all' }), {
    cursor: '0-0',
    more: false,
    changes: [],
    unseen: []
  }, 'an empty board has a place to go on from')
  await raise('ada', 1)
  const { cursor, ...begin } = await store.readChanges(board, { window: 'all' })
  t.strictSame(begin, { more: false, changes: [], unseen: [] }, 'without a cursor nothing but the place of now')
  t.strictSame((await store.readChanges(board, { window: 'all' }, '0-0')).changes, [{ userId: 'ada', score: 1 }])

  await raise('ada', 2)
  await raise('user', 5)
  await raise('ada', 3)
  for (const kind of ['all', 'day'] as const) {
    t.strictSame((await store.readChanges(board, { window: kind }, cursor)).changes, [{ userId: 'ada', score: 6 }, {
      userId: 'user',
      score: 5
    }])
  }
  const { cursor: end } = await store.readChanges(board, { window: 'all' }, cursor)
  t.strictSame(await store.readChanges(board, { window: 'all' }, end), {
    cursor: end,
    more: false,
    changes: [],
    unseen: []
  })

  await Promise.all(Array.from({ length: 1200 }, async (_, n) => await raise(`u${n}`, 1)))
  const seen = new Map<string, number | null>()
  let place = end
  for (let more = true; more;) {
    const page = await store.readChanges(board, { window: 'all' }, place)
    for (const { userId, score } of page.changes) seen.set(userId, score)
    t.ok(page.changes.length <= 500)
    ;({ cursor: place, more } = page)
  }
  t.equal(seen.size, 1200, 'none is left out, in as many reads as it takes')
})
