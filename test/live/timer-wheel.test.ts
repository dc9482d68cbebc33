import { once } from 'node:events'
import { EventEmitter } from 'node:events'
import { test } from 'tap'
import { TimerWheel } from '../../src/live/timer-wheel.ts'

test('what is due comes in time, what was removed does not, and what asks again comes again', async (t) => {
  const events = new EventEmitter()
  const came: { name: string, late: number }[] = []
  interface Item { dueAt: number, readonly name: string, again?: boolean }
  const wheel = new TimerWheel<Item>((item, now) => {
    came.push({ name: item.name, late: now - item.dueAt })
    if (item.again === true) {
      item.again = false
      wheel.add(item, now + 500)
    }
    if (item.name === 'last') events.emit('last')
  })
  t.teardown(() => wheel.stop())
  const now = performance.now()
  const removed = { dueAt: 0, name: 'removed' }
  wheel.add({ dueAt: 0, name: 'past' }, now - 5000)
  wheel.add({ dueAt: 0, name: 'soon', again: true }, now + 300)
  wheel.add(removed, now + 300)
  wheel.add({ dueAt: 0, name: 'last' }, now + 3500)
  wheel.remove(removed)
  let [lookedAt, longestGap] = [now, 0]
  const look = () => {
    const at = performance.now()
    longestGap = Math.max(longestGap, at - lookedAt)
    lookedAt = at
  }
  const looking = setInterval(look, 50) // the wheel itself does not keep a process alive
  await once(events, 'last')
  look()
  clearInterval(looking)
  t.strictSame(came.map(({ name }) => name).sort(), ['last', 'past', 'soon', 'soon'])
  t.ok(came.every(({ late }) => late >= 0 && late <= 2050 + longestGap), `${JSON.stringify(came)}, while this process stood still for up to ${longestGap} ms`)
})
