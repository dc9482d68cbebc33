// The timer wheel: what is due comes within two seconds, and never early.
import { test } from 'tap'
import { TimerWheel } from '../../src/live/timer-wheel.ts'
import { FakeClock } from '../harness/models/fake-clock.ts'

interface Item {
  dueAt: number
  readonly name: string
}

/** A wheel that notes what came, and how late. `again` is asked for another time, 500 ms after it came. */
function startWheel () {
  const clock = new FakeClock()
  const came: { name: string, lateMs: number }[] = []
  const again = new Set<string>()
  const wheel = new TimerWheel<Item>((item, now) => {
    came.push({ name: item.name, lateMs: now - item.dueAt })
    if (again.delete(item.name)) wheel.add(item, now + 500)
  }, clock)
  const add = (name: string, afterMs: number): Item => {
    const item = { dueAt: 0, name }
    wheel.add(item, clock.now() + afterMs)
    return item
  }
  return { clock, wheel, came, again, add, names: () => came.map(({ name }) => name) }
}

test('what is due comes in time, what was removed does not, and what asks again comes again', async (t) => {
  const { clock, wheel, came, again, add, names } = startWheel()
  again.add('soon')
  add('past', -5000)
  add('soon', 300)
  const removed = add('removed', 300)
  add('last', 3500)
  wheel.remove(removed)
  await clock.advance(2000)
  t.strictSame(names(), ['past', 'soon', 'soon'])
  await clock.advance(1000)
  t.equal(names().length, 3, 'nothing comes early')
  await clock.advance(1000)
  t.strictSame(names(), ['past', 'soon', 'soon', 'last'])
  await clock.advance(10_000)
  t.equal(names().length, 4)
  t.ok(came.every(({ lateMs }) => lateMs >= 0 && lateMs <= 2000), JSON.stringify(came))
})

test('whenever in a second it was added, nothing is early, and nothing more than two seconds late', async (t) => {
  const { clock, came, add } = startWheel()
  for (let n = 0; n < 200; n++) {
    add(String(n), n * 37)
    await clock.advance(n % 7 * 131)
  }
  await clock.advance(12_000)
  t.equal(came.length, 200)
  t.ok(came.every(({ lateMs }) => lateMs >= 0 && lateMs <= 2000), JSON.stringify(came))
})

test('a process that was busy for seconds makes up for all of them', async (t) => {
  const { clock, add, names } = startWheel()
  add('first', 1500)
  add('second', 3500)
  clock.block(5000)
  await clock.advance(1000)
  t.strictSame(names(), ['first', 'second'])
})

test('a stopped wheel leaves no timer behind', async (t) => {
  const { clock, wheel, add, names } = startWheel()
  add('never', 500)
  wheel.stop()
  t.equal(clock.waiting, 0)
  await clock.advance(5000)
  t.strictSame(names(), [])
})
