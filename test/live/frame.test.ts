import { test } from 'tap'
import { Receiver } from 'ws'
import { Frame } from '../../src/live/frame.ts'

test('a frame is what ws itself reads as one text message', async (t) => {
  for (const text of ['short', 'ü🦊'.repeat(40), 'x'.repeat(70_000)]) {
    const receiver = new Receiver({ isServer: false })
    const message = new Promise((resolve) => receiver.once('message', (data, isBinary) => resolve([JSON.parse(String(data)), isBinary])))
    const frame = new Frame({ text })
    receiver.write(frame.websocket)
    t.strictSame(await message, [{ text }, false])
    t.equal(frame.websocket, frame.websocket, 'it is made once')
  }
})
