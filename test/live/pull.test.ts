import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { Pull, type PullOptions } from '../../src/live/pull.ts'

const WINDOW_MS = 60
const QUIET_MS = 30

function startPull (t: { teardown: (stop: () => void) => void }, options: Partial<PullOptions> = {}) {
  const reads: number[] = []
  const waiting = new Set<() => void>()
  const pull = new Pull({
    windowMs: () => WINDOW_MS,
    quietMs: QUIET_MS,
    pollMs: 60_000,
    random: () => 0.5,
    read: async () => {
      reads.push(performance.now())
      for (const look of waiting) look()
      return true
    },
    ...options
  })
  t.teardown(() => pull.stop())
  const read = async (count: number) => await new Promise<void>((resolve) => {
    const look = () => { if (reads.length >= count) resolve() }
    waiting.add(look)
    look()
  })
  return { pull, reads, read }
}

test('a hint leads to a read at once and to another at the end of the window', async (t) => {
  const { pull, reads, read } = startPull(t)
  pull.hint()
  t.equal(reads.length, 1, 'at once')
  await read(2)
  t.ok(reads[1]! - reads[0]! >= WINDOW_MS - 2, 'and after the window')
  await delay(2 * WINDOW_MS)
  t.equal(reads.length, 2, 'and then there is peace')
})

test('many hints cost one read a window', async (t) => {
  const { pull, reads } = startPull(t)
  const begun = performance.now()
  while (performance.now() - begun < 5 * WINDOW_MS) {
    pull.hint()
    await delay(1)
  }
  for (let n = 1; n < reads.length; n++) t.ok(reads[n]! - reads[n - 1]! >= WINDOW_MS - 2)
  t.ok(reads.length <= 7, `${reads.length} reads in 5 windows`)
})

test('a hint late in a window is followed by a read after the quiet time, since changes may come without a hint', async (t) => {
  const { pull, reads, read } = startPull(t)
  pull.hint()
  await delay(WINDOW_MS - 10)
  const hinted = performance.now()
  pull.hint()
  await read(3)
  t.ok(reads.at(-1)! - hinted >= QUIET_MS)
})

test('a poll that found nothing does not keep a hint waiting', async (t) => {
  const polls: number[] = []
  const read = async () => {
    polls.push(performance.now())
    return false
  }
  const { pull } = startPull(t, { pollMs: 20, windowMs: () => 10_000, read })
  while (polls.length < 3) await delay(5)
  const before = polls.length
  pull.hint()
  t.equal(polls.length, before + 1)
})

test('without hints it polls, and after its stop it does nothing', async (t) => {
  const { pull, reads, read } = startPull(t, { pollMs: 20 })
  await read(3)
  pull.stop()
  const before = reads.length
  pull.hint()
  await delay(60)
  t.equal(reads.length, before)
})
