// The stream of server-sent events on a real node.
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { watch, watchEvents } from '../../harness/clients/watcher.ts'
import { eventually } from '../../harness/eventually.ts'

test('/sse/scoreboard', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const raise = async (user: string, increment: number) =>
    await node.call('POST', '/v1/boards/main/increments', { token: node.token(user), body: { increment } })

  await t.test('tells what the WebSocket tells, in headers that no proxy holds back', async (t) => {
    const [stream, socket] = [await watchEvents(t, node.url), await watch(t, node.url)]
    t.match(stream.headers, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      connection: 'close'
    })
    t.equal(stream.headers['transfer-encoding'], undefined)
    await stream.until(({ event }) => event === 'snapshot')
    for (let n = 1; n <= 3; n++) {
      await raise('ada', 1)
      for (const watcher of [stream, socket]) await watcher.until(({ top_scores: rows }) => rows?.[0]?.score === n)
    }
    t.strictSame(stream.messages, socket.messages)
    t.strictSame(stream.ids, stream.messages.map(({ epoch, version }) => `${epoch}-${version}`))
  })

  await t.test('who comes back with the last id gets nothing twice', async (t) => {
    const first = await watchEvents(t, node.url)
    await first.until(({ event }) => event === 'snapshot')
    const id = first.ids.at(-1)!
    first.response.destroy()
    const again = await watchEvents(t, node.url, '', { headers: { 'last-event-id': id }, heartbeats: true })
    t.match(await again.until(() => true), { event: 'heartbeat', version: first.messages[0]!.version })
    await raise('ada', 1)
    t.match(await again.until(({ event }) => event === 'update'), { version: first.messages[0]!.version + 1 })
    const behind = await watchEvents(t, node.url, '', { headers: { 'last-event-id': id } })
    t.match(await behind.until(() => true), { event: 'snapshot' })
    const foreign = await watchEvents(t, node.url, '', { headers: { 'last-event-id': 'something else' } })
    t.match(await foreign.until(() => true), { event: 'snapshot' })
  })

  await t.test('what cannot be watched is a status with a reason', async (t) => {
    const cases: [string, number, string][] = [
      ['/sse/scoreboard?board=nope', 404, 'unknown_board'],
      ['/sse/scoreboard?window=decade', 400, 'invalid_request'],
      ['/sse/scoreboard?window=day', 400, 'invalid_request'],
      ['/sse/scoreboard?bord=main', 400, 'invalid_request'],
      ['/sse/scoreboard?board=main&board=main', 400, 'invalid_request'],
      ['/sse/scoreboard?me=2', 400, 'invalid_request'],
      ['/sse/scoreboard?feed=all', 400, 'invalid_request'],
      ['/sse/scoreboard?me=1', 401, 'missing_token'],
      ['/sse/scoreboard?segment=region:eu', 400, 'invalid_request']
    ]
    for (const [path, status, code] of cases) {
      const answer = await node.call('GET', path)
      t.strictSame([answer.status, answer.body.code], [status, code], path)
      t.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    }
    t.equal((await node.call('POST', '/sse/scoreboard')).status, 405)
    t.equal((await node.call('HEAD', '/sse/scoreboard')).status, 405)
  })

  await t.test('it is a plain body until the connection ends, for HTTP/1.0 too', async (t) => {
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write('GET /sse/scoreboard HTTP/1.0\r\n\r\n')
    let text = ''
    while (!text.includes('\n\n')) text += String((await once(socket, 'data'))[0])
    t.match(text, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nid: /)
  })

  await t.test('an answer still to come on the same connection is not overtaken', async (t) => {
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write(
      'GET /v1/boards/main/users/ada HTTP/1.1\r\nHost: x\r\n\r\nGET /sse/scoreboard HTTP/1.1\r\nHost: x\r\n\r\n'
    )
    let text = ''
    while (text.split('HTTP/1.1 ').length < 3) text += String((await once(socket, 'data'))[0])
    t.match(text, /^HTTP\/1.1 200 OK[^]*"user_id":"ada"[^]*HTTP\/1.1 400 Bad Request[^]*connection/)
  })

  await t.test('a client that leaves is forgotten', async (t) => {
    const sockets = async () => Number(/^scorewire_sockets (\d+)/m.exec((await node.call('GET', '/metrics')).text)![1])
    const before = await sockets()
    const streams = [await watchEvents(t, node.url), await watchEvents(t, node.url)]
    t.equal(await sockets(), before + 2)
    for (const { response } of streams) response.destroy()
    await eventually(async () => await sockets() <= before, 'the sockets are closed')
  })
})
