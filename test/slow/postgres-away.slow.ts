// PostgreSQL is stopped for a minute under load: writes go on, and afterwards every action is in the ledger, once.
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { boardKeys } from '../../src/redis/keys.ts'
import { archived, streamOf } from '../harness/servers/ledger.ts'
import { startNode } from '../harness/servers/node.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { eventually } from '../harness/eventually.ts'

const AWAY_MS = 60_000
const USERS = 8

test('PostgreSQL is away for a minute', { timeout: 300_000 }, async (t) => {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t, { durable: true })
  const file = `${
    t.testdir({
      'boards.json': JSON.stringify({ boards: { main: { quota: { increments: 1_000_000, per_seconds: 60 } } } })
    })
  }/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { DATABASE_URL: postgres.url, BOARDS_FILE: file } })
  const load = { isGoing: true }
  const acknowledged = new Map<string, number>()
  const refusals: unknown[] = []
  const writers = Array.from({ length: USERS }, async (_, w) => {
    const user = `user-${w}`
    const token = node.token(user)
    for (let n = 0; load.isGoing;) {
      const { status, body } = await node.call('POST', '/v1/boards/main/increments', {
        token,
        body: { action_id: `${user}-${n}` }
      })
      if (status === 200) acknowledged.set(user, ++n)
      else refusals.push(body)
    }
  })
  const total = () => [...acknowledged.values()].reduce((sum, n) => sum + n, 0)
  await eventually(() => total() >= 500, 'so many actions are archived', { withinMs: 250_000 })
  await postgres.stop('SIGQUIT')
  const before = total()
  await delay(AWAY_MS)
  const meanwhile = total() - before
  t.ok((await streamOf(redis).backlog('main')).waiting >= meanwhile / 2, 'what happens waits')
  await postgres.start()
  await eventually(() => total() >= before + meanwhile + 500, 'so many actions are archived', { withinMs: 250_000 })
  load.isGoing = false
  await Promise.all(writers)
  await archived(redis, 'main')
  t.comment(`${meanwhile} writes while it was away, ${total()} in all`)
  t.ok(meanwhile > 1000, 'writes went on')
  t.strictSame(refusals, [])
  const rows = await postgres.database.query<{ user_id: string, n: number, sum: number, score: number }>(
    'SELECT e.user_id, count(*)::integer AS n, sum(delta)::integer AS sum, max(s.score)::integer AS score FROM score_events e JOIN users_scores s USING (board, user_id) GROUP BY 1'
  )
  t.strictSame(new Map(rows.map(({ user_id: user, n }) => [user, n])), acknowledged, 'rows are actions')
  t.ok(rows.every(({ n, sum, score }) => n === sum && n === score))
  t.equal(await redis.client.xlen(boardKeys('main').deadLetters), 0)
})
