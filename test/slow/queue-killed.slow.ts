// Workers of the queue that are killed in the middle of it: what was accepted counts, once, and every receipt says so.
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { Agent, request } from 'node:http'
import { startNode, type TestNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { startWorker } from '../harness/servers/worker-process.ts'
import { eventually } from '../harness/eventually.ts'

const ACTIONS = 20_000
const USERS = 200
const MAX_CONCURRENT = 64
const PATIENCE_MS = 80_000

test('20,000 queued increments, with a worker killed in the middle, and again', { timeout: 550_000 }, async (t) => {
  const redis = await startRedis(t)
  const service = { scope: 'scores:write' }
  const node = await startNode(t, { redisUrl: redis.url, env: { ROLES: 'api' } })
  const token = node.token('game-server', service)
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONCURRENT })
  t.teardown(() => agent.destroy())
  const send = async (method: string, path: string, body?: object) =>
    await call(node, agent, { method, path, token, body })
  const env = { REDIS_URL: redis.url }
  let counted = 0
  const workers = [await startWorker(t, env), await startWorker(t, env)]

  const users = Array.from({ length: ACTIONS }, (_, n) => `user-${n % USERS}`)
  const statuses = new Map<number, number>()
  const sending = each(ACTIONS, async (n) => {
    for (;;) {
      const { status } = await send('POST', '/v1/boards/main/increments', {
        user_id: users[n],
        action_id: `action-${n}`,
        increment: 1 + n % 7
      })
      if (status !== 503) return statuses.set(status, (statuses.get(status) ?? 0) + 1)
      await delay(100)
    }
  })
  for (const part of [1, 2]) {
    await eventually(
      async () => (counted = await redis.client.xlen('sw:{main}:ledger')) >= part * ACTIONS / 4,
      'so many increments have counted',
      { withinMs: 400_000 }
    )
    await eventually(async () => await redis.client.llen('{sw-jobs}:scores:active') !== 0, 'a job is under way', {
      everyMs: 1
    })
    await workers.shift()!.stop('SIGKILL')
    t.ok(await redis.client.llen('{sw-jobs}:scores:active') > 0, `killed after ${counted}, with work under way`)
    workers.push(await startWorker(t, env))
  }
  await sending
  t.strictSame([...statuses], [[202, ACTIONS]], 'all of them were accepted')

  for (
    const end = Date.now() + PATIENCE_MS;
    Date.now() < end && (await redis.client.keys('{sw-jobs}:scores:a*')).some((key) => /:a[\w-]{16}$/.test(key));
  ) await delay(100)
  const entries = await redis.client.xrange('sw:{main}:ledger', '-', '+')
  t.equal(entries.length, ACTIONS, 'each was applied once')
  t.equal(new Set(entries.map(([, fields]) => fields[3])).size, ACTIONS)
  const points = new Map<string, number>()
  for (const [n, user] of users.entries()) points.set(user, (points.get(user) ?? 0) + 1 + n % 7)
  const scores = await redis.client.zrange('sw:{main}:z:all', '0', '-1', 'WITHSCORES')
  t.strictSame(new Map(Array.from({ length: USERS }, (_, n) => [scores[2 * n]!, Number(scores[2 * n + 1])])), points)

  const receipts = new Map<string, number>()
  await each(ACTIONS, async (n) => {
    const { status, body } = await send('GET', `/v1/boards/main/users/${users[n]}/actions/action-${n}`)
    const said = `${status} ${body.status} ${body.increment === 1 + n % 7}`
    receipts.set(said, (receipts.get(said) ?? 0) + 1)
  })
  t.strictSame([...receipts], [['200 applied true', ACTIONS]], 'and its receipt says so')
  for (const list of ['wait', 'active']) t.equal(await redis.client.llen(`{sw-jobs}:scores:${list}`), 0, list)
  for (const set of ['delayed', 'completed', 'failed']) {
    t.equal(await redis.client.zcard(`{sw-jobs}:scores:${set}`), 0, set)
  }
  for (const worker of workers) t.equal(await worker.stop('SIGTERM'), 0)
})

/** Does something for each number, so many at a time. */
async function each (count: number, perform: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, async () => {
    while (next < count) await perform(next++)
  }))
}

interface Call {
  readonly method: string
  readonly path: string
  readonly token: string
  readonly body: object | undefined
}

/** As `node.call`, at a fifth of its cost. */
async function call (
  node: TestNode,
  agent: Agent,
  { method, path, token, body }: Call
): Promise<{ status: number, body: { status?: string, increment?: number } }> {
  return await new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      prefer: 'respond-async',
      ...(body && { 'content-type': 'application/json' })
    }
    const sent = request(node.url + path, { method, agent, headers }, (response) => {
      let text = ''
      response.on('data', (data) => {
        text += data
      })
      response.on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(text) }))
    })
    sent.on('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}
