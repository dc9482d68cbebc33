// Hint and pull: a hint leads to reads, at most one a window, and without hints there are polls.
import { test } from 'tap'
import { Pull, type PullOptions } from '../../src/live/pull.ts'
import { FakeClock } from '../harness/models/fake-clock.ts'

const WINDOW_MS = 60
const QUIET_MS = 30

/** A pull that notes when it read, in ms since it was started. */
function startPull (options: Partial<PullOptions> = {}) {
  const clock = new FakeClock(0)
  const reads: number[] = []
  const pull = new Pull({
    windowMs: () => WINDOW_MS,
    quietMs: QUIET_MS,
    pollMs: 60_000,
    random: () => 0.5,
    clock,
    ...options,
    async read () {
      reads.push(clock.now())
      return await options.read?.() ?? true
    }
  })
  return { clock, pull, reads }
}

test('a hint leads to a read at once and to another at the end of the window', async (t) => {
  const { clock, pull, reads } = startPull()
  pull.hint()
  t.strictSame(reads, [0])
  await clock.advance(1000)
  t.strictSame(reads, [0, WINDOW_MS], 'and then there is peace')
})

test('many hints cost one read a window', async (t) => {
  const { clock, pull, reads } = startPull()
  for (let ms = 0; ms < 5 * WINDOW_MS; ms++) {
    pull.hint()
    await clock.advance(1)
  }
  t.strictSame(reads, [0, 1, 2, 3, 4, 5].map((window) => window * WINDOW_MS))
})

test('a hint late in a window is followed by a read after the quiet time, since changes may come without a hint', async (t) => {
  const { clock, pull, reads } = startPull()
  pull.hint()
  await clock.advance(WINDOW_MS - 10)
  pull.hint()
  await clock.advance(1000)
  t.strictSame(reads, [0, WINDOW_MS, 2 * WINDOW_MS])
})

test('a hint after a window with news is read at the end of the window that the news began', async (t) => {
  const { clock, pull, reads } = startPull({ windowMs: () => 100 })
  pull.hint()
  await clock.advance(100)
  await clock.advance(30)
  pull.hint()
  await clock.advance(1000)
  t.strictSame(reads, [0, 100, 200])
})

test('a poll that found nothing does not keep a hint waiting', async (t) => {
  const { clock, pull, reads } = startPull({ pollMs: 20, windowMs: () => 10_000, read: async () => false })
  await clock.advance(65)
  t.strictSame(reads, [20, 40, 60])
  pull.hint()
  t.strictSame(reads, [20, 40, 60, 65])
})

test('a hint during a read leads to one more read when that has ended', async (t) => {
  const ends: (() => void)[] = []
  const read = async () =>
    await new Promise<boolean>((resolve) => {
      ends.push(() => resolve(false))
    })
  const { clock, pull, reads } = startPull({ windowMs: () => 0, read })
  for (let n = 0; n < 5; n++) {
    pull.hint()
    await clock.advance(QUIET_MS + 1)
  }
  t.strictSame(reads, [0], 'one read at a time')
  ends[0]!()
  await clock.turn()
  t.equal(reads.length, 2)
  ends[1]!()
  await clock.advance(1000)
  t.equal(reads.length, 2)
})

test('without hints it polls, give or take a fifth, and after its stop it does nothing', async (t) => {
  const shares = [0, 1, 0.5]
  const { clock, pull, reads } = startPull({ pollMs: 1000, random: () => shares.shift()! })
  await clock.advance(3000)
  t.strictSame(reads.map(Math.round), [800, 2000, 3000])
  pull.hint()
  pull.stop()
  pull.hint()
  t.equal(clock.waiting, 0)
  const before = reads.length
  await clock.advance(5000)
  t.equal(reads.length, before)
})
