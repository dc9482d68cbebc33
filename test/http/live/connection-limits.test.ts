// Which live connections are refused, and which tokens they may bring.
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { refusal, watch, watchEvents } from '../../harness/clients/watcher.ts'
import { eventually } from '../../harness/eventually.ts'

const snapshot = ({ event }: { event: string }) => event === 'snapshot'

test('who may connect', async (t) => {
  const redis = await startRedis(t)

  await t.test('a page of the service itself may, one of another origin may not', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url })
    const { host } = new URL(node.url)
    const hostile = [
      'https://evil.example',
      `https://${host}.evil.example`,
      `https://evil.example/${host}`,
      `https://${host}@evil.example`,
      'null',
      'file://',
      '',
      `${host}`,
      `http://localhost:${new URL(node.url).port}`,
      'http://127.0.0.1',
      'http://127.0.0.1:1',
      '*',
      `http://${host}, http://evil.example`
    ]
    for (const origin of hostile) {
      const { status, body } = await refusal(node.url, '', { headers: { origin } })
      t.strictSame([status, body.code], [403, 'forbidden_origin'], JSON.stringify(origin))
      t.equal((await watchEvents(t, node.url, '', { headers: { origin } })).status, 403)
    }
    for (
      const scheme of ['http', 'https']
    ) { await (await watch(t, node.url, '', { headers: { origin: `${scheme}://${host}` } })).until(snapshot) }
    await (await watch(t, node.url)).until(snapshot)
  })

  await t.test('ALLOWED_ORIGINS are exact, and the only ones', async (t) => {
    const node = await startNode(t, {
      redisUrl: redis.url,
      env: { ALLOWED_ORIGINS: 'https://game.example, http://localhost:5173' }
    })
    for (const origin of ['https://game.example', 'http://localhost:5173']) {
      await (await watch(t, node.url, '', { headers: { origin } })).until(snapshot)
      const stream = await watchEvents(t, node.url, '', { headers: { origin } })
      await stream.until(snapshot)
      t.equal(stream.headers['access-control-allow-origin'], origin)
      const { headers } = await node.call('GET', '/v1/boards/main/top', { headers: { origin } })
      t.equal(headers.get('access-control-allow-origin'), origin)
      t.match(headers.get('access-control-expose-headers'), 'etag')
    }
    const foreign = [
      'https://game.example:8443',
      'http://game.example',
      'https://sub.game.example',
      'https://game.example.evil.example',
      node.url
    ]
    for (const origin of foreign) {
      t.equal((await refusal(node.url, '', { headers: { origin } })).status, 403, origin)
      const { headers } = await node.call('GET', '/v1/boards/main/top', { headers: { origin } })
      t.equal(headers.get('access-control-allow-origin'), null)
    }
    const preflight = await node.call('OPTIONS', '/v1/boards/main/increments', {
      headers: {
        origin: 'https://game.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type'
      }
    })
    t.equal(preflight.status, 204)
    t.match(preflight.headers.get('access-control-allow-headers'), 'authorization')
    const any = await startNode(t, { redisUrl: redis.url, env: { ALLOWED_ORIGINS: '*' } })
    await (await watch(t, any.url, '', { headers: { origin: 'https://anywhere.example' } })).until(snapshot)
  })

  await t.test('so many connections from one address, and no more until one of them ends', async (t) => {
    const lines: string[] = []
    const node = await startNode(t, {
      redisUrl: redis.url,
      env: { MAX_SOCKETS_PER_IP: '3' },
      log: (line) => lines.push(line)
    })
    const watchers = [await watch(t, node.url), await watch(t, node.url)]
    const stream = await watchEvents(t, node.url)
    const refused = await refusal(node.url)
    t.strictSame([refused.status, refused.body.code, refused.headers['retry-after']], [429, 'rate_limited', '5'])
    const sse = await watchEvents(t, node.url)
    t.equal(sse.status, 429)
    watchers[0]!.socket.terminate()
    stream.response.destroy()
    await eventually(
      async () => !(await node.call('GET', '/metrics')).text.includes('scorewire_sockets 3'),
      'one socket less is counted'
    )
    await eventually(
      async () => !(await node.call('GET', '/metrics')).text.includes('scorewire_sockets 2'),
      'two sockets less are counted'
    )
    for (let n = 0; n < 2; n++) await (await watch(t, node.url)).until(snapshot)
    for (let n = 0; n < 5; n++) {
      t.equal((await refusal(node.url, '', { headers: { 'x-forwarded-for': '192.0.2.1' } })).status, 429)
    }
    t.notOk(lines.some((line) => line.includes('192.0.2.1')))
    t.equal(lines.filter((line) => line.includes('TRUST_PROXY')).length, 1, 'one hint that a proxy may be the reason')
  })

  await t.test('behind a trusted balancer each client has an address of its own, an IPv6 network being one', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url, env: { MAX_SOCKETS_PER_IP: '1', TRUST_PROXY: 'loopback' } })
    const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } })
    for (
      const ip of [
        '192.0.2.1',
        '192.0.2.2',
        '2001:db8::1',
        '2001:db8:0:1::1',
        '::ffff:192.0.2.3',
        '2001:db8:1:2:3:4:5:6'
      ]
    ) await (await watch(t, node.url, '', from(ip))).until(snapshot)
    for (
      const ip of ['192.0.2.1', '2001:db8::2', '2001:db8:0:0:ffff::', '2001:DB8:0:1:2::', '192.0.2.3', '2001:db8:1:2::']
    ) t.equal((await refusal(node.url, '', from(ip))).status, 429, ip)
  })

  await t.test('a full node and a rush of handshakes are told to come back', async (t) => {
    const full = await startNode(t, { redisUrl: redis.url, env: { MAX_SOCKETS: '2' } })
    await watch(t, full.url)
    await watch(t, full.url)
    const refused = await refusal(full.url)
    t.strictSame([refused.status, refused.body.code, refused.headers['retry-after']], [503, 'unavailable', '5'])
    const rushed = await startNode(t, { redisUrl: redis.url, env: { MAX_HANDSHAKES_PER_SECOND: '5' } })
    const streams = await Promise.all(Array.from({ length: 12 }, async () => await watchEvents(t, rushed.url)))
    t.ok(streams.some(({ status, headers }) => status === 503 && headers['retry-after'] === '1'))
    await delay(1000)
    await (await watch(t, rushed.url)).until(snapshot)
  })

  await t.test('no address uses up the handshakes of all', async (t) => {
    const node = await startNode(t, {
      redisUrl: redis.url,
      env: { MAX_HANDSHAKES_PER_SECOND: '10', MAX_SOCKETS_PER_IP: '4', TRUST_PROXY: 'loopback' }
    })
    for (let round = 0; round < 3; round++) {
      const greedy = await Promise.all(
        Array.from(
          { length: 20 },
          async () => await watchEvents(t, node.url, '', { headers: { 'x-forwarded-for': '192.0.2.1' } })
        )
      )
      t.ok(greedy.some(({ status }) => status === 429) && greedy.every(({ status }) => status !== 503))
      t.equal(
        (await watchEvents(t, node.url, '', { headers: { 'x-forwarded-for': `192.0.2.${10 + round}` } })).status,
        200
      )
      for (const { response } of greedy) response.destroy()
    }
  })

  await t.test('a client that compresses less than the shared messages gets them plain', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url })
    for (
      const [offer, answer] of [['permessage-deflate; server_max_window_bits=10', undefined], [
        'permessage-deflate; server_max_window_bits=15',
        /permessage-deflate/
      ], ['permessage-deflate; client_max_window_bits', /server_no_context_takeover/]] as const
    ) {
      const sent = request(`${node.url}/ws/scoreboard`, {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-extensions': offer
        }
      }).end()
      const [{ statusCode, headers }, socket] = await once(sent, 'upgrade') as [IncomingMessage, Socket]
      socket.destroy()
      t.equal(statusCode, 101)
      t.match(headers['sec-websocket-extensions'], answer, offer)
    }
  })

  await t.test('a request for another upgrade is answered as if it did not ask', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url })
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA'
    }
    for (
      const [method, path, body] of [['GET', '/v1/boards/main/top', ''], [
        'POST',
        '/v1/boards/main/increments',
        '{"increment":2}'
      ], ['GET', '/ws/scoreboard', '']] as const
    ) {
      const sent = request(node.url + path, {
        method,
        headers: {
          ...headers,
          authorization: `Bearer ${node.token('ada')}`,
          ...(body && { 'content-type': 'application/json' })
        }
      }).end(body)
      const [response] = await once(sent, 'response') as [IncomingMessage]
      t.equal(response.statusCode, path.startsWith('/ws') ? 426 : 200, path)
      response.resume()
    }
  })

  await t.test('an upgrade that never becomes a request is closed', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url })
    const upgrade = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
    const sockets = [
      `GET /v1/boards/main/users/nobody HTTP/1.1\r\nHost: x\r\n\r\n${upgrade('/ws/scoreboard')}`,
      upgrade('/ws/%'),
      upgrade('/nothing')
    ].map((bytes) => {
      const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
      socket.resume().on('error', () => {}).write(bytes)
      return once(socket, 'close')
    })
    await Promise.all(sockets)
    await node.close()
  })

  await t.test('an upgrade that is none leaves nothing behind', async (t) => {
    const node = await startNode(t, { redisUrl: redis.url, env: { MAX_SOCKETS_PER_IP: '1' } })
    const { port } = new URL(node.url)
    const bad = [
      'Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short',
      'Sec-WebSocket-Version: 13'
    ]
    for (const fields of bad) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(
        `GET /ws/scoreboard HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}\r\n\r\n`
      )
      t.match(String((await once(socket, 'data'))[0]), /^HTTP\/1.1 400/)
      await once(socket, 'close')
    }
    await (await watch(t, node.url)).until(snapshot)
  })
})

