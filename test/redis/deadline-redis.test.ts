// Tests of redis, deadline redis: how long a connection waits for Redis.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { openForWork } from '../../src/redis/connection.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { eventually } from '../harness/eventually.ts'

/** Does nothing else meanwhile, as a process that compiles or is preempted. */
function standStill (ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test('how long a connection waits for Redis', { timeout: 60_000 }, async (t) => {
  const server = await startRedis(t)
  const timeoutMs = 500
  const { redis, end } = await openForWork({ url: server.url, name: 'patience', timeoutMs })
  t.teardown(end)
  const id = await redis.client('ID')

  await t.test('what arrived while this process stood still is an answer', async (t) => {
    for (const ms of [timeoutMs + 100, 4 * timeoutMs]) {
      const answers = Array.from({ length: 3 }, async () => await redis.ping())
      standStill(ms)
      t.strictSame(await Promise.all(answers), ['PONG', 'PONG', 'PONG'])
    }
    t.equal(await redis.client('ID'), id, 'over the same connection')
  })

  await t.test('a command is given up, and then a connection on which nothing comes', async (t) => {
    const closed = new Promise((resolve) => {
      redis.once('close', resolve)
    })
    server.signal('SIGSTOP')
    const begun = performance.now()
    await t.rejects(redis.ping(), { message: 'Redis has not answered in time' })
    t.ok(performance.now() - begun >= timeoutMs, 'not before its time')
    await t.rejects(redis.ping(), { message: 'Redis has not answered in time' })
    await closed
    t.ok(performance.now() - begun >= 1.5 * timeoutMs)
    server.signal('SIGCONT')
    while (redis.status !== 'ready') {
      await new Promise((resolve) => {
        redis.once('ready', resolve)
      })
    }
    t.equal(await redis.ping(), 'PONG')
    t.not(await redis.client('ID'), id)
  })

  await t.test('slow answers are no silence', async (t) => {
    const before = await redis.client('ID')
    const asked = performance.now()
    const answers = []
    const script =
      "local begun = redis.call('TIME') repeat local now = redis.call('TIME') until (now[1] - begun[1]) * 1e6 + now[2] - begun[2] > 1e5"
    while (performance.now() - asked < 3 * timeoutMs) answers.push(await redis.eval(script, 0))
    t.ok(answers.length > 1)
    t.equal(await redis.client('ID'), before)
  })
})

test('whoever closes a connection that is being made again leaves nobody waiting', { timeout: 60_000 }, async (t) => {
  const server = await startRedis(t)
  for (const between of ['connect', 'reconnecting'] as const) {
    const sockets = new Set<Socket>()
    let isMute = false
    const proxy = createServer((near) => {
      sockets.add(near.on('error', () => {}))
      if (!isMute) near.pipe(connect(server.url)).pipe(near)
    }).listen(0, '127.0.0.1')
    t.teardown(() => proxy.close())
    await once(proxy, 'listening')
    const { redis, end } = await openForWork({
      url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      name: 'patience',
      timeoutMs: 30_000
    })
    const answer = redis.blpop('nothing', 0)
    await delay(50)
    isMute = true // one that takes connections and says nothing
    if (between === 'reconnecting') proxy.close() // nobody there
    for (const socket of sockets) socket.destroy()
    await eventually(() => redis.status === between, 'the connection has come so far', { everyMs: 1 })
    end()
    await t.rejects(answer, between)
    for (const socket of sockets) socket.destroy()
  }
})
