// The pages of a board against a brute-force sort, at rest and while the board changes.
import fc from 'fast-check'
import { test } from 'tap'
import { type Board } from '../../../src/leaderboard/boards/board.ts'
import { HEAD_SIZE } from '../../../src/leaderboard/boards/rules.ts'
import { compareUserIds, type RankedEntry } from '../../../src/leaderboard/ranking/order-entries.ts'
import type { PageStart } from '../../../src/leaderboard/ranking/page.ts'
import type { Store } from '../../../src/redis/store.ts'
import { plantFault } from '../../harness/models/scripts.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'

interface ReachedScore {
  userId: string
  score: number
  reached: number
}
type Model = Map<string, ReachedScore>

/** The whole board: the first HEAD_SIZE by score and who reached it first, everybody else by score and user id. */
function sortByHand (model: Model): RankedEntry[] {
  const byReached = [...model.values()].sort((a, b) => b.score - a.score || a.reached - b.reached)
  const rest = byReached.slice(HEAD_SIZE).sort((a, b) => b.score - a.score || compareUserIds(b.userId, a.userId))
  return [...byReached.slice(0, HEAD_SIZE), ...rest].map(({ userId, score }) => ({
    rank: 1 + byReached.filter((other) => other.score > score).length,
    userId,
    username: userId,
    score
  }))
}

function same (what: string, found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
  }
}

/** Ids of several lengths and scripts, whose bytes order otherwise than their characters do. */
const idOf = (n: number) => `${['', 'Z', 'é', '🦊', '\uffee', 'a b'][n % 6]}${n}`

interface Write {
  readonly user: number
  readonly points: number
}
interface Round {
  readonly writes: readonly Write[]
  readonly limit: number
  /** A place to begin at and a score to look around, in percent of the board. */
  readonly place: number
  readonly around: number
}

const rounds = (users: number, maxPoints: number) =>
  fc.array(
    fc.record<Round>({
      writes: fc.array(fc.record({ user: fc.nat(users - 1), points: fc.integer({ min: 1, max: maxPoints }) }), {
        minLength: 10,
        maxLength: 40,
        size: 'max'
      }),
      limit: fc.integer({ min: 1, max: 100 }),
      place: fc.integer({ min: 0, max: 110 }),
      around: fc.integer({ min: 1, max: 50 })
    }),
    { minLength: 8, maxLength: 8, size: 'max' }
  )

/**
 * A board of many with few points, so that ties stand at the edge of the head and the head is pushed out while a walk
 * is under way. After each round of writes: one page more of the walk; the whole board; the page at a place; the
 * entries around a score.
 */
async function play (store: Store, users: number, history: readonly Round[]): Promise<void> {
  const board = freshBoard()
  const model: Model = new Map()
  let reached = 0
  const write = async ({ user, points }: Write) => {
    const userId = idOf(user)
    model.set(userId, { userId, score: (model.get(userId)?.score ?? 0) + points, reached: reached++ })
    await store.applyIncrement(board, increment(userId, points))
  }
  await Promise.all(Array.from({ length: users }, async (_, user) => await write({ user, points: 1 + user % 2 })))
  const before = new Map(model)
  const walked: RankedEntry[] = []
  let start: PageStart | undefined = { place: 0 }
  for (const { writes, limit, place, around } of history) {
    if (start !== undefined) {
      const page = await store.readEntries(board, { window: 'all' }, { start, limit })
      walked.push(...page.entries)
      start = page.next && { behind: page.next }
    }
    await Promise.all(writes.map(write))
    await agree(store, board, { expected: sortByHand(model), limit, place, around })
  }
  while (start !== undefined) {
    const page = await store.readEntries(board, { window: 'all' }, { start, limit: 37 })
    walked.push(...page.entries)
    start = page.next && { behind: page.next }
  }
  const still = [...model.values()].filter(({ userId, score }) => before.get(userId)?.score === score)
  const times = new Map<string, number>()
  for (const { userId, score } of walked) {
    if (model.get(userId)!.score === before.get(userId)!.score) {
      same(`score of ${userId}`, score, model.get(userId)!.score)
    }
    times.set(userId, (times.get(userId) ?? 0) + 1)
  }
  for (const { userId } of still) same(`times that ${userId} was seen`, times.get(userId), 1)
}

interface Looks {
  readonly expected: RankedEntry[]
  readonly limit: number
  readonly place: number
  readonly around: number
}

async function agree (store: Store, board: Board, { expected, limit, place: share, around }: Looks): Promise<void> {
  const all: RankedEntry[] = []
  for (let start: PageStart | undefined = { place: 0 }; start !== undefined;) {
    const { entries, next, total } = await store.readEntries(board, { window: 'all' }, { start, limit })
    same('total', total, expected.length)
    all.push(...entries)
    if (next !== undefined) same('a page before the last', entries.length, limit)
    start = next && { behind: next }
  }
  same(`pages of ${limit}`, all, expected)
  const place = Math.floor(share / 100 * expected.length)
  const at = await store.readEntries(board, { window: 'all' }, { start: { place }, limit })
  same(`the page at ${place}`, at.entries, expected.slice(place, place + limit))
  if (at.next !== undefined) {
    const on = await store.readEntries(board, { window: 'all' }, { start: { behind: at.next }, limit })
    same(`the page behind the one at ${place}`, on.entries, expected.slice(place + limit, place + 2 * limit))
  }
  const score = (expected[place]?.score ?? 0) + around % 2
  const above = expected.filter((entry) => entry.score > score).length
  const near = await store.readEntries(board, { window: 'all' }, { start: { score, above: around }, limit: 2 * around })
  same(`around ${score}`, near.entries, expected.slice(Math.max(0, above - around), above + around))
}

