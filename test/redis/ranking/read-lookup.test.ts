// Tests of redis, ranking, read lookup: no call looks up more than 200 users, and all that were asked for are.
import { test } from 'tap'
import { startRedis } from '../../harness/servers/redis.ts'
import { freshBoard, openTestStore } from '../../harness/servers/store.ts'

test('no call looks up more than 200 users, and all that were asked for are answered', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard()
  const users = Array.from({ length: 1000 }, (_, n) => `user-${n}`)
  await redis.client.zadd(`sw:{${board.name}}:z:all`, ...users.flatMap((user, n) => [1 + n, user]))
  await store.readLookup(board, { window: 'all' }, ['user-0']) // the script is sent with the first call, and by its hash from then on
  for (const [count, calls] of [[1, 1], [200, 1], [201, 2], [500, 3], [1000, 5]] as const) {
    await redis.client.config('RESETSTAT')
    const found = await store.readLookup(board, { window: 'all' }, users.slice(0, count))
    t.equal(
      Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(await redis.client.info('commandstats'))?.[1]),
      calls,
      `${count} users`
    )
    t.strictSame(
      found.map(({ userId, rank, groupRank }) => [userId, rank, groupRank]),
      users.slice(0, count).reverse().map((user, n) => [user, 1001 - count + n, 1 + n])
    )
  }
})
