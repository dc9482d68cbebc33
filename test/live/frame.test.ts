// Frames as the ws library reads them, and as events.
import { test } from 'tap'
import { PerMessageDeflate, Receiver } from 'ws'
import { Frame, type Wire } from '../../src/live/frame.ts'
import type { LiveMessage } from '../../src/live/messages.ts'

/** A message that contains a text. */
const messageWith = (text: string): LiveMessage => ({ event: 'error', code: 'invalid_request', detail: text })

/** What ws itself reads from a frame. */
async function decode (
  frame: Frame,
  wire: Wire,
  { withPing = false } = {}
): Promise<{ message: unknown, ping: string | undefined }> {
  const deflate = new PerMessageDeflate({ serverNoContextTakeover: true })
  deflate.accept([{ server_no_context_takeover: [true] }])
  const receiver = new Receiver({ isServer: false, extensions: { 'permessage-deflate': deflate } })
  let ping: string | undefined
  receiver.on('ping', (data) => {
    ping = String(data)
  })
  const message = new Promise((resolve) =>
    receiver.once('message', (data, isBinary) => resolve(isBinary ? 'binary' : JSON.parse(String(data))))
  )
  await new Promise((resolve) => receiver.write(withPing ? frame.bytesWithPing(wire) : frame.bytes(wire), resolve))
  return { message: await message, ping }
}

test('a frame is what ws itself reads as one text message, plain and compressed', async (t) => {
  for (const text of ['short', 'ü🦊'.repeat(40), 'x'.repeat(70_000)]) {
    const frame = new Frame(messageWith(text))
    for (const wire of ['websocket', 'deflated'] as const) {
      t.strictSame(await decode(frame, wire), { message: messageWith(text), ping: undefined })
      t.strictSame(await decode(frame, wire, { withPing: true }), { message: messageWith(text), ping: frame.ping })
      t.equal(frame.bytes(wire), frame.bytes(wire), 'it is made once')
    }
  }
})

test('a long message is smaller compressed, and a short one is not compressed at all', async (t) => {
  const long = new Frame({
    event: 'scores',
    board: 'main',
    window: 'all',
    changes: Array.from({ length: 10 }, (_, n) => ({ user_id: `user-${n}`, score: 1000 - n }))
  })
  t.ok(long.bytes('deflated').length < long.bytes('websocket').length / 2)
  const short = new Frame({ event: 'heartbeat' })
  t.strictSame(short.bytes('deflated'), short.bytes('websocket'))
})

test('as an event it has its id and one line of data, whatever is in it', async (t) => {
  const text = 'two\nlines\r\nand an end: \u2028'
  t.equal(
    String(new Frame(messageWith(text), 'e-1').bytes('events')),
    `id: e-1\ndata: ${JSON.stringify(messageWith(text))}\n\n`
  )
  t.equal(
    String(new Frame(messageWith(text)).bytesWithPing('events')),
    `data: ${JSON.stringify(messageWith(text))}\n\n:\n\n`
  )
})