const LOADS = [
  { users: 60, maxPoints: 1, runs: 2 },
  { users: 150, maxPoints: 1, runs: 4 },
  { users: 300, maxPoints: 2, runs: 4 },
  { users: 700, maxPoints: 1, runs: 3 }
]

/** Returns how many writes there were, besides those that made the boards. */
async function playAll (store: Store, seed?: number): Promise<number> {
  let writes = 0
  for (const { users, maxPoints, runs } of LOADS) {
    await fc.assert(
      fc.asyncProperty(rounds(users, maxPoints), async (history) => {
        await play(store, users, history)
        writes += history.flatMap((round) => round.writes).length
      }),
      { numRuns: runs, endOnFailure: true, ...(seed !== undefined && { seed }) }
    )
  }
  return writes
}

test('pages, places and neighbourhoods of scores equal a brute-force sort after any writes, and a walk among them is whole', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const writes = await playAll(store)
  t.ok(writes >= 13 * 8 * 10, `${writes} random writes on 13 boards of 60 to 700 users`)
})

test('a head that is pushed out while it is walked is seen once', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard()
  const raise = async (prefix: string, count: number, points: number) =>
    await Promise.all(
      Array.from(
        { length: count },
        async (_, n) => await store.applyIncrement(board, increment(`${prefix}${n}`, points))
      )
    )
  await raise('still-', 300, 10)
  const first = await store.readEntries(board, { window: 'all' }, { start: { place: 0 }, limit: 100 })
  t.equal(first.entries[0]!.userId, 'still-0')
  await raise('new-', 200, 11)
  const second = await store.readEntries(board, { window: 'all' }, { start: { behind: first.next! }, limit: 100 })
  const third = await store.readEntries(board, { window: 'all' }, { start: { behind: second.next! }, limit: 100 })
  t.equal(third.next, undefined)
  t.equal(new Set([first, second, third].flatMap(({ entries }) => entries.map(({ userId }) => userId))).size, 300)
})

test('the comparison finds faults planted in the script', async (t) => {
  const redis = await startRedis(t)
  const faults: [string, string][] = [
    ["'(' .. other", 'other'],
    ['if x ~= y then return x < y end', 'if x ~= y then return x > y end'],
    ['then till = middle else', 'then till = middle - 1 else'],
    ['score_here >= (score_at', 'score_here > (score_at'],
    ['math.max(0, first - head_size)', 'first'],
    ['place + count - 1', 'place + count - 2']
  ]
  for (const [sound, faulty] of faults) t.ok(await findsFault(t, redis, sound, faulty), `${sound} -> ${faulty}`)
})

async function findsFault (
  t: Parameters<typeof plantFault>[0],
  redis: TestRedis,
  sound: string,
  faulty: string
): Promise<boolean> {
  const store = await openTestStore(t, redis.url, {
    directory: await plantFault(t, { script: 'ranking/read-entries.lua', sound, faulty })
  })
  return await playAll(store, 7).then(() => false, () => true)
}

test('20,000 entries are walked while others write: nobody who keeps the score is missed or seen twice', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard()
  const users = 20_000
  const lines = 500
  await Promise.all(Array.from({ length: lines }, async (_, line) => {
    for (let n = line; n < users; n += lines) await store.applyIncrement(board, increment(`u${n}`, 1 + n % 50))
  }))
  const changed = new Set<string>()
  const walk = new AbortController()
  // One of four never scores; the others do as fast as they are answered, a few at a time, all over the board.
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let n = writer; !walk.signal.aborted; n += 4) {
      const place = n * 7919 % users
      const user = `u${place % 4 === 0 ? place + 1 : place}`
      changed.add(user)
      await store.applyIncrement(board, increment(user, 1 + n % 60))
    }
  })
  const times = new Map<string, number>()
  for (let start: PageStart | undefined = { place: 0 }; start !== undefined;) {
    const { entries, next } = await store.readEntries(board, { window: 'all' }, { start, limit: 100 })
    for (const { userId } of entries) times.set(userId, (times.get(userId) ?? 0) + 1)
    start = next && { behind: next }
  }
  walk.abort()
  await Promise.all(writers)
  const wrong = Array.from({ length: users }, (_, n) => `u${n}`).filter((user) =>
    !changed.has(user) && times.get(user) !== 1
  )
  t.strictSame(wrong, [])
  t.ok(changed.size > 200, `${changed.size} users scored meanwhile`)
})
