import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { defaultBoards } from '../../src/leaderboard/boards/board.ts'
import type { Changes, Standing, Top } from '../../src/leaderboard/ranking/reads.ts'
import { Hub } from '../../src/live/hub.ts'
import { startListener } from '../harness/clients/sockets.ts'

const board = defaultBoards().default

function top (epoch: string, version: number, score: number): Top {
  return { epoch, version, readMs: Date.now(), resetsMs: undefined, entries: [{ rank: 1, userId: 'ada', username: 'ada', score }] }
}

/** A hub whose store and change feed are in the test's hands. */
function startHub () {
  let stored: Top | Error = top('e1', 5, 10)
  let standing: Standing = { score: 10, rank: 1 }
  let changes: Changes['changes'] = []
  const reads = { count: 0 }
  const followers = new Set<() => void>()
  const hub = new Hub({
    read: async () => {
      reads.count++
      if (stored instanceof Error) throw stored
      return stored
    },
    readStandings: async (_board, _part, userIds) => userIds.map(() => standing),
    readChanges: async (_board, _part, cursor) => {
      const now = cursor === undefined ? [] : changes
      if (cursor !== undefined) changes = []
      return { cursor: 'next', more: false, changes: now, unseen: [] }
    },
    follow: (_board, onHint) => {
      followers.add(onHint)
      queueMicrotask(onHint)
      return () => followers.delete(onHint)
    },
    windowMs: 10,
    quietMs: 1,
    random: () => 1, // no heartbeat is due before a test is over
    onReadError: () => {}
  })
  const change = async (next: Top | Error) => {
    stored = next
    const before = reads.count
    for (const follower of followers) follower()
    while (followers.size > 0 && reads.count === before) await delay(5)
    await delay(40)
    await turn() // by now what was sent has come, also where this process stood still all the time
  }
  const score = (now: Standing) => {
    standing = now
    changes = [{ userId: 'ada', score: now.score }, { userId: 'bob', score: 1 }]
  }
  return { hub, followers, change, score }
}

async function watcher (t: Test, hub: Hub, more: { userId?: string, feed?: boolean, resumeFrom?: string } = {}) {
  const listener = await startListener(t)
  hub.watch(listener.session, { board, ranking: { window: 'all' }, ...more })
  t.teardown(() => hub.leave(listener.session))
  return { ...listener, stop: () => hub.leave(listener.session) }
}

test('clients see each new version once and never an older one, but another epoch always', async (t) => {
  const { hub, change } = startHub()
  const { messages, until } = await watcher(t, hub)
  await change(top('e1', 5, 10))
  await change(top('e1', 7, 12))
  await change(top('e1', 6, 11))
  await change(top('e1', 8, 12))
  await change(top('e2', 1, 1))
  await change(top('e2', 2, 2))
  await until(({ epoch, version }) => epoch === 'e2' && version === 2)
  t.strictSame(messages.map(({ event, epoch, version }) => [event, epoch, version]),
    [['snapshot', 'e1', 5], ['update', 'e1', 7], ['update', 'e2', 1], ['update', 'e2', 2]], 'version 6 is older and version 8 looks the same')
})

test('who comes late gets the newest, and who has it already is told that it is', async (t) => {
  const { hub, change } = startHub()
  const first = await watcher(t, hub)
  await change(top('e1', 6, 11))
  await change(top('e1', 7, 11))
  const late = await watcher(t, hub)
  t.match(await late.until(() => true), { event: 'snapshot', version: 7 }, 'the newest, also where it looked the same to the others')
  t.equal(first.messages.at(-1).version, 6)
  const resumed = await watcher(t, hub, { resumeFrom: 'e1-7' })
  t.match(await resumed.until(() => true), { event: 'heartbeat', version: 7 })
  t.match(await hub.top(board, { window: 'all' }), { version: 7, isStale: false })
})

test('a board is followed while somebody watches it, and not longer', async (t) => {
  const { hub, followers, change } = startHub()
  const { stop } = await watcher(t, hub)
  t.equal(followers.size, 1)
  await change(top('e1', 6, 11))
  stop()
  stop()
  t.equal(followers.size, 0)
})

test('while the store is away everybody is told, sees the last state, and is told when it is current again', async (t) => {
  const { hub, change } = startHub()
  const there = await watcher(t, hub)
  await there.until(({ event }) => event === 'snapshot')
  await change(new Error('away'))
  t.match(await there.until(({ event }) => event === 'stale'), { epoch: 'e1', version: 5 })
  for (let n = 0; n < 3; n++) await change(new Error('away')) // what is stale already is not told again
  const late = await watcher(t, hub)
  await late.until(({ event }) => event === 'stale')
  t.strictSame(late.messages.map(({ event }) => event), ['snapshot', 'stale'])
  t.match(await hub.top(board, { window: 'all' }), { version: 5, isStale: true })
  await change(top('e1', 5, 10))
  for (const { until } of [there, late]) t.match(await until(({ event }) => event === 'heartbeat'), { version: 5 })
  await change(new Error('away'))
  const again = there.messages.length
  while (there.messages.length === again) await change(new Error('away'))
  await change(top('e1', 6, 20))
  await there.until(({ event }) => event === 'update')
  t.strictSame(there.messages.map(({ event }) => event), ['snapshot', 'stale', 'heartbeat', 'stale', 'update'])
})

