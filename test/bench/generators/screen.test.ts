// Tests of bench, generators, screen: a screen reads frames of every length, however they are cut.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net'
import { Server as SocketIo } from 'socket.io'
import { test, type Test } from 'tap'
import { Sender, WebSocketServer, type WebSocket } from 'ws'
import { topMessage } from '../../../bench/servers/board.ts'
import { clockMs } from '../../../src/load/clock.ts'
import { Generator } from '../../../bench/generators/screen-processes.ts'
import { Screen, type Tally, type Target } from '../../../bench/generators/screen.ts'

const board = (version: number, score = version) => JSON.stringify(topMessage(version, (row) => row === 0 ? score : 0))
const targetOf = (server: Pick<NetServer, 'address'>, more: Partial<Target> = {}): Target => ({
  port: (server.address() as AddressInfo).port,
  path: '/',
  engineIo: false,
  deflate: false,
  ...more
})

function open (t: Test, target: Target, onTop?: (text: string) => void): { screen: Screen, tally: Tally } {
  const tally = { tops: 0, topBytes: 0, deflating: 0, pings: 0, lost: 0, wrong: 0 }
  const screen = new Screen({
    target,
    tally,
    inspected: true,
    onTop: (_screen, bytes, start, end) => onTop?.(bytes.toString('utf8', start, end))
  })
  t.teardown(() => screen.close())
  return { screen, tally }
}

async function listen (t: Test, perMessageDeflate = false): Promise<WebSocketServer> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: perMessageDeflate && { serverNoContextTakeover: true, threshold: 0 }
  })
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return server
}

async function pong (socket: WebSocket, text: string): Promise<void> {
  socket.ping(text)
  const [data] = await once(socket, 'pong')
  if (String(data) !== text) throw new Error(`a pong with ${data}`)
}

for (const deflate of [false, true]) {
  test(`a screen counts boards, answers pings and sees a version that does not rise (deflate: ${deflate})`, async (t) => {
    const server = await listen(t, deflate)
    const connected = once(server, 'connection')
    const { screen, tally } = open(t, targetOf(server, { deflate }))
    await screen.opened
    const [socket] = await connected as [WebSocket]

    for (const message of [board(1), '{"event":"heartbeat"}', board(2)]) socket.send(message)
    await pong(socket, 'after two')
    t.match(tally, { tops: 2, pings: 1, wrong: 0, lost: 0, deflating: deflate ? 1 : 0 })
    t.equal(tally.topBytes < 2 * board(1).length, deflate, 'bytes are those on the wire')

    socket.send(board(2))
    await pong(socket, 'after three')
    t.match(tally, { tops: 3, wrong: 1 })

    socket.close()
    await once(socket, 'close')
    t.equal(tally.lost, 1)
  })
}

test('a screen reads frames of every length, however they are cut', async (t) => {
  const frame = (text: string) =>
    Buffer.concat(Sender.frame(Buffer.from(text), { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }))
  const long = JSON.stringify({ ...topMessage(2, () => 0), more: 'x'.repeat(70_000) })
  const boards = [board(1), long, board(3)]
  const stream = Buffer.concat([
    Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'),
    ...boards.map(frame)
  ])
  for (const size of [1, 7, 1000, stream.length]) {
    const server = createServer({ noDelay: true }, async (socket) => {
      socket.on('error', () => {})
      for (let at = 0; at < stream.length; at += size) {
        // Single bytes are for heads and lengths, which are near the start.
        const end = size === 1 && at > 2000 ? stream.length : at + size
        await new Promise((resolve) => socket.write(stream.subarray(at, end), resolve))
        if (end === stream.length) break
      }
    }).listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await once(server, 'listening')
    const seen: string[] = []
    const { tally } = await new Promise<{ tally: Tally }>((resolve) => {
      const opened = open(t, targetOf(server), (text) => {
        if (seen.push(text) === 3) setImmediate(() => resolve(opened))
      })
    })
    t.strictSame(seen, boards, `in pieces of ${size}`)
    t.match(tally, { tops: 3, wrong: 0 })
  }
})

test('a screen speaks enough Socket.IO to stay and be sent events', async (t) => {
  const http = createHttpServer()
  const io = new SocketIo(http, { transports: ['websocket'], pingInterval: 20 })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => io.close())
  const { screen, tally } = open(t, targetOf(http, { path: '/socket.io/?EIO=4&transport=websocket', engineIo: true }))
  const [socket] = await once(io, 'connection')
  await screen.opened
  io.emit('update', topMessage(1, () => 0))
  for (let pongs = 0; pongs < 3;) {
    const [{ type }] = await once(socket.conn, 'packet')
    if (type === 'pong') pongs++
  }
  t.match(tally, { tops: 1, wrong: 0, lost: 0 })
})

test('a refused handshake is told with the answer', async (t) => {
  const http = createHttpServer((_request, response) => response.writeHead(429).end('too many'))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => http.close())
  const { screen } = open(t, targetOf(http))
  await t.rejects(screen.opened, /429 Too Many Requests/)
})

test('a generator tells when each write was first shown on each screen', async (t) => {
  const server = await listen(t)
  const generator = new Generator(2)
  t.teardown(async () => await generator.stop())
  await generator.connect(targetOf(server), 5)

  const startMs = clockMs() - 1000
  await generator.follow({
    startMs,
    everyMs: 100,
    count: 4,
    baseScore: 10,
    marker: '"username":"Player Number 1","score":'
  })
  const show = async (...boards: string[]) => {
    for (const client of server.clients) for (const text of boards) client.send(text)
    await Promise.all([...server.clients].map(async (client) => await pong(client, 'shown')))
  }
  const beforeMs = clockMs() - startMs
  await show(board(1, 10), board(2, 11), board(3, 13))
  const afterMs = clockMs() - startMs

  const { latencies, shownOn, lastMs } = await generator.shown()
  t.strictSame(shownOn, [5, 5, 5, 0], 'a board shows every write that it contains, and the last write was in none')
  t.equal(latencies.totalCount, 15)
  for (const write of [0, 1, 2]) {
    t.ok(lastMs[write]! >= beforeMs - 100 * write && lastMs[write]! <= afterMs - 100 * write, 'from its planned time')
  }
  t.match(await generator.tally(), { tops: 15, lost: 0, wrong: 0 })
})
