// A session over a real connection: conflation, pings and notices.
import { test } from 'tap'
import { Frame } from '../../src/live/frame.ts'
import { startListener, type Listener } from '../harness/clients/sockets.ts'

/** Makes a session watch something of which the test decides what the newest is. */
function showIn ({ session }: Listener) {
  let newest: Frame | undefined
  let told: Frame | undefined
  const source = {
    heartbeat: new Frame({ event: 'heartbeat' }),
    collect (outbox: Frame[]) {
      if (newest !== undefined && newest !== told) outbox.push(newest)
      told = newest
    }
  }
  session.setSources([source])
  return (version: number, padding = '') => {
    newest = new Frame({
      event: 'update',
      board: 'main',
      window: 'all',
      epoch: padding,
      version,
      ts: '',
      top_scores: []
    })
    session.flush()
  }
}

const versions = ({ messages }: Listener) => messages.map(({ version }) => version)

test('a client whose socket is full gets the newest afterwards, and not what came between', async (t) => {
  const listener = await startListener(t)
  const show = showIn(listener)
  listener.far.pause()
  const large = 'x'.repeat(4_000_000)
  for (let version = 1; version <= 2; version++) show(version, large)
  for (let version = 3; version <= 50; version++) show(version)
  t.ok(listener.near.writableLength < 10_000_000, 'what waits is not queued')
  t.equal(listener.stats.conflated, 49)
  listener.far.resume()
  await listener.until(({ version }) => version === 50)
  t.strictSame(versions(listener), [1, 50])
})

test('bytes that others have queued on the socket neither hold a board back nor turn the order round', async (t) => {
  const listener = await startListener(t)
  const show = showIn(listener)
  for (let version = 1; version <= 5; version += 2) {
    listener.near.cork()
    listener.near.write(Buffer.from([0x8a, 0])) // a pong, as ws writes it
    show(version)
    show(version + 1)
    listener.near.uncork()
    await listener.until((message) => message.version === version + 1)
  }
  t.strictSame(versions(listener), [1, 2, 3, 4, 5, 6])
})

/** Shows a version every 50 ms, from one after `from`. Returns the last. */
async function showFor (ms: number, { clock }: Listener, show: (version: number) => void, from = 0): Promise<number> {
  let version = from
  for (let passed = 0; passed < ms; passed += 50) {
    show(++version)
    await clock.advance(50)
  }
  return version
}

const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1)

test('a client that stops reading is sent little, and when it reads again the newest', async (t) => {
  const listener = await startListener(t, { answers: false })
  const show = showIn(listener)
  const behind = await showFor(6000, listener, show)
  await listener.caughtUp()
  t.strictSame(versions(listener), upTo(21), 'it was given up on when its answer was late by a second')
  t.equal(listener.pings.length, 1, 'it was asked once')
  t.equal(listener.stats.stalled, 1)
  t.equal(listener.near.writableLength, 0, 'and nothing is kept for it')

  listener.pong(await listener.ping())
  await listener.caughtUp()
  t.strictSame(versions(listener), [...upTo(21), behind], 'the next message is the newest')

  // On probation each message waits for the answer to the one before.
  let version = await showFor(300, listener, show, behind)
  await listener.caughtUp()
  t.equal(versions(listener).length, 22)
  for (let n = 1; n <= 3; n++) {
    listener.pong(await listener.ping())
    version = await showFor(300, listener, show, version)
    await listener.caughtUp()
    t.equal(versions(listener).length, 22 + n)
  }
  t.ok(versions(listener).every((number, n, all) => n === 0 || number > all[n - 1]))
})

test('a client that answers in time for half a minute is no longer on probation', async (t) => {
  const listener = await startListener(t, { answers: false })
  const show = showIn(listener)
  let version = await showFor(2000, listener, show)
  for (let ms = 0; ms <= 30_000; ms += 500) {
    listener.pong(await listener.ping())
    await listener.clock.advance(500)
    show(++version)
  }
  const before = listener.stats.sent
  await showFor(500, listener, show, version)
  t.equal(listener.stats.sent - before, 10, 'every message goes out at once')
})

test('a client that answers gets everything, with a ping every 1.5 seconds', async (t) => {
  const listener = await startListener(t)
  const show = showIn(listener)
  let pings = 0
  const { receivePong } = listener.session
  listener.session.receivePong = (pong) => {
    pings++
    return receivePong.call(listener.session, pong)
  }
  for (let version = 1; version <= 61; version++) {
    show(version)
    await listener.until((message) => message.version === version)
    await listener.clock.advance(50)
  }
  t.strictSame(versions(listener), upTo(61))
  t.equal(pings, 3, 'with the first message, and after 1.5 and 3 seconds')
  t.equal(listener.stats.stalled, 0)
})

test('an answer to no question is none', async (t) => {
  const listener = await startListener(t, { answers: false })
  const show = showIn(listener)
  show(1)
  const ping = await listener.ping()
  t.notOk(listener.session.receivePong('made up'))
  t.ok(listener.session.receivePong(ping))
  t.notOk(listener.session.receivePong(ping), 'nor is the same one twice')
})

test('a notice waits for the client to be ready, and is not replaced', async (t) => {
  const listener = await startListener(t)
  const show = showIn(listener)
  listener.far.pause()
  for (let version = 1; version <= 2; version++) show(version, 'x'.repeat(4_000_000))
  listener.session.notify(new Frame({ event: 'reconnect', within_ms: 1 }))
  show(3)
  listener.far.resume()
  await listener.until(({ version }) => version === 3)
  t.strictSame(listener.messages.map(({ event, version }) => event === 'update' ? version : event), [1, 'reconnect', 3])
})
