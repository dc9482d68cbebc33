// Tests of bench, servers, seed: scores are Pareto's: half are less than twice the least, and few are large.
import { test } from 'tap'
import {
  drawScores,
  headUsers,
  inBatches,
  rankOf,
  seedBoard,
  userIdOf,
  usernameOf
} from '../../../bench/servers/seed.ts'
import { HEAD_SIZE, VISIBLE } from '../../../src/leaderboard/boards/rules.ts'
import { boardKeys } from '../../../src/redis/keys.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'

/** Scores up to `most`, so that many are shared. */
const tied = (members: number, most: number) =>
  Uint32Array.from({ length: members }, (_, user) => 1 + user * 7919 % most)

test("scores are Pareto's: half are less than twice the least, and few are large", async (t) => {
  const scores = drawScores(
    10_000,
    (() => {
      let n = 0
      return () => n++ / 10_000
    })()
  )
  const sorted = scores.toSorted()
  t.equal(sorted[0], 10)
  t.equal(sorted[5000], 17)
  t.equal(sorted[9999], Math.floor(10 * 10_000 ** (1 / 1.2)))
  t.strictSame(drawScores(1, () => 1 - 2 ** -53), Uint32Array.of(1_000_000_000), 'with a limit')
})

test('a seeded board is the one that the same increments make, at the edge of the head and far from it', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  for (
    const scores of [
      tied(50, 7),
      tied(HEAD_SIZE, 3),
      tied(HEAD_SIZE + 1, 1),
      tied(700, 1),
      tied(700, 11),
      tied(900, 899)
    ]
  ) {
    const what = `${scores.length} users, scores up to ${Math.max(...scores)}`
    const [seeded, made] = [freshBoard(), freshBoard()]
    await seedBoard(redis.client, seeded.name, scores)
    await Promise.all(
      [...scores].map(async (score, user) =>
        await store.applyIncrement(made, increment(userIdOf(user), score, { username: usernameOf(user) }))
      )
    )

    const contents = async (board: string) => {
      const keys = boardKeys(board)
      const head = Object.entries(await redis.client.hgetall(keys.head('all')))
      return {
        scores: await redis.client.zrange(keys.scores('all'), '0', '-1', 'WITHSCORES'),
        names: await redis.client.hgetall(keys.names),
        head: head.sort(([, a], [, b]) => Number(a) - Number(b)).map(([user]) => user)
      }
    }
    t.strictSame(await contents(seeded.name), await contents(made.name), what)

    await Promise.all(
      [seeded, made].map(async (board) => await store.applyIncrement(board, increment(userIdOf(scores.length - 1), 3)))
    )
    t.strictSame(
      (await store.readTop(seeded, { window: 'all' })).entries,
      (await store.readTop(made, { window: 'all' })).entries,
      `${what}, one more increment`
    )
  }
})

test('a seeded board is read as a sort by hand has it', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard()
  const scores = tied(2500, 97)
  await seedBoard(redis.client, board.name, scores)
  const sorted = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b)
  t.strictSame(headUsers(scores), sorted.slice(0, HEAD_SIZE))
  const rank = (user: number) => 1 + sorted.findIndex((other) => scores[other] === scores[user])
  const row = (user: number) => ({
    rank: rank(user),
    userId: userIdOf(user),
    username: usernameOf(user),
    score: scores[user]!
  })
  t.strictSame((await store.readTop(board, { window: 'all' })).entries, sorted.slice(0, VISIBLE).map(row))
  for (const user of sorted.filter((_, place) => place % 50 === 0)) {
    t.equal(rankOf(scores, scores[user]!), rank(user))
    t.strictSame(await store.readUser(board, { window: 'all' }, { userId: userIdOf(user), around: 0 }), {
      ...row(user),
      total: scores.length,
      neighbours: []
    })
  }
})

test('batches take every number once', async (t) => {
  for (const count of [0, 1, 1000, 1001, 20_500]) {
    const taken: number[] = []
    await inBatches(count, async (from, till) => {
      for (let n = from; n < till; n++) taken.push(n)
    })
    t.strictSame(taken.sort((a, b) => a - b), Array.from({ length: count }, (_, n) => n), `${count}`)
  }
  await t.rejects(
    inBatches(3, async () => {
      throw new Error('lost')
    }),
    /lost/
  )
})