test('tokens of live connections', async (t) => {
  const redis = await startRedis(t)
  const file = `${
    t.testdir({ 'boards.json': JSON.stringify({ boards: { main: {}, closed: { visibility: 'authenticated' } } }) })
  }/boards.json`
  const lines: string[] = []
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file }, log: (line) => lines.push(line) })
  const token = node.token('ada')

  await t.test('come in the header, as a subprotocol, or in the query', async (t) => {
    const ways = [
      ['', { headers: { authorization: `Bearer ${token}` } }],
      ['', { protocols: ['scorewire.v1', `bearer.${token}`] }],
      [`&token=${token}`, {}]
    ] as const
    for (
      const [query, { protocols, headers }] of ways.map(([query, way]) =>
        [query, { protocols: [], headers: {}, ...way }] as const
      )
    ) {
      const watcher = await watch(t, node.url, `?board=closed&me=1${query}`, { protocols: [...protocols], headers })
      t.match(await watcher.until(({ event }) => event === 'you'), { user_id: 'ada', score: 0, rank: null })
      t.equal(watcher.socket.protocol, protocols.length > 0 ? 'scorewire.v1' : '', 'the token is not the protocol')
      if (protocols.length === 0) {
        const stream = await watchEvents(t, node.url, `?board=closed&me=1${query}`, { headers })
        t.match(await stream.until(({ event }) => event === 'you'), { user_id: 'ada' })
      }
    }
    t.notOk(lines.some((line) => line.includes(token)), 'and stay out of the log')
  })

  await t.test('a board that is not public takes one, wherever it is read', async (t) => {
    t.match(await (await watch(t, node.url, '?board=closed')).closed, { code: 4403 })
    t.equal((await watchEvents(t, node.url, '?board=closed')).status, 401)
    for (const path of ['/v1/boards/closed/top', '/v1/boards/closed/users/ada']) {
      t.strictSame((await node.call('GET', path)).body.code, 'missing_token', path)
      t.strictSame((await node.call('GET', path, { token: 'nonsense' })).body.code, 'invalid_token', path)
      t.not((await node.call('GET', path, { token })).status, 401, path)
    }
    t.equal((await node.call('GET', '/v1/boards/closed/top', { token })).status, 200)
    const closed = await startNode(t, {
      redisUrl: (await startRedis(t)).url,
      env: {
        BOARDS_FILE: `${t.testdir({ 'boards.json': '{"boards":{"main":{"visibility":"authenticated"}}}' })}/boards.json`
      }
    })
    const contracts = {
      '/scoreboard': 401,
      '/api/v1/scoreboard': 401,
      '/api/scores/top': 403,
      '/scores': 401,
      '/api/top-scores': 401
    }
    for (const [path, status] of Object.entries(contracts)) {
      t.equal((await closed.call('GET', path)).status, status, path)
      t.equal((await closed.call('GET', path, { token })).status, 200, path)
    }
  })

  await t.test('a wrong one is refused also where none is needed', async (t) => {
    t.match(await (await watch(t, node.url, '?token=nonsense')).closed, { code: 4403 })
    t.match(await (await watch(t, node.url, '', { protocols: ['scorewire.v1', 'bearer.nonsense'] })).closed, {
      code: 4403
    })
    t.match(await (await watch(t, node.url, '?me=1')).closed, { code: 4403, reason: /token/ })
    const expired = node.server.jwt.sign({ sub: 'ada' }, { expiresIn: -60 })
    t.match(await (await watch(t, node.url, `?token=${expired}`)).closed, { code: 4401 })
    t.equal((await watchEvents(t, node.url, `?token=${expired}`)).status, 401)
    t.equal((await watchEvents(t, node.url, '?me=1')).status, 401)
  })

  await t.test('when one ends, so does the connection', { timeout: 60_000 }, async (t) => {
    // Five seconds of tolerance are granted to clocks that differ: it is good for ten, in which a busy machine
    // connects both.
    const short = node.server.jwt.sign({ sub: 'ada' }, { expiresIn: 5 })
    const [watcher, stream] = [
      await watch(t, node.url, `?token=${short}`),
      await watchEvents(t, node.url, `?token=${short}`)
    ]
    await watcher.until(snapshot)
    t.match(await watcher.closed, { code: 4401 })
    await stream.ended
    t.match((await node.call('GET', '/metrics')).text, /^scorewire_ended_total\{why="4401"\} [2-9]/m)
  })
})
