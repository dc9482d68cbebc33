// Tests of load, traffic, http connection: answers are read in every shape that servers and balancers give them.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test, type Test } from 'tap'
import { HttpConnection, NoAnswer, requestText } from '../../../src/load/traffic/http-connection.ts'

const ASK = requestText('localhost', { method: 'GET', path: '/' })

/** A server that does to each connection what the next of these says. */
async function serve (
  t: Test,
  ...behaviours: ((socket: Socket) => void)[]
): Promise<{ connection: HttpConnection, connections: () => number, heard: () => string }> {
  let [connections, heard] = [0, '']
  const server = createServer((socket) => {
    const behave = behaviours[Math.min(connections++, behaviours.length - 1)]!
    socket.on('error', () => {}).on('data', (text) => {
      heard += text
      behave(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = new HttpConnection(new URL(`http://127.0.0.1:${(server.address() as { port: number }).port}`))
  t.teardown(() => {
    connection.close()
    server.close()
  })
  return { connection, connections: () => connections, heard: () => heard }
}

test('answers are read in every shape that servers and balancers give them', async (t) => {
  for (
    const [name, text, expected] of [
      ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { status: 200, body: 'ok' }],
      ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;x=1\r\n, k\r\n0\r\n\r\n', {
        status: 200,
        body: 'ok, k'
      }],
      ['without a body', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n', { status: 304, body: '' }],
      ['after an interim one', 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n', {
        status: 404,
        body: ''
      }]
    ] as const
  ) {
    const whole = await serve(t, (socket) => socket.write(text))
    t.match(await whole.connection.send(ASK), expected, name)
    t.match(await whole.connection.send(ASK), expected, `${name}, again`)
    t.equal(whole.connections(), 1, 'on the same connection')
    const torn = await serve(t, async (socket) => {
      socket.setNoDelay(true)
      for (const character of text) {
        await new Promise<void>((resolve) => socket.write(character, () => setImmediate(resolve)))
      }
    })
    t.match(await torn.connection.send(ASK), expected, `${name}, byte by byte`)
  }
})

test('a connection that the server closes after its answer is made anew', async (t) => {
  const { connection, connections } = await serve(
    t,
    (socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
  )
  for (const n of [1, 2]) {
    t.match(await connection.send(ASK), { status: 200, body: 'ok' })
    t.equal(connections(), n)
  }
})

test('no answer has a kind, and whether the request may have arrived', async (t) => {
  const none = async (connection: HttpConnection) =>
    await connection.send(ASK).then(
      () => undefined,
      (error: unknown) => error instanceof NoAnswer ? [error.message, error.wasSent] : error
    )
  const closing = await serve(
    t,
    (socket) => socket.end(),
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  )
  t.strictSame(await none(closing.connection), ['connection closed', true])
  t.match(await closing.connection.send(ASK), { status: 200 }, 'the next request has a new connection')
  t.strictSame(await none((await serve(t, (socket) => socket.resetAndDestroy())).connection), ['ECONNRESET', true])
  for (
    const text of [
      '220 mail.example ESMTP\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\nwithout an end',
      `HTTP/1.1 200 OK\r\n${'x'.repeat(70_000)}`,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n'
    ]
  ) {
    t.strictSame(await none((await serve(t, (socket) => socket.write(text))).connection), ['unreadable answer', true])
  }
  const silent = await serve(t, () => {})
  const timer = setInterval(() => silent.connection.expire(50), 10)
  t.strictSame(await none(silent.connection), ['timeout', true])
  clearInterval(timer)
  const gone = await serve(t, () => {})
  gone.connection.close()
  t.strictSame(await none(new HttpConnection(new URL('http://127.0.0.1:1'))), ['ECONNREFUSED', false])
})

test('a request is written with its token and its length in bytes', async (t) => {
  const { connection, heard } = await serve(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
  await connection.send(requestText('scores.example', { method: 'POST', path: '/v1', token: 'a.b.c', body: '"ä"' }))
  t.equal(
    heard(),
    'POST /v1 HTTP/1.1\r\nHost: scores.example\r\nAuthorization: Bearer a.b.c\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n"ä"'
  )
})
