import { test } from 'tap'
import { FanOut } from '../../src/live/fan-out.ts'

interface Visited { place: number, readonly name: number, saw: number }

const visitor = (name: number): Visited => ({ place: 0, name, saw: 0 })

const turn = async () => await new Promise((resolve) => { setImmediate(resolve) })

test('everybody is visited, in slices between which others have their turn', async (t) => {
  let newest = 0
  let busy = 0
  const fan = new FanOut<Visited>((client) => { client.saw = newest })
  const clients = Array.from({ length: 2000 }, (_, name) => visitor(name))
  for (const client of clients) fan.add(client)
  newest = 1
  fan.start()
  t.ok(clients.some(({ saw }) => saw === 0), 'not all at once')
  while (clients.some(({ saw }) => saw !== 1)) {
    busy++
    await turn()
  }
  t.ok(busy >= 2000 / 256 - 1)
  t.ok(fan.lastPassMs > 0)
})

test('a newer state in the middle of a pass reaches everybody, those already visited too', async (t) => {
  let newest = 1
  let visits = 0
  const fan = new FanOut<Visited>((client) => {
    visits++
    client.saw = newest
  })
  const clients = Array.from({ length: 1000 }, (_, name) => visitor(name))
  for (const client of clients) fan.add(client)
  fan.start()
  await turn()
  newest = 2
  fan.start()
  while (clients.some(({ saw }) => saw !== 2)) await turn()
  await turn()
  t.ok(visits < 2000, 'those who had not been visited yet were visited once')
})

test('who comes and goes in the middle of a pass keeps nobody from being visited', async (t) => {
  for (let round = 0; round < 20; round++) {
    let newest = 1
    const fan = new FanOut<Visited>((client) => { client.saw = newest })
    const clients = Array.from({ length: 1500 }, (_, name) => visitor(name))
    for (const client of clients) fan.add(client)
    newest = 2
    fan.start()
    for (let n = 0; n < 5; n++) {
      for (let gone = 0; gone < 60 && clients.length > 0; gone++) fan.remove(clients.splice(Math.floor(Math.random() * clients.length), 1)[0]!)
      await turn()
    }
    for (let n = 0; n < 20; n++) await turn()
    t.equal(fan.size, 1200)
    t.ok(clients.every(({ saw, place }) => saw === 2 && fan.clients[place]!.place === place))
  }
})

test('whoever comes or goes, and in whatever place, nobody is left out', async (t) => {
  for (let round = 0; round < 2000; round++) {
    let newest = 1
    const fan = new FanOut<Visited>((client) => { client.saw = newest })
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
        if (Math.random() < 0.3) await turn()
      }
    }
    for (let n = 0; n < 8; n++) await turn()
    const missed = clients.filter(({ saw }) => saw !== newest).length
    if (missed > 0) t.fail(`round ${round}: ${missed} of ${clients.length} were not visited`)
  }
  t.pass('2,000 rounds')
})

test('the last one may leave in the middle of a pass', async (t) => {
  const fan = new FanOut<Visited>(() => {})
  const clients = Array.from({ length: 600 }, (_, name) => visitor(name))
  for (const client of clients) fan.add(client)
  fan.start()
  for (const client of clients) fan.remove(client)
  await turn()
  t.equal(fan.size, 0)
  fan.start()
})
