// Group commit: what arrives while a group is under way shares the next one.
import { test } from 'tap'
import { groupCommit } from '../../../src/leaderboard/scoring/group-commit.ts'
import { FakeClock } from '../../harness/models/fake-clock.ts'

/** A queue whose groups end when the test says so. */
function startQueue ({ maxItems = 100, maxWaiting = 1000, maxWaitMs = 60_000, maxUnderWay = 1 } = {}) {
  const clock = new FakeClock()
  const groups: { items: readonly number[], end: () => void, fail: (error: Error) => void }[] = []
  const submit = groupCommit<number, number>({
    maxItems,
    maxWaiting,
    maxWaitMs,
    maxUnderWay,
    clock,
    send: async (items) =>
      await new Promise((resolve, reject) => {
        groups.push({ items, end: () => resolve(items.map((item) => 2 * item)), fail: reject })
      })
  })
  return { groups, submit, clock, turn: async () => await clock.turn() }
}

test('what arrives in one turn shares a group, and what arrives meanwhile the next', async (t) => {
  const { groups, submit, turn } = startQueue()
  const first = [submit(1), submit(2)]
  await turn()
  const second = [submit(3), submit(4), submit(5)]
  await turn()
  t.strictSame(groups.map(({ items }) => items), [[1, 2]], 'one group is under way at a time')
  groups[0]!.end()
  t.strictSame(await Promise.all(first), [2, 4])
  await turn()
  t.strictSame(groups.map(({ items }) => items), [[1, 2], [3, 4, 5]])
  groups[1]!.end()
  t.strictSame(await Promise.all(second), [6, 8, 10])
})

test('a group has a size, and so has the queue', async (t) => {
  const { groups, submit, turn } = startQueue({ maxItems: 2, maxWaiting: 3 })
  const done = [submit(1), submit(2), submit(3)]
  await t.rejects(submit(4), { code: 'unavailable' }, 'a full queue refuses')
  await turn()
  t.strictSame(groups[0]!.items, [1, 2])
  groups[0]!.end()
  await turn()
  t.strictSame(groups[1]!.items, [3])
  groups[1]!.end()
  t.strictSame(await Promise.all(done), [2, 4, 6])
})

test('an item that has waited for too long is refused when its turn comes, and not sent', async (t) => {
  const { groups, submit, clock, turn } = startQueue({ maxWaitMs: 500 })
  const first = submit(1)
  await turn()
  const old = submit(2)
  await clock.advance(501)
  const young = submit(3)
  groups[0]!.end()
  await first
  await t.rejects(old, { code: 'unavailable' })
  await turn()
  t.strictSame(groups.map(({ items }) => items), [[1], [3]])
  groups[1]!.end()
  t.equal(await young, 6)
})

test('a failed group fails its own items alone', async (t) => {
  const { groups, submit, turn } = startQueue()
  const first = submit(1)
  await turn()
  const second = submit(2)
  groups[0]!.fail(new Error('cut off'))
  await t.rejects(first, { message: 'cut off' })
  await turn()
  groups[1]!.end()
  t.equal(await second, 4)
})

test('where two groups may be under way, the second goes when it is full, and both in order', async (t) => {
  const { groups, submit, turn } = startQueue({ maxItems: 2, maxUnderWay: 2 })
  const sent = () => groups.map(({ items }) => items)
  const done = [submit(1)]
  await turn()
  done.push(submit(2))
  await turn()
  t.strictSame(sent(), [[1]], 'half a group waits for the one under way')
  done.push(submit(3))
  await turn()
  t.strictSame(sent(), [[1], [2, 3]])
  done.push(submit(4), submit(5), submit(6))
  await turn()
  t.strictSame(sent(), [[1], [2, 3]], 'a third waits, full or not')
  groups[1]!.end()
  t.strictSame(await Promise.all(done.slice(1, 3)), [4, 6], 'whichever ends first')
  await turn()
  t.strictSame(sent(), [[1], [2, 3], [4, 5]])
  groups[2]!.end()
  await turn()
  t.strictSame(sent(), [[1], [2, 3], [4, 5]], 'what is left is not full')
  groups[0]!.fail(new Error('cut off'))
  await t.rejects(done[0]!, { message: 'cut off' })
  await turn()
  t.strictSame(sent(), [[1], [2, 3], [4, 5], [6]])
  groups[3]!.end()
  t.strictSame(await Promise.all(done.slice(3)), [8, 10, 12])
  const last = submit(7)
  await turn()
  groups[4]!.end()
  t.equal(await last, 14, 'and an idle queue sends at once')
})
