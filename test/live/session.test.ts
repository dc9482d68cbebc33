import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import { test, type Test } from 'tap'
import { Receiver } from 'ws'
import { Frame } from '../../src/live/frame.ts'
import { Session } from '../../src/live/session.ts'

const top = (version: number, padding = '') => ({
  snapshot: new Frame({ event: 'snapshot', version, padding }), update: new Frame({ event: 'update', version, padding })
})

/** Two ends of a real connection. */
async function socketPair (t: Test): Promise<{ near: Socket, far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const far = connect(port, '127.0.0.1')
  const [near] = await once(server, 'connection') as [Socket]
  t.teardown(() => {
    far.destroy()
    near.destroy()
    server.close()
  })
  return { near, far }
}

function readFrames (far: Socket) {
  const messages: { event: string, version: number }[] = []
  const receiver = new Receiver({ isServer: false })
  receiver.on('message', (data) => messages.push(JSON.parse(String(data))))
  far.pipe(receiver)
  return { messages, until: async (version: number) => { while (messages.at(-1)?.version !== version) await once(receiver, 'message') } }
}

test('a client that does not read gets the newest afterwards, and not what came between', async (t) => {
  const { near, far } = await socketPair(t)
  const session = new Session(near, () => {})
  const large = 'x'.repeat(4_000_000)
  session.show(top(1, large))
  session.show(top(2, large))
  for (let version = 3; version <= 50; version++) session.show(top(version))
  t.ok(near.writableLength < 10_000_000, 'what waits is not queued')
  const { messages, until } = readFrames(far)
  await until(50)
  t.strictSame(messages.map(({ event, version }) => [event, version]), [['snapshot', 1], ['update', 50]])
})

test('bytes that others have queued on the socket neither hold a board back nor turn the order round', async (t) => {
  const { near, far } = await socketPair(t)
  const session = new Session(near, () => {})
  near.cork()
  near.write(Buffer.from([0x8a, 0])) // a pong, as ws writes it
  session.show(top(1))
  near.uncork()
  const { messages, until } = readFrames(far)
  await until(1)
  near.cork()
  near.write(Buffer.from([0x8a, 0]))
  session.show(top(2))
  session.show(top(3))
  near.uncork()
  await until(3)
  session.show(top(4))
  await until(4)
  t.strictSame(messages.map(({ version }) => version), [1, 2, 3, 4])
})
