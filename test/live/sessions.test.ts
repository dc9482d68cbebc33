// All sessions of a node: heartbeats, connections that are dead, tokens that end, and the drain.
import { test, type Test } from 'tap'
import { CLOSE, type CloseCode } from '../../src/live/close-code.ts'
import type { Wire } from '../../src/live/frame.ts'
import { createLiveStats } from '../../src/live/live-stats.ts'
import { Session } from '../../src/live/session.ts'
import { Sessions } from '../../src/live/sessions.ts'
import { socketPair } from '../harness/clients/sockets.ts'
import { FakeClock } from '../harness/models/fake-clock.ts'

const BEAT_MS = 25_000

interface ClientOptions {
  /** For how long its token is valid, in ms. */
  readonly validMs?: number
  readonly wire?: Wire
}

/** Sessions on a fake clock. `random` spreads their first heartbeats: 0.5 is half an interval. */
function startSessions ({ random = () => 0.5 } = {}) {
  const clock = new FakeClock()
  const stats = createLiveStats()
  const sessions = new Sessions({ random, clock, stats })
  const beganMs = clock.now()
  /** Adds a client that never answers, and notes with which code it was closed, and when, in ms since the start. */
  const add = async (t: Test, { validMs = Infinity, wire = 'websocket' }: ClientOptions = {}) => {
    const { near } = await socketPair(t)
    const closes: { code: CloseCode, afterMs: number }[] = []
    const close = (code: CloseCode) => {
      closes.push({ code, afterMs: clock.now() - beganMs })
    }
    const session = new Session({
      socket: near,
      wire,
      stats,
      beatMs: BEAT_MS,
      expiresAt: clock.now() + validMs,
      clock,
      close
    })
    return { session, near, closes, leave: sessions.add(session) }
  }
  return { clock, stats, sessions, add }
}

test('a client hears a heartbeat in each interval, and one that answers none is cut off after 33 seconds', async (t) => {
  const { clock, stats, add } = startSessions()
  const { session, near } = await add(t)
  await clock.advance(12_000)
  t.equal(stats.sent, 0)
  await clock.advance(2500)
  t.equal(stats.sent, 1, 'the first came after half an interval')
  await clock.advance(18_400)
  t.notOk(near.destroyed)
  await clock.advance(2000)
  t.ok(near.destroyed)
  t.equal(session.endedFor, 'dead')
})

test('a client that answers stays, with a heartbeat every 25 seconds', async (t) => {
  const { clock, stats, add } = startSessions()
  const { session, near } = await add(t)
  const { receivePong } = session
  const pings: string[] = []
  near.write = ((data: Buffer) => {
    // The payload of the ping, after its two bytes of header, ends what is written.
    if (data.length > 0) pings.push(String(data).slice(String(data).lastIndexOf('}') + 3))
    return true
  }) as typeof near.write
  for (let second = 0; second < 120; second++) {
    await clock.advance(1000)
    for (const ping of pings.splice(0)) t.ok(receivePong.call(session, ping))
  }
  t.notOk(near.destroyed)
  t.equal(stats.sent, 5)
})

test('a stream, which has no answers, stays as long as its socket takes what is written', async (t) => {
  const { clock, stats, add } = startSessions()
  const { near } = await add(t, { wire: 'events' })
  await clock.advance(120_000)
  t.notOk(near.destroyed)
  t.equal(stats.sent, 5)
})

test('a client is closed within two seconds after its token has ended', async (t) => {
  const { clock, add } = startSessions()
  const { closes } = await add(t, { validMs: 5000 })
  await clock.advance(4900)
  t.strictSame(closes, [])
  await clock.advance(60_000)
  t.equal(closes.length, 1)
  t.equal(closes[0]!.code, CLOSE.tokenExpired)
  t.ok(closes[0]!.afterMs >= 5000 && closes[0]!.afterMs <= 7000, `${closes[0]!.afterMs} ms`)
})

test('a connection that has ended is counted by why, and no longer looked after', async (t) => {
  const { stats, sessions, add } = startSessions()
  const [closed, left] = [await add(t), await add(t)]
  t.equal(sessions.size, 2)
  closed.session.close(CLOSE.policy, 'a reason')
  closed.leave('1006')
  left.leave('1001')
  t.equal(sessions.size, 0)
  t.strictSame([...stats.ended], [['1008', 1], ['1001', 1]])
})

test('a drain tells every client at once, and closes those that stay one after the other in its second half', async (t) => {
  const { clock, stats, sessions, add } = startSessions()
  const clients = []
  for (let n = 0; n < 10; n++) clients.push(await add(t))
  let isOver = false
  const drained = sessions.drain(2000).then(() => {
    isOver = true
  })
  t.equal(stats.sent, 10)
  clients[3]!.leave('1000')
  await clock.advance(1000)
  t.ok(clients.every(({ closes }) => closes.length === 0))
  await clock.advance(980)
  t.notOk(isOver, 'the whole time is taken')
  await clock.advance(40)
  await drained
  const closes = clients.flatMap((client) => client.closes)
  t.ok(closes.every(({ code }) => code === CLOSE.restart))
  const times = closes.map(({ afterMs }) => afterMs).sort((a, b) => a - b)
  t.equal(times.length, 9)
  t.ok(times.every((ms, n) => n === 0 || ms - times[n - 1]! >= 80), `evenly: ${times.join(', ')}`)
})

test('a drain of no time closes every client at once', async (t) => {
  const { clock, sessions, add } = startSessions()
  const { closes } = await add(t)
  const drained = sessions.drain(0)
  await clock.advance(1)
  await drained
  t.strictSame(closes.map(({ code }) => code), [CLOSE.restart])
})

test('stopped, they leave no timer behind', async (t) => {
  const { clock, sessions } = startSessions()
  sessions.stop()
  t.equal(clock.waiting, 0)
})
