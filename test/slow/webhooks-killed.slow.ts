// Workers that are killed over and over while they tell and deliver: every event arrives, each with one id.
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { secretOf } from '../../src/leaderboard/webhooks/webhook.ts'
import { startNode } from '../harness/servers/node.ts'
import { answer, isSigned, startReceiver } from '../harness/servers/receiver.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { startWorker } from '../harness/servers/worker-process.ts'
import { eventually } from '../harness/eventually.ts'

const KILLS = 5
const USERS = 120
const SECRET = secretOf(Buffer.alloc(32, 1))

test('a worker killed with -9 in the middle of telling and delivering', { timeout: 240_000 }, async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url, env: { ROLES: 'api' } })
  const receiver = await startReceiver(t)
  const token = node.token('boss', { scope: 'admin' })
  const events = ['user.flagged', 'top.changed', 'season.closed']
  await node.call('PUT', '/v1/boards/main', { token, body: { velocity: { points: 5, per_seconds: 3600 } } })
  for (const name of ['first', 'second']) {
    await node.call('PUT', `/v1/boards/main/webhooks/${name}`, {
      token,
      body: { url: `${receiver.url}?${name}`, events, secret: SECRET }
    })
  }
  // Some attempts are under way when their worker dies, and some fail.
  let requests = 0
  receiver.behave((response) => {
    setTimeout(() => response.writeHead(requests++ % 11 === 0 ? 500 : 204).end(), 30)
  })

  const env = { REDIS_URL: redis.url, WEBHOOK_TIMEOUT_MS: '500', NODE_ENV: 'test' }
  let sent = 0
  const raise = async () => {
    const user = `user-${sent++}`
    for (const action of ['a', 'b']) {
      await node.call('POST', '/v1/boards/main/increments', {
        token: node.token(user),
        body: { action_id: action, increment: 3 }
      })
    }
  }
  for (let kills = 0; kills < KILLS; kills++) {
    const before = receiver.received.length
    const worker = await startWorker(t, env)
    const writing = (async () => {
      for (let n = 0; n < USERS / KILLS; n++) await raise()
    })()
    await eventually(() => receiver.received.length !== before, 'a delivery has come')
    await delay(Math.random() * 300)
    await worker.stop('SIGKILL')
    await writing
    await redis.client.del('sw:{main}:publisher') // as if its lease had run out: what it guards has to hold without it
  }

  const last = await startWorker(t, env)
  const flaggedBy = (name: string) =>
    receiver.received.filter(({ path, body }) => path.endsWith(`?${name}`) && body.type === 'user.flagged')
  const top = (await node.call('GET', '/v1/boards/main/top')).body.top_scores
  const isTold = (name: string) =>
    new Set(flaggedBy(name).map(({ body }) => body.data.user_id)).size === USERS &&
    receiver.received.some(({ path, body }) =>
      path.endsWith(`?${name}`) && body.type === 'top.changed' &&
      JSON.stringify(body.data.top_scores) === JSON.stringify(top)
    )
  await eventually(() => isTold('first') && isTold('second'), 'both events are delivered')
  // What has failed is tried again within minutes, which are not waited for.
  receiver.behave(answer(204))
  for (const key of ['sw:{main}:webhook-due:first', 'sw:{main}:webhook-due:second']) {
    while (await redis.client.zcard(key) > 0) {
      // One that was under way until now may still be put off.
      for (const id of await redis.client.zrangebyscore(key, Date.now() + 10_000, '+inf')) {
        await redis.client.zadd(key, 'XX', 1, id)
      }
      await delay(50)
    }
  }

  const idsOf = new Map<string, Set<string>>()
  for (const { id, body } of receiver.received.filter(({ body }) => body.type === 'user.flagged')) {
    idsOf.set(body.data.user_id, (idsOf.get(body.data.user_id) ?? new Set()).add(id))
  }
  t.equal(sent, USERS)
  t.equal(idsOf.size, USERS, 'everybody who was flagged is told of')
  t.ok([...idsOf.values()].every((ids) => ids.size === 1), 'by one id, to both, however often')
  t.ok(receiver.received.every((received) => isSigned(received, SECRET)))
  const twice = receiver.received.length - new Set(receiver.received.map(({ id, path }) => `${path} ${id}`)).size
  t.comment(`${receiver.received.length} requests, ${twice} of them repeated`)
  t.equal(
    (await node.call('GET', '/v1/boards/main/webhooks', { token })).body.webhooks.every((
      { dropped }: { dropped: number }
    ) => dropped === 0),
    true
  )
  t.equal(await last.stop('SIGTERM'), 0)
})
