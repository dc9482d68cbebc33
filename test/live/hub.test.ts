// The hub with a store in the test's hands: what sessions are sent of the boards that they watch, and when.
import { test, type Test } from 'tap'
import { defaultBoards } from '../../src/leaderboard/boards/board.ts'
import type { Changes, Standing, Top } from '../../src/leaderboard/ranking/reads.ts'
import { Hub } from '../../src/live/hub.ts'
import { startListener, type Listener } from '../harness/clients/sockets.ts'
import { FakeClock } from '../harness/models/fake-clock.ts'

const board = defaultBoards().default

function top (epoch: string, version: number, score: number): Top {
  return {
    epoch,
    version,
    readMs: 0,
    resetsMs: undefined,
    entries: [{ rank: 1, userId: 'ada', username: 'ada', score }]
  }
}

/** Pings are sent every 1.5 s, and their answers come over real sockets: no step of the clock is longer than this. */
const STEP_MS = 500
/** Longer than a state counts as fresh, and longer than a poll. */
const LONG_MS = 4000

/** A hub whose store, change feed and clock are in the test's hands. */
function startHub () {
  const clock = new FakeClock()
  const listeners: Listener[] = []
  let stored: Top | Error = top('e1', 5, 10)
  let standing: Standing = { score: 10, rank: 1 }
  let changes: Changes['changes'] = []
  const followers = new Set<() => void>()
  const hub = new Hub({
    read: async () => {
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
    random: () => 1,
    clock,
    onReadError: () => {}
  })
  /** Lets time pass. Then every listener has got what was sent to it. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await clock.advance(Math.min(left, STEP_MS))
      for (const { caughtUp } of listeners) await caughtUp()
    }
  }
  /** Changes what the store holds, with a hint. */
  const change = async (next: Top | Error) => {
    stored = next
    for (const follower of followers) follower()
    await pass(50)
  }
  /** The store answers no more, for long enough that the state shown counts as stale. */
  const goAway = async () => {
    await change(new Error('away'))
    await pass(LONG_MS)
  }
  /** Gives ada a standing, and bob a new score with it. */
  const score = async (now: Standing) => {
    standing = now
    changes = [{ userId: 'ada', score: now.score }, { userId: 'bob', score: 1 }]
    await pass(50)
  }
  const watcher = async (t: Test, more: { userId?: string, feed?: boolean, resumeFrom?: string } = {}) => {
    const listener = await startListener(t, { clock })
    listeners.push(listener)
    hub.watch(listener.session, { board, ranking: { window: 'all' }, ...more })
    await pass(50)
    return { ...listener, stop: () => hub.leave(listener.session) }
  }
  return { hub, clock, followers, pass, change, goAway, score, watcher }
}

const eventsOf = ({ messages }: Listener) => messages.map(({ event }) => event)

test('clients see each new version once and never an older one, but another epoch always', async (t) => {
  const { change, watcher } = startHub()
  const { messages } = await watcher(t)
  await change(top('e1', 5, 10))
  await change(top('e1', 7, 12))
  await change(top('e1', 6, 11))
  await change(top('e1', 8, 12))
  await change(top('e2', 1, 1))
  await change(top('e2', 2, 2))
  t.strictSame(messages.map(({ event, epoch, version }) => [event, epoch, version]), [
    ['snapshot', 'e1', 5],
    ['update', 'e1', 7],
    ['update', 'e2', 1],
    ['update', 'e2', 2]
  ], 'version 6 is older and version 8 looks the same')
})

test('who comes late gets the newest, and who has it already is told that it is', async (t) => {
  const { hub, change, watcher } = startHub()
  const first = await watcher(t)
  await change(top('e1', 6, 11))
  await change(top('e1', 7, 11))
  const late = await watcher(t)
  t.match(
    late.messages[0],
    { event: 'snapshot', version: 7 },
    'the newest, also where it looked the same to the others'
  )
  t.equal(first.messages.at(-1).version, 6)
  const resumed = await watcher(t, { resumeFrom: 'e1-7' })
  t.match(resumed.messages[0], { event: 'heartbeat', version: 7 })
  t.match(await hub.top(board, { window: 'all' }), { version: 7, isStale: false })
})

test('a board is followed while somebody watches it, and not longer', async (t) => {
  const { followers, change, watcher } = startHub()
  const { stop } = await watcher(t)
  t.equal(followers.size, 1)
  await change(top('e1', 6, 11))
  stop()
  stop()
  t.equal(followers.size, 0)
})

test('while the store is away every client is told, sees the last state, and is told when it is current again', async (t) => {
  const { hub, pass, change, goAway, watcher } = startHub()
  const there = await watcher(t)
  await goAway()
  t.strictSame(eventsOf(there), ['snapshot', 'stale'])
  t.match(there.messages.at(-1), { epoch: 'e1', version: 5 })
  await pass(LONG_MS)
  t.equal(there.messages.length, 2, 'what is stale already is not told again')
  const late = await watcher(t)
  t.strictSame(eventsOf(late), ['snapshot', 'stale'])
  t.match(await hub.top(board, { window: 'all' }), { version: 5, isStale: true })
  await change(top('e1', 5, 10))
  for (const { messages } of [there, late]) t.match(messages.at(-1), { event: 'heartbeat', version: 5 })
  await goAway()
  await change(top('e1', 6, 20))
  t.strictSame(eventsOf(there), ['snapshot', 'stale', 'heartbeat', 'stale', 'update'])
})

test('a state is vouched for 2.4 seconds after its last confirmation, and not longer', async (t) => {
  const { clock, pass, change, watcher } = startHub()
  const there = await watcher(t)
  await change(new Error('away'))
  const confirmedMs = clock.now()
  await pass(2200)
  t.strictSame(eventsOf(there), ['snapshot'])
  await pass(1400) // a poll later
  t.strictSame(eventsOf(there), ['snapshot', 'stale'])
  t.ok(clock.now() - confirmedMs <= 3600)
})

test('a board that nobody watched is shown from the last read while the store is away', async (t) => {
  const { hub, change, watcher } = startHub()
  t.match(await hub.top(board, { window: 'all' }), { version: 5, isStale: false })
  await change(new Error('away'))
  t.match(await hub.top(board, { window: 'all' }), { version: 5, isStale: true })
  t.strictSame(eventsOf(await watcher(t)), ['snapshot', 'stale'])
  await t.rejects(hub.top(board, { window: 'day' }), { message: 'away' }, 'what was never read cannot be shown')
})

test('a session watches several boards, each once, and stops to watch them one by one', async (t) => {
  const { hub, followers, watcher } = startHub()
  const { session } = await watcher(t)
  hub.watch(session, { board, ranking: { window: 'day' } })
  hub.watch(session, { board, ranking: { window: 'day' }, feed: true })
  t.equal(hub.countOf(session), 2)
  t.ok(hub.watches(session, board, { window: 'day' }))
  t.notOk(hub.watches(session, board, { window: 'day', segment: 'region:eu' }))
  t.ok(hub.unwatch(session, board, { window: 'day' }))
  t.notOk(hub.unwatch(session, board, { window: 'day' }))
  t.equal(hub.countOf(session), 1)
  t.equal(followers.size, 1)
  hub.leave(session)
  t.equal(hub.countOf(session), 0)
  t.equal(followers.size, 0)
})

test('the own standing follows the snapshot and then every change of it', async (t) => {
  const { score, watcher } = startHub()
  const own = await watcher(t, { userId: 'ada' })
  const other = await watcher(t)
  t.strictSame(eventsOf(own), ['snapshot', 'you'])
  await score({ score: 12, rank: 2 })
  t.match(own.messages.at(-1), { event: 'you', user_id: 'ada', score: 12, rank: 2 })
  await score({ score: 12, rank: 2 })
  t.equal(own.messages.length, 3, 'what has not changed is not told')
  t.strictSame(eventsOf(other), ['snapshot'])
})

test('being passed within the top is told, with who did it', async (t) => {
  const { change, watcher } = startHub()
  const entries = (...rows: [string, number, number][]) =>
    rows.map(([userId, score, rank]) => ({ userId, username: userId, score, rank }))
  await change({ ...top('e1', 6, 0), entries: entries(['ada', 10, 1], ['bob', 9, 2], ['cid', 8, 3]) })
  const own = await watcher(t, { userId: 'ada' })
  t.strictSame(eventsOf(own), ['snapshot', 'you'])
  await change({ ...top('e1', 7, 0), entries: entries(['cid', 12, 1], ['bob', 11, 2], ['ada', 10, 3]) })
  t.match(await own.until(({ event }) => event === 'overtaken'), { by: 'bob', rank: 3, board: 'main', window: 'all' })
  await change({ ...top('e1', 8, 0), entries: entries(['ada', 20, 1], ['cid', 12, 2], ['bob', 11, 3]) })
  t.equal(own.messages.filter(({ event }) => event === 'overtaken').length, 1)
})

test('watching the same board again goes on following, also for another client of the same user', async (t) => {
  const { hub, score, watcher } = startHub()
  const [own, other] = [await watcher(t, { userId: 'ada' }), await watcher(t, { userId: 'ada' })]
  hub.watch(own.session, { board, ranking: { window: 'all' }, userId: 'ada', feed: true })
  await score({ score: 11, rank: 1 })
  for (const { messages } of [own, other]) t.ok(messages.some(({ event, score }) => event === 'you' && score === 11))
  own.stop()
  await score({ score: 12, rank: 1 })
  t.match(other.messages.at(-1), { event: 'you', score: 12 })
})

test('another history begins its feed anew and says that some changes are not known', async (t) => {
  const { change, score, watcher } = startHub()
  const fed = await watcher(t, { feed: true })
  await change(top('e2', 1, 1))
  t.match(fed.messages.at(-1), { event: 'scores', changes: [], missed: true })
  await score({ score: 3, rank: 1 })
  t.match(fed.messages.at(-1), { changes: [{ user_id: 'ada' }, { user_id: 'bob' }] })
})

test('the feed tells every change, to those who asked for it', async (t) => {
  const { score, watcher } = startHub()
  const fed = await watcher(t, { feed: true })
  const other = await watcher(t)
  await score({ score: 3, rank: 1 })
  t.strictSame(fed.messages.find(({ event }) => event === 'scores').changes, [{ user_id: 'ada', score: 3 }, {
    user_id: 'bob',
    score: 1
  }])
  t.ok(other.messages.every(({ event }) => event === 'snapshot'))
})