test('a board that nobody watched is shown from the last read while the store is away', async (t) => {
  const { hub, change } = startHub()
  t.match(await hub.top(board, { window: 'all' }), { version: 5, isStale: false })
  await change(new Error('away'))
  t.match(await hub.top(board, { window: 'all' }), { version: 5, isStale: true })
  const late = await watcher(t, hub)
  await late.until(({ event }) => event === 'stale')
  t.strictSame(late.messages.map(({ event }) => event), ['snapshot', 'stale'])
  await t.rejects(hub.top(board, { window: 'day' }), { message: 'away' }, 'what was never read cannot be shown')
})

test('the own standing follows the snapshot and then every change of it', async (t) => {
  const { hub, score } = startHub()
  const own = await watcher(t, hub, { userId: 'ada' })
  const other = await watcher(t, hub)
  await own.until(({ event }) => event === 'you')
  t.strictSame(own.messages.map(({ event }) => event), ['snapshot', 'you'])
  score({ score: 12, rank: 2 })
  t.match(await own.until((message) => message.score === 12), { event: 'you', user_id: 'ada', rank: 2 })
  score({ score: 12, rank: 2 })
  await delay(60)
  t.equal(own.messages.length, 3, 'what has not changed is not told')
  t.strictSame(other.messages.map(({ event }) => event), ['snapshot'])
})

test('being passed within the top is told, with who did it', async (t) => {
  const { hub, change } = startHub()
  const entries = (...rows: [string, number, number][]) => rows.map(([userId, score, rank]) => ({ userId, username: userId, score, rank }))
  await change({ ...top('e1', 6, 0), entries: entries(['ada', 10, 1], ['bob', 9, 2], ['cid', 8, 3]) })
  const own = await watcher(t, hub, { userId: 'ada' })
  await own.until(({ event }) => event === 'you')
  await change({ ...top('e1', 7, 0), entries: entries(['cid', 12, 1], ['bob', 11, 2], ['ada', 10, 3]) })
  t.match(await own.until(({ event }) => event === 'overtaken'), { by: 'bob', rank: 3, board: 'main', window: 'all' })
  await change({ ...top('e1', 8, 0), entries: entries(['ada', 20, 1], ['cid', 12, 2], ['bob', 11, 3]) })
  t.equal(own.messages.filter(({ event }) => event === 'overtaken').length, 1)
})

test('watching the same board again goes on following, also for another client of the same user', async (t) => {
  const { hub, score } = startHub()
  const [own, other] = [await watcher(t, hub, { userId: 'ada' }), await watcher(t, hub, { userId: 'ada' })]
  for (const { until } of [own, other]) await until(({ event }) => event === 'you')
  hub.watch(own.session, { board, ranking: { window: 'all' }, userId: 'ada', feed: true })
  score({ score: 11, rank: 1 })
  for (const { until } of [own, other]) await until((message) => message.event === 'you' && message.score === 11)
  own.stop()
  score({ score: 12, rank: 1 })
  await other.until((message) => message.event === 'you' && message.score === 12)
})

test('another history begins its feed anew and says that some changes are not known', async (t) => {
  const { hub, score, change } = startHub()
  const fed = await watcher(t, hub, { feed: true })
  await fed.until(({ event }) => event === 'snapshot')
  await change(top('e2', 1, 1))
  t.match(await fed.until(({ event }) => event === 'scores'), { changes: [], missed: true })
  score({ score: 3, rank: 1 })
  t.match(await fed.until(({ event, changes }) => event === 'scores' && changes.length > 0), { changes: [{ user_id: 'ada' }, { user_id: 'bob' }] })
})

test('the feed tells every change, to those who asked for it', async (t) => {
  const { hub, score } = startHub()
  const fed = await watcher(t, hub, { feed: true })
  const other = await watcher(t, hub)
  await fed.until(({ event }) => event === 'snapshot')
  score({ score: 3, rank: 1 })
  t.strictSame((await fed.until(({ event }) => event === 'scores')).changes, [{ user_id: 'ada', score: 3 }, { user_id: 'bob', score: 1 }])
  t.ok(other.messages.every(({ event }) => event === 'snapshot'))
})
