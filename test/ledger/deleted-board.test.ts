// What is not archived when a board is deleted.
import { test } from 'tap'
import { boardKeys } from '../../src/redis/keys.ts'
import { startNode } from '../harness/servers/node.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { eventually } from '../harness/eventually.ts'

test('a board that is deleted while PostgreSQL is away', async (t) => {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t, { migrated: false })
  const env = { DATABASE_URL: postgres.url }
  const node = await startNode(t, { redisUrl: redis.url, env })
  const admin = node.token('boss', { scope: 'admin' })
  const { ledger, deadLetters } = boardKeys('gone')
  const put = async (rules: object) => (await node.call('PUT', '/v1/boards/gone', { token: admin, body: rules })).status
  const raise = async (user: string) =>
    (await node.call('POST', '/v1/boards/gone/increments', { token: node.token(user), body: {} })).status
  const count = async (user: string) =>
    (await postgres.database.query<{ n: number }>(
      "SELECT count(*)::integer AS n FROM score_events WHERE board = 'gone' AND user_id = $1",
      [user]
    ))[0]!.n
  const scored = async () =>
    (await postgres.database.query<{ user_id: string }>("SELECT user_id FROM users_scores WHERE board = 'gone'")).map((
      { user_id: user }
    ) => user)
  const until = async (fits: () => Promise<boolean>) => {
    await eventually(async () => await fits(), 'what is waited for is so')
  }
  const opened = async () => await redis.client.sismember('sw:ledgers', 'gone') === 1

  t.equal(await put({}), 201)
  await until(opened) // the worker has taken it over, before its first write
  t.equal(await put({ order: 'asc', operator: 'best' }), 200, 'and its stream is no score')
  t.equal(await put({}), 200)
  t.equal(await raise('ada'), 200)
  t.equal(await put({ order: 'asc', operator: 'best' }), 409, 'which an entry is')
  await until(async () => await count('ada') === 1)
  await postgres.stop()
  for (let n = 0; n < 20; n++) t.equal(await raise('ada'), 200)
  await redis.client.xadd(deadLetters, '*', 'entry', '1-0', 'why', 'a test')
  t.equal((await node.call('DELETE', '/v1/boards/gone', { token: admin })).status, 204)
  t.equal(await redis.client.xlen(ledger), 21, 'keeps its ledger')
  t.strictSame((await redis.client.keys('sw:{gone}:*')).filter((key) => !key.endsWith(':archiver')).sort(), [
    deadLetters,
    ledger,
    'sw:{gone}:meta'
  ], 'and nothing else but what could not be archived')

  await t.test('may be made again meanwhile, and has no scores', async (t) => {
    t.equal(await put({}), 201)
    t.equal(await put({ order: 'asc', operator: 'best' }), 200)
    t.equal((await node.call('DELETE', '/v1/boards/gone', { token: admin })).status, 204)
    t.equal(await redis.client.xlen(ledger), 21)
  })

  await t.test('is archived by whoever comes next, and then gone for good', async (t) => {
    await node.close()
    const next = await startNode(t, { redisUrl: redis.url, env })
    await postgres.start()
    await until(async () => !await opened())
    t.equal(await count('ada'), 21)
    t.strictSame(await scored(), [], 'the board has no scores any more')
    t.equal(await redis.client.exists(ledger), 0)
    t.equal((await next.call('GET', '/v1/boards/gone')).status, 404)
  })
})
