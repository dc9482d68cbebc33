// Tests of http, departure: a node that leaves sends everybody elsewhere, one after the other.
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { refusal, watch, watchEvents } from '../harness/clients/watcher.ts'

const DRAIN_MS = 6000

test('a node that leaves sends everybody elsewhere, one after the other', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url, env: { DRAIN_MS: String(DRAIN_MS) } })
  const sockets = await Promise.all(Array.from({ length: 30 }, async () => await watch(t, node.url)))
  const streams = await Promise.all(Array.from({ length: 10 }, async () => await watchEvents(t, node.url)))
  const mute = await watch(t, node.url)
  mute.socket.pause()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const get = async (path: string) => {
    const [response] = await once(request(node.url + path, { agent }).end(), 'response') as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    return response
  }
  t.equal((await get('/healthz')).headers.connection, 'keep-alive')
  const idle = connect(Number(new URL(node.url).port), '127.0.0.1')
  const slow = request(`${node.url}/v1/boards/main/increments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${node.token('ada')}`, 'content-type': 'application/json', 'content-length': 15 }
  })
  slow.write('{"increment"')
  await Promise.all(sockets.map(async ({ until }) => await until(({ event }) => event === 'snapshot')))

  const begun = performance.now()
  const closedAt = sockets.map(async ({ closed }) => ({ ...await closed, at: performance.now() - begun }))
  const left = node.close()

  t.equal((await get('/readyz')).statusCode, 503)
  const alive = await get('/v1/boards/main/top')
  t.equal(alive.statusCode, 200, 'requests are answered to the last')
  t.equal(alive.headers.connection, 'close', 'and asked to go elsewhere')
  t.strictSame((await refusal(node.url)).status, 503)
  t.equal((await watchEvents(t, node.url)).status, 503)
  for (const { until } of [...sockets, ...streams]) {
    t.match(await until(({ event }) => event === 'reconnect'), { within_ms: DRAIN_MS / 2 })
  }
  slow.end(':2}')
  const [answer] = await once(slow, 'response') as [IncomingMessage]
  t.equal(answer.statusCode, 200, 'a request under way is finished')

  const closes = await Promise.all(closedAt)
  t.ok(closes.every(({ code }) => code === 1012))
  const times = closes.map(({ at }) => at).sort((a, b) => a - b)
  // A busy machine makes them late, but nothing makes them early.
  const all = sockets.length + streams.length + 1
  for (const [n, at] of times.entries()) {
    t.ok(at > DRAIN_MS / 2 * (1 + n / all) - 50, 'first they may go by themselves, then each in its turn')
  }
  for (const { ended, text } of streams) {
    await ended
    t.match(text(), /retry: \d+\n\n$/)
  }
  await left
  t.ok(performance.now() - begun < DRAIN_MS + 20_000, 'neither the mute client nor an idle connection holds the end')
  idle.destroy()
})

test('without a time to drain the end is at once', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const watchers = await Promise.all(Array.from({ length: 5 }, async () => await watch(t, node.url)))
  await node.close()
  for (const { closed } of watchers) t.equal((await closed).code, 1012)
  await t.rejects(delay(0).then(async () => await node.call('GET', '/healthz')))
})
