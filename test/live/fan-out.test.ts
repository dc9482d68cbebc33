// Fan-out: every client is visited with the newest, in slices that leave time to others.
import { test } from 'tap'
import { FanOut } from '../../src/live/fan-out.ts'
import { FakeClock } from '../harness/models/fake-clock.ts'

interface Visited {
  place: number
  readonly name: number
  saw: number
}

const visitor = (name: number): Visited => ({ place: 0, name, saw: 0 })

test('every client is visited, in slices between which others have their turn', async (t) => {
  const clock = new FakeClock()
  let newest = 0
  const fan = new FanOut<Visited>((client) => {
    client.saw = newest
    clock.block(0.01)
  }, clock)
  const clients = Array.from({ length: 2000 }, (_, name) => visitor(name))
  for (const client of clients) fan.add(client)
  newest = 1
  fan.start()
  for (let slice = 1; slice <= 8; slice++) {
    t.equal(clients.filter(({ saw }) => saw === 1).length, Math.min(2000, slice * 256))
    await clock.turn()
  }
  t.ok(Math.abs(fan.lastPassMs - 20) < 0.1, `a pass of ${fan.lastPassMs} ms`)
})

test('a slice ends after 5 ms, however few it has visited', async (t) => {
  const clock = new FakeClock()
  let visits = 0
  const fan = new FanOut<Visited>(() => {
    visits++
    clock.block(2)
  }, clock)
  for (let name = 0; name < 10; name++) fan.add(visitor(name))
  fan.start()
  t.equal(visits, 3)
  await clock.turn()
  t.equal(visits, 6)
  await clock.advance(0)
  t.equal(visits, 10)
  t.equal(fan.lastPassMs, 20)
})

test('a newer state in the middle of a pass reaches every client, those already visited too', async (t) => {
  const clock = new FakeClock()
  let newest = 1
  let visits = 0
  const fan = new FanOut<Visited>((client) => {
    visits++
    client.saw = newest
  }, clock)
  const clients = Array.from({ length: 1000 }, (_, name) => visitor(name))
  for (const client of clients) fan.add(client)
  fan.start()
  await clock.turn()
  newest = 2
  fan.start()
  await clock.advance(0)
  t.ok(clients.every(({ saw }) => saw === 2))
  t.ok(visits < 2000, 'those who had not been visited yet were visited once')
})

test('clients that come and go in the middle of a pass keep no other from being visited', async (t) => {
  const clock = new FakeClock()
  for (let round = 0; round < 20; round++) {
    let newest = 1
    const fan = new FanOut<Visited>((client) => {
      client.saw = newest
    }, clock)
    const clients = Array.from({ length: 1500 }, (_, name) => visitor(name))
    for (const client of clients) fan.add(client)
    newest = 2
    fan.start()
    for (let n = 0; n < 5; n++) {
      for (let gone = 0; gone < 60; gone++) {
        fan.remove(clients.splice(Math.floor(Math.random() * clients.length), 1)[0]!)
      }
      await clock.turn()
    }
    await clock.advance(0)
    t.equal(fan.size, 1200)
    t.ok(clients.every(({ saw, place }) => saw === 2 && fan.clients[place]!.place === place))
  }
})

test('clients that come and go, in any place, leave no other out', async (t) => {
  const clock = new FakeClock()
  for (let round = 0; round < 2000; round++) {
    let newest = 1
    const fan = new FanOut<Visited>((client) => {
      client.saw = newest
    }, clock)
    const clients = Array.from({ length: 300 + Math.floor(Math.random() * 600) }, (_, name) => visitor(name))
    for (const client of clients) fan.add(client)
    for (let start = 0; start < Math.random() * 3; start++) {
      newest++
      fan.start()
      while (Math.random() < 0.7) {
        if (Math.random() < 0.3) {
          const come = visitor(-1)
          come.saw = newest // a client that comes is shown what is newest when it comes
          fan.add(come)
          clients.push(come)
        } else {
          const gone = Math.random() < 0.5 ? clients.length - 1 : Math.floor(Math.random() * clients.length)
          fan.remove(clients.splice(gone, 1)[0]!)
          // The test's list keeps the order of their places, as swapping with the last one makes it.
          clients.sort((a, b) => a.place - b.place)
        }
        if (Math.random() < 0.3) await clock.turn()
      }
    }
    await clock.advance(0)
    const missed = clients.filter(({ saw }) => saw !== newest).length
    if (missed > 0) t.fail(`round ${round}: ${missed} of ${clients.length} were not visited`)
  }
  t.pass('2,000 rounds')
})

test('the last client may leave in the middle of a pass', async (t) => {
  const clock = new FakeClock()
  const fan = new FanOut<Visited>(() => {}, clock)
  const clients = Array.from({ length: 600 }, (_, name) => visitor(name))
  for (const client of clients) fan.add(client)
  fan.start()
  for (const client of clients) fan.remove(client)
  await clock.turn()
  t.equal(fan.size, 0)
  fan.start()
})
