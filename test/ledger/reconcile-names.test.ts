// A name has no place in the ledger: who is renamed between two looks must not pass for a drift, nor get the old name
// back.
import { test } from 'tap'
import { BoardHistory } from '../../src/leaderboard/boards/board-history.ts'
import { reconcile, type Drift } from '../../src/leaderboard/ledger/reconcile.ts'
import { namesOfUsers, replay, replayUsers } from '../../src/ledger/replay.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { createReconcile } from '../../src/redis/ledger/reconcile.ts'
import { know } from '../harness/servers/know.ts'
import { archived, startTestArchiver } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'

test('users who are renamed while they are looked at', async (t) => {
  const redis = await startRedis(t)
  const { database } = await startPostgres(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['all'] })
  const { name } = board
  const keys = boardKeys(name)
  await know(database, board)
  await store.boards.apply(board, { ifRevision: undefined, isCorrupting: false, anew: false })
  startTestArchiver(t, { redis, database, boards: () => [name] })
  const rename = async (user: string, username: string) =>
    await store.applyIncrement(board, increment(user, 1, { username }))
  await rename('ada', 'Ada 0')
  await rename('bob', 'Bob')

  const history = new BoardHistory([{ fromMs: 0, board }])
  const range = { board: name, sinceMicros: 0 }
  let renames = 0
  /** Ada has another name after each look. */
  const run = async (apply: boolean) => {
    await archived(redis, name)
    const drifts: Drift[] = []
    await reconcile({
      history,
      windows: ['all'],
      store: createReconcile(redis.client, history),
      ledger: {
        replay: async (take) => await replay(database, range, take),
        async usersUpTo (userIds, upTo) {
          await archived(redis, name)
          return await replayUsers(database, range, { userIds, upTo })
        },
        async namesOf (userIds) {
          await rename('ada', `Ada ${++renames}`)
          await archived(redis, name)
          const names = await namesOfUsers(database, name, userIds)
          await rename('ada', `Ada ${++renames}`)
          return names
        }
      },
      apply,
      onDrift: (drift) => drifts.push(drift)
    })
    return drifts
  }

  t.strictSame(await run(false), [], 'it is no drift')
  t.ok(renames > 2, 'though it was looked at again')
  await redis.client.hset(keys.names, 'bob', 'Nobody')
  t.match(await run(false), [{ userId: 'bob', what: 'name', store: 'Nobody', ledger: 'Bob' }], 'that of others is')
  await redis.client.zadd(keys.scores('all'), 1000, 'ada')
  const told = (await run(true)).map(({ userId, what }) => `${userId} ${what}`)
  t.strictSame(told.sort(), ['ada score', 'bob name'])
  t.strictSame(
    await redis.client.hmget(keys.names, 'ada', 'bob'),
    [`Ada ${renames}`, 'Bob'],
    'and a repair leaves the name of now'
  )
  t.equal(await redis.client.zscore(keys.scores('all'), 'ada'), String(renames + 1))
})
