// What a test waits for comes sooner, or never.
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { Receiver, Sender } from 'ws'
import { createLiveStats, type LiveStats } from '../../../src/live/live-stats.ts'
import { Session } from '../../../src/live/session.ts'
import type { Wire } from '../../../src/live/frame.ts'
import { FakeClock } from '../models/fake-clock.ts'

/** What a test waits for comes sooner, or never. */
const PATIENCE_MS = 60_000

/** Two ends of a real connection. */
export async function socketPair (t: Test): Promise<{ near: Socket, far: Socket }> {
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

export interface Listener {
  readonly session: Session
  readonly stats: LiveStats
  /** What the session is timed by. */
  readonly clock: FakeClock
  /** The server's end of the connection, and the client's. */
  readonly near: Socket
  readonly far: Socket
  readonly messages: any[]
  /** The pings that have come and were not answered yet. */
  readonly pings: string[]
  /** Waits for a message. */
  readonly until: (fits: (message: any) => boolean) => Promise<any>
  /** Waits for a ping and takes it from the list. */
  readonly ping: () => Promise<string>
  /** Waits until every message that was sent has come. */
  readonly caughtUp: () => Promise<void>
  readonly pong: (ping: string) => void
}

export interface ListenerOptions {
  readonly wire?: Wire
  /** Whether it answers pings by itself. */
  readonly answers?: boolean
  readonly clock?: FakeClock
}

/** A session over a real connection but on a fake clock, and a client at its other end. */
export async function startListener (
  t: Test,
  { wire = 'websocket', answers = true, clock = new FakeClock() }: ListenerOptions = {}
): Promise<Listener> {
  const { near, far } = await socketPair(t)
  const stats = createLiveStats()
  const session = new Session({
    socket: near,
    wire,
    stats,
    beatMs: 25_000,
    expiresAt: Infinity,
    clock,
    close: () => near.end()
  })
  const [messages, pings]: [any[], string[]] = [[], []]
  const receiver = new Receiver({ isServer: false })
  const pong = (ping: string) => {
    session.receivePong(ping)
  }
  receiver.on('message', (data) => messages.push(JSON.parse(String(data))))
  receiver.on('ping', (data) => {
    if (answers) pong(String(data))
    else pings.push(String(data))
  })
  far.pipe(receiver)

  /** Waits until `look` gives something. It looks again after each message, or each ping. */
  async function after<Found> (event: 'message' | 'ping', look: () => Found | undefined): Promise<Found> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      await once(receiver, event, { signal }).catch((cause) => {
        const came = messages.map((message) => JSON.stringify(message).slice(0, 200))
        throw new Error(`no such ${event} came within ${PATIENCE_MS} ms, only ${JSON.stringify(came)}`, { cause })
      })
    }
  }
  return {
    session,
    stats,
    clock,
    near,
    far,
    messages,
    pings,
    pong,
    until: async (fits) => await after('message', () => messages.find(fits)),
    ping: async () => await after('ping', () => pings.shift()),
    async caughtUp () {
      await after('message', () => messages.length >= stats.sent || undefined)
    }
  }
}

/** The bytes of a frame as a client sends it. */
export function clientFrame (
  payload: string | Buffer,
  options: { opcode?: number, fin?: boolean, rsv1?: boolean, mask?: boolean } = {}
): Buffer {
  const { opcode = 1, fin = true, rsv1 = false, mask = true } = options
  return Buffer.concat(Sender.frame(Buffer.from(payload), { fin, rsv1, opcode, mask, readOnly: true }))
}
