// Tests of http, edge limit: the edge limit.
import { test } from 'tap'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { refusal } from '../harness/clients/watcher.ts'

test('the edge limit', async (t) => {
  const redis = await startRedis(t)
  const increments = '/v1/boards/main/increments'

  await t.test('counts an address, before any token is looked at', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url, env: { RATE_LIMIT_MAX: '3' } })
    for (let n = 0; n < 3; n++) t.equal((await node.call('POST', increments, { token: 'nonsense' })).status, 401)
    const refused = await node.call('POST', increments, { token: node.token('ada') })
    t.equal(refused.status, 429)
    t.equal(refused.body.code, 'rate_limited')
    t.equal(refused.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    t.ok(Number(refused.headers.get('retry-after')) > 0)
    t.equal(refused.headers.get('ratelimit-limit'), '3')
    t.equal(refused.headers.get('ratelimit-remaining'), '0')
    t.ok(Number(refused.headers.get('ratelimit-reset')) > 0)
    t.equal((await node.call('GET', '/v1/boards/main/top')).status, 429)
    t.equal((await node.call('GET', '/nothing')).status, 429, 'paths that do not exist are counted too')
    t.equal((await node.call('GET', '/docs/static/nothing')).status, 429)
    t.equal((await node.call('GET', '/v1/boards/main/scoreboard/stream')).status, 429)
    t.match(await refusal(node.url), { status: 429, body: { code: 'rate_limited' } }, 'and so are handshakes')
    t.equal((await node.call('GET', '/healthz')).status, 200, 'health is not limited')
    t.equal((await node.call('GET', '/metrics')).status, 200, 'nor are the metrics')
    t.strictSame((await node.call('GET', '/api/top-scores')).body, {
      error: 'rate_limited',
      message: 'This address may send 3 requests a minute.'
    }, 'a contract says it in its own words')
  })

  await t.test('does not count a service whose token was verified before', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url, env: { RATE_LIMIT_MAX: '2' } })
    const token = node.token('game', { scope: 'scores:write' })
    for (let n = 0; n < 6; n++) {
      t.equal((await node.call('POST', increments, { token, body: { user_id: 'ada' } })).status, 200)
    }
  })

  await t.test('believes X-Forwarded-For from a trusted balancer alone', async (t) => {
    const env = { RATE_LIMIT_MAX: '1' }
    const open = await startNode(t, { redisUrl: redis.url, env })
    const behind = await startNode(t, { redisUrl: redis.url, env: { ...env, TRUST_PROXY: '127.0.0.1' } })
    const get = async (node: typeof open, address: string) =>
      (await node.call('GET', '/v1/boards', { headers: { 'x-forwarded-for': address } })).status
    t.strictSame([await get(open, '192.0.2.1'), await get(open, '192.0.2.2')], [200, 429])
    t.strictSame([await get(behind, '192.0.2.1'), await get(behind, '192.0.2.2'), await get(behind, '192.0.2.1')], [
      200,
      200,
      429
    ])
    t.strictSame(
      [await get(behind, '2001:db8::1'), await get(behind, '2001:db8::2')],
      [200, 429],
      'an IPv6 network of 64 bits counts as one'
    )
  })
})
