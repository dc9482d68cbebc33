// What a hostile client may put on the wire, byte by byte, and the close code that it gets for it (RFC 6455, section
// 7.4.1).
import { once } from 'node:events'
import { connect } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { test, type Test } from 'tap'
import { Receiver } from 'ws'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { clientFrame } from '../../harness/clients/sockets.ts'
import { watch } from '../../harness/clients/watcher.ts'

/** Connects by hand, sends these bytes after the handshake, and tells what came of it. */
async function send (
  t: Test,
  url: string,
  bytes: readonly Buffer[],
  { extensions = '' } = {}
): Promise<{ code: number | undefined, events: string[] }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(
    'GET /ws/scoreboard HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${
        extensions && `Sec-WebSocket-Extensions: ${extensions}\r\n`
      }\r\n`
  )
  const receiver = new Receiver({ isServer: false })
  let code: number | undefined
  const events: string[] = []
  receiver.on('message', (data) => events.push(JSON.parse(String(data)).event))
  receiver.on('conclude', (closeCode) => {
    code = closeCode
  })
  receiver.on('error', () => {})
  let head = ''
  for (;;) {
    const [data] = await once(socket, 'data') as [Buffer]
    head += data.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) continue
    receiver.write(Buffer.from(head.slice(end + 4), 'latin1'))
    break
  }
  socket.on('data', (data) => {
    if (extensions === '') receiver.write(data)
    else if ((data[0]! & 15) === 8) code = data.readUInt16BE(2)
  })
  for (const part of bytes) socket.write(part)
  await once(socket, 'close')
  return { code, events }
}

test('hostile frames', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const bystander = await watch(t, node.url)
  const subscribe = JSON.stringify({ subscribe: { board: 'main' } })
  const lengthOf = (opcode: number, length: bigint) => {
    const head = Buffer.alloc(14)
    head[0] = 0x80 | opcode
    head[1] = 0xff
    head.writeBigUInt64BE(length, 2)
    return head
  }
  const bomb = deflateRawSync(Buffer.alloc(1_000_000, 'x'))
  const cases: [string, readonly Buffer[], number, object?][] = [
    ['a frame without a mask', [clientFrame(subscribe, { mask: false })], 1002],
    ['a reserved bit', [clientFrame(subscribe, { rsv1: true })], 1002],
    ['an opcode that does not exist', [clientFrame(subscribe, { opcode: 3 })], 1002],
    ['a control opcode that does not exist', [clientFrame('', { opcode: 11 })], 1002],
    ['a ping in pieces', [clientFrame('x', { opcode: 9, fin: false })], 1002],
    ['a ping that is too long', [clientFrame('x'.repeat(126), { opcode: 9 })], 1002],
    ['a continuation of nothing', [clientFrame(subscribe, { opcode: 0 })], 1002],
    ['a text inside another one', [clientFrame('{', { fin: false }), clientFrame(subscribe)], 1002],
    ['text that is not UTF-8', [clientFrame(Buffer.from([0xc3, 0x28]))], 1007],
    ['a character cut by the end', [clientFrame(Buffer.from([0xe2, 0x82]))], 1007],
    ['a close without a whole code', [clientFrame(Buffer.from([3]), { opcode: 8 })], 1002],
    ['a close code that must not be sent', [clientFrame(Buffer.from([0x03, 0xed]), { opcode: 8 })], 1002],
    ['a close reason that is not UTF-8', [clientFrame(Buffer.from([0x03, 0xe8, 0xff]), { opcode: 8 })], 1007],
    ['a message of more than 4 KB', [clientFrame('x'.repeat(4097))], 1009],
    ['a message of more than 4 KB in pieces', [
      clientFrame('x'.repeat(4000), { fin: false }),
      clientFrame('x'.repeat(97), { opcode: 0 })
    ], 1009],
    ['the promise of 2^63 bytes', [lengthOf(1, 2n ** 63n)], 1009],
    ['the promise of 5 KB', [lengthOf(1, 5000n)], 1009],
    ['a small message that is large inside', [clientFrame(bomb, { rsv1: true })], 1009, {
      extensions: 'permessage-deflate'
    }],
    ['compression that is none', [clientFrame('not deflated', { rsv1: true })], 1007, {
      extensions: 'permessage-deflate'
    }],
    ['binary', [clientFrame(subscribe, { opcode: 2 })], 1003],
    ['text that is not JSON', [clientFrame('{"subscribe":')], 1008],
    ['JSON that is not a message', [clientFrame('[]')], 1008],
    ['a message with a field too many', [clientFrame('{"subscribe":{"board":"main","admin":true}}')], 1008],
    ['a prototype', [clientFrame('{"__proto__":{"subscribe":{"board":"main"}}}')], 1008],
    // Eleven in a second are too many: of 21 so many fall into one, wherever it begins.
    ['too many messages in a second', Array.from({ length: 21 }, () => clientFrame(subscribe)), 1008],
    ['too many pings in a second', Array.from({ length: 21 }, () => clientFrame('x', { opcode: 9 })), 1008],
    ['too many answers to no question', Array.from({ length: 21 }, () => clientFrame('x', { opcode: 10 })), 1008]
  ]
  await Promise.all(cases.map(async ([name, bytes, code, options]) => {
    const answer = await send(t, node.url, bytes, options)
    t.equal(answer.code, code, name)
  }))
  t.equal(bystander.socket.readyState, 1, 'and nobody else has noticed')
  await node.call('POST', '/v1/boards/main/increments', { token: node.token('ada') })
  await bystander.until(({ event }) => event === 'update')
})

test('bytes that come in any pieces are the same message', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const frame = clientFrame(JSON.stringify({ subscribe: { board: 'nope' } }))
  const bytes = [...frame].map((byte) => Buffer.from([byte]))
  const { events } = await send(t, node.url, [...bytes, clientFrame(Buffer.from([0x03, 0xe8]), { opcode: 8 })])
  t.ok(events.includes('error'))
})
