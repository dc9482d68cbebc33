import { setTimeout as delay } from 'node:timers/promises'
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
    newest = new Frame({ event: 'update', board: 'main', window: 'all', epoch: padding, version, ts: '', top_scores: [] })
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

test('a client that stops reading is sent little, and when it reads again the newest', async (t) => {
  const listener = await startListener(t, { answers: false })
  const show = showIn(listener)
  let version = 0
  const writer = setInterval(() => show(++version), 50)
  t.teardown(() => clearInterval(writer))
  await listener.until((message) => message.version >= 1)
  while (listener.pings.length === 0) await delay(5)
  t.equal(listener.pings.length, 1, 'it was asked')
  await delay(4000)
  while (listener.messages.length < listener.stats.sent) await delay(5)
  t.ok(versions(listener).length <= 41, `${versions(listener).length} messages in the 2 s at most until it was given up on`)
  t.equal(listener.stats.stalled, 1)
  t.equal(listener.near.writableLength, 0, 'and nothing is kept for it')

  const behind = version
  const read = listener.messages.length
  listener.pong(listener.pings.shift()!)
  const next = await listener.until((message) => listener.messages.indexOf(message) >= read)
  t.ok(next.version >= behind, 'the next message is the newest')

  // On probation each message waits for the answer to the one before.
  const before = versions(listener).length
  await delay(300)
  t.ok(versions(listener).length - before <= 1)
  for (let n = 0; n < 3; n++) {
    const known = versions(listener).length
    while (listener.pings.length === 0) await delay(5)
    listener.pong(listener.pings.shift()!)
    while (versions(listener).length === known) await delay(5)
  }
  t.ok(versions(listener).every((number, n, all) => n === 0 || number > all[n - 1]))
})

test('who answers gets everything, with a ping a second at most', async (t) => {
  const listener = await startListener(t)
  const show = showIn(listener)
  let asked = 0
  const begun = performance.now()
  const { receivePong } = listener.session
  listener.session.receivePong = (pong) => {
    asked++
    return receivePong.call(listener.session, pong)
  }
  for (let version = 1; version <= 30; version++) {
    show(version)
    await listener.until((message) => message.version === version)
    await delay(50)
  }
  t.strictSame(versions(listener), Array.from({ length: 30 }, (_, n) => n + 1))
  const tookMs = performance.now() - begun
  t.ok(asked >= 1 && asked <= 2 + tookMs / 1500, `${asked} pings in ${tookMs} ms`)
  t.equal(listener.stats.stalled, 0)
})

test('an answer to no question is none', async (t) => {
  const listener = await startListener(t, { answers: false })
  const show = showIn(listener)
  show(1)
  await listener.until(({ version }) => version === 1)
  t.notOk(listener.session.receivePong('made up'))
  t.ok(listener.session.receivePong(listener.pings[0]!))
  t.notOk(listener.session.receivePong(listener.pings[0]!), 'nor is the same one twice')
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
