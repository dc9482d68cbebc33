// Tests of http, redis away: while Redis is away a node says so, stays up, and heals.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { startNode } from '../harness/servers/node.ts'
import { IMPATIENT, startRedis } from '../harness/servers/redis.ts'
import { plantFault } from '../harness/models/scripts.ts'
import { watch } from '../harness/clients/watcher.ts'
import { eventually } from '../harness/eventually.ts'

const INCREMENTS = '/v1/boards/main/increments'

test('while Redis is away a node says so, stays up, and heals', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url, env: IMPATIENT })
  const send = async (action: string) =>
    await node.call('POST', INCREMENTS, { token: node.token('ada'), body: { action_id: action } })
  /** The answer that comes in the end, also of a Redis that a busy machine holds up. */
  const count = async (action: string) => {
    for (;;) {
      const answer = await send(action)
      if (answer.status === 200) return answer
      await delay(20)
    }
  }
  const ready = async () => {
    await eventually(async () => (await node.call('GET', '/readyz')).status === 200, 'the node is ready')
  }
  const watcher = await watch(t, node.url)
  await watcher.until(() => true)
  t.equal((await count('before')).body.new_score, 1)

  await t.test('stopped: 503 unavailable, nothing applied', async (t) => {
    await redis.stop()
    const { status, body, headers } = await send('away')
    t.equal(status, 503)
    t.equal(body.code, 'unavailable')
    t.equal(headers.get('retry-after'), '1')
    t.notMatch(body.detail, /redis|ioredis|ECONN|stream/i)
    const contract = await node.call('POST', '/api/update-score', { token: node.token('ada'), body: {} })
    t.equal(contract.status, 500)
    t.equal(contract.body.error, 'unavailable')
    t.equal((await node.call('GET', '/v1/boards/main/users/ada')).body.code, 'unavailable')
    t.equal((await node.call('GET', '/healthz')).status, 200)
    const notReady = await node.call('GET', '/readyz')
    t.equal(notReady.status, 503)
    t.equal(notReady.body.code, 'unavailable')
    t.equal(watcher.socket.readyState, watcher.socket.OPEN, 'who watches stays')
  })

  await t.test('back again: it heals by itself, and the refused action counts now', async (t) => {
    await redis.start()
    await ready()
    t.equal((await count('before')).body.applied, false)
    t.equal((await count('away')).body.new_score, 2)
    await watcher.until(({ top_scores: rows }) => rows?.[0]?.score === 2)
  })

  await t.test('frozen: 503 outcome_unknown, and the same action converges', async (t) => {
    redis.signal('SIGSTOP')
    const begun = Date.now()
    const unknown = await send('frozen')
    t.equal(unknown.status, 503)
    t.equal(unknown.body.code, 'outcome_unknown')
    t.match(unknown.body.detail, /same action_id/)
    t.ok(unknown.headers.get('retry-after'))
    t.ok(Date.now() - begun < 10_000, 'a write does not wait for Redis to go on')
    const nameless = await node.call('POST', INCREMENTS, { token: node.token('zoe'), body: {} })
    t.ok(
      nameless.status === 503 &&
        (nameless.body.code === 'unavailable' ||
          nameless.body.detail.includes(nameless.headers.get('idempotency-key')!)),
      'who named no action learns its name where it matters'
    )
    redis.signal('SIGCONT')
    await ready()
    t.equal((await count('frozen')).body.new_score, 3, 'it counted once, whether before or now')
    t.equal((await count('frozen')).body.applied, false)
  })

  await t.test('killed with -9 at any time: no acknowledged increment is lost and none is doubled', async (t) => {
    const acknowledged = new Set<string>()
    const stop = new AbortController()
    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let n = 0; !stop.signal.aborted; n++) {
        const action = `${client}-${n}`
        // A client as the contract wants it: the same action again until there is an answer.
        await eventually(
          async () =>
            (await node.call('POST', INCREMENTS, { token: node.token('bob'), body: { action_id: action } })).status ===
              200,
          'it is counted'
        )
        acknowledged.add(action)
      }
    })
    await eventually(() => acknowledged.size > 8, 'more than eight are acknowledged')
    for (let n = 0; n < 4; n++) {
      await delay(150)
      await redis.stop('SIGKILL')
      await redis.start()
    }
    await ready()
    stop.abort()
    await Promise.all(clients)
    t.ok(acknowledged.size > 8, `${acknowledged.size} acknowledged`)
    t.equal(Number(await redis.client.zscore('sw:{main}:z:all', 'bob')), acknowledged.size)
    const ledger = await redis.client.xrange('sw:{main}:ledger', '-', '+')
    const actions = ledger.map(([, fields]) => fields[3]!).filter((action) => acknowledged.has(action))
    t.equal(actions.length, acknowledged.size)
    t.equal(new Set(actions).size, acknowledged.size)
  })
})

test('a read that fails after the write does not deny the write', async (t) => {
  const redis = await startRedis(t)
  const broken = {
    script: 'ranking/read-user.lua',
    sound: "local score = call('ZSCORE', scores, user)",
    faulty: "local score = call('GET', scores)"
  }
  const node = await startNode(t, { redisUrl: redis.url, scripts: await plantFault(t, broken) })
  const { status, body } = await node.call('POST', `${INCREMENTS}?include=rank`, { token: node.token('ada'), body: {} })
  t.equal(status, 200)
  t.match(body, { new_score: 1, applied: true, rank: undefined })

  const blind = {
    script: 'ranking/read-top.lua',
    sound: "local reached = redis.call('HGETALL', head)",
    faulty: "local reached = redis.call('GET', head)"
  }
  const other = await startNode(t, { redisUrl: redis.url, scripts: await plantFault(t, blind) })
  const answer = await other.call('POST', '/scores/update', { token: other.token('ada'), body: { action_id: 'one' } })
  t.equal(answer.status, 503)
  t.match(answer.body, { code: 'outcome_unknown', detail: /has counted/ })
})

test('a refusal of what was sent again does not say that nothing was applied', async (t) => {
  const redis = await startRedis(t)
  let cut = false
  // Hands everything on, and once cuts the line after Redis has answered an increment.
  const proxy = createServer((near) => {
    const far = connect(redis.url)
    near.pipe(far)
    far.on('data', (reply) => {
      if (cut && reply.includes('applied')) {
        cut = false
        redis.client.config('SET', 'maxmemory', '1').then(() => near.destroy(), () => near.destroy())
      } else if (!near.destroyed) near.write(reply)
    })
    near.on('close', () => far.destroy()).on('error', () => {})
    far.on('close', () => near.destroy()).on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => proxy.close())
  const { port } = proxy.address() as { port: number }
  const node = await startNode(t, { redisUrl: `redis://127.0.0.1:${port}`, env: IMPATIENT })
  const send = async () =>
    await node.call('POST', INCREMENTS, { token: node.token('ada'), body: { action_id: 'one', increment: 10 } })
  await node.call('POST', INCREMENTS, { token: node.token('ada'), body: {} })
  cut = true
  const { status, body } = await send()
  t.equal(status, 503)
  t.equal(body.code, 'outcome_unknown')
  t.equal(await redis.client.zscore('sw:{main}:z:all', 'ada'), '11', 'it was applied')
  await redis.client.config('SET', 'maxmemory', '0')
  await eventually(async () => (await node.call('GET', '/readyz')).status === 200, 'the node is ready')
  t.match((await send()).body, { new_score: 11, applied: false })
})
