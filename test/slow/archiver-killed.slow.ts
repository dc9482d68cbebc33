// A worker that is killed over and over, wherever it happens to be: nothing is lost, nothing is doubled, nothing is
// left.
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { ARCHIVE_GROUP, boardKeys } from '../../src/redis/keys.ts'
import { archived, streamOf } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { defaultBoards } from '../../src/leaderboard/boards/board.ts'
import { increment, openTestStore } from '../harness/servers/store.ts'
import { startWorker } from '../harness/servers/worker-process.ts'
import { eventually } from '../harness/eventually.ts'

const ACTIONS = 60_000
const USERS = 500
const KILLS = 25

test('an archiver killed with -9 twenty-five times over 60,000 actions', { timeout: 600_000 }, async (t) => {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t, { durable: true })
  const store = await openTestStore(t, redis.url)
  const board = { ...defaultBoards().default, quota: { increments: 1_000_000, per_seconds: 3600 } }
  const stream = streamOf(redis)
  const env = { REDIS_URL: redis.url, DATABASE_URL: postgres.url }
  const points = new Map<string, number>()
  let sent = 0

  /** Sends an action until it has counted, as clients do: on a busy machine some are told to come back. */
  async function insist (one: ReturnType<typeof increment>): Promise<void> {
    for (;;) {
      const outcome = await store.applyIncrement(board, one).catch(() => undefined)
      if (outcome?.result === 'applied' || outcome?.result === 'replayed') return
      if (outcome !== undefined) throw new Error(`an action was ${outcome.result}`)
      await delay(20)
    }
  }

  /** Some actions of random users; every tenth is sent twice, as clients do. */
  async function act (count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, async () => {
      const n = sent++
      const user = `user-${Math.floor(Math.random() * USERS)}`
      const one = increment(user, 1 + n % 10, { actionId: `action-${n}`, username: `Name of ${user}` })
      await insist(one)
      points.set(user, (points.get(user) ?? 0) + 1 + n % 10)
      if (n % 10 === 0) await insist(one)
    }))
  }

  const rows = async () =>
    (await postgres.database.query<{ n: number }>('SELECT count(*)::integer AS n FROM score_events'))[0]!.n
  const kept = { unread: 0, unsettled: 0 }
  for (let kills = 0; kills < KILLS; kills++) {
    const worker = await startWorker(t, env)
    const writing = (async () => {
      while (sent < Math.min(ACTIONS, (kills + 1) * ACTIONS / KILLS)) await act(400)
    })()
    // Its predecessor's lease runs out in the meantime; then it is killed at any moment of its work.
    const before = await rows()
    await eventually(async () => await rows() !== before, 'rows are added')
    await delay(Math.random() * 120)
    await worker.stop('SIGKILL')
    await writing
    if ((await stream.backlog(board.name)).waiting > 0) kept.unread++
    if (Number((await redis.client.xpending(boardKeys(board.name).ledger, ARCHIVE_GROUP))[0]) > 0) kept.unsettled++
    // As if the lease had run out: what it guards has to hold without it.
    await redis.client.del(boardKeys(board.name).archiver)
  }
  t.comment(JSON.stringify(kept))
  t.ok(kept.unread > KILLS / 2, 'there was work left')
  t.ok(kept.unsettled > 0, 'and some of it was under way')

  const last = await startWorker(t, env)
  await archived(redis, board.name)
  t.equal(sent, ACTIONS)
  t.equal(await rows(), ACTIONS, 'rows are actions')
  t.strictSame(
    await postgres.database.query(
      'SELECT user_id, sum(delta)::integer AS sum FROM score_events GROUP BY 1 EXCEPT SELECT user_id, score::integer FROM users_scores'
    ),
    [],
    'sums are scores'
  )
  t.strictSame(
    await postgres.database.query('SELECT user_id, action_id FROM score_events GROUP BY 1, 2 HAVING count(*) > 1'),
    [],
    'nothing twice'
  )
  const scores = await postgres.database.query<{ user_id: string, username: string, score: number }>(
    'SELECT user_id, username, score::integer FROM users_scores'
  )
  t.strictSame(
    new Map(scores.map(({ user_id: user, score }) => [user, score])),
    points,
    'everybody has what was acknowledged'
  )
  t.ok(scores.every(({ user_id: user, username }) => username === `Name of ${user}`))
  const redisScores = await redis.client.zrange(boardKeys(board.name).scores('all'), '0', '-1', 'WITHSCORES')
  t.strictSame(
    new Map(
      Array.from({ length: redisScores.length / 2 }, (_, n) => [redisScores[2 * n]!, Number(redisScores[2 * n + 1])])
    ),
    points,
    'as the store has'
  )
  t.equal((await redis.client.xpending(boardKeys(board.name).ledger, ARCHIVE_GROUP))[0], 0, 'nothing pending')
  t.match(await stream.backlog(board.name), { waiting: 0, deadLetters: 0 })
  t.equal(await last.stop('SIGTERM'), 0)
})

test('another worker takes over within 30 s, by itself', async (t) => {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t)
  const store = await openTestStore(t, redis.url)
  const { default: board } = defaultBoards()
  const env = { REDIS_URL: redis.url, DATABASE_URL: postgres.url }
  const first = await startWorker(t, env)
  await startWorker(t, env)
  await store.applyIncrement(board, increment('ada'))
  await archived(redis, board.name)
  await first.stop('SIGKILL')
  const killed = performance.now()
  await store.applyIncrement(board, increment('ada'))
  await archived(redis, board.name)
  t.ok(performance.now() - killed < 30_000)
})
