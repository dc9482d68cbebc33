// Tests of redis, ranking, read standings: the standings of many users agree with those read one by one.
import { test } from 'tap'
import { startRedis } from '../../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'

test('the standings of many users agree with those read one by one', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard()
  await Promise.all(
    Array.from({ length: 300 }, async (_, n) => await store.applyIncrement(board, increment(`u${n}`, 1 + n % 40)))
  )
  const users = [...Array.from({ length: 90 }, (_, n) => `u${n * 3}`), 'nobody', '"quoted"', 'ünïcode']
  const standings = await store.readStandings(board, { window: 'all' }, users)
  t.equal(standings.length, users.length)
  for (const [n, userId] of users.entries()) {
    const one = await store.readUser(board, { window: 'all' }, { userId, around: 0 })
    t.strictSame(standings[n], { score: one?.score ?? 0, rank: one?.rank }, userId)
  }
  t.strictSame(await store.readStandings(board, { window: 'all' }, []), [])
})
