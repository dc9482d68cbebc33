// The order of a board against a brute-force sort: top, rank, percentile and neighbours.
import { test } from 'tap'
import { HEAD_SIZE, VISIBLE } from '../../../src/leaderboard/boards/rules.ts'
import type { Store } from '../../../src/redis/store.ts'
import { plantFault } from '../../harness/models/scripts.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'

/** Repeatable numbers between 0 and 1 (mulberry32). */
function randomFrom (seed: number): () => number {
  return () => {
    seed = seed + 0x6D2B79F5 | 0
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
    return ((t ^ t >>> 14) >>> 0) / 4294967296
  }
}

interface ReachedScore {
  userId: string
  score: number
  reached: number
}

const bytes = (text: string) => Buffer.from(text)

/** The whole board: the first HEAD_SIZE by score and who reached it first, everybody else by score and user id. */
function sortByHand (standings: Iterable<ReachedScore>) {
  const byReached = [...standings].sort((a, b) => b.score - a.score || a.reached - b.reached)
  const rest = byReached.slice(HEAD_SIZE).sort((a, b) =>
    b.score - a.score || Buffer.compare(bytes(b.userId), bytes(a.userId))
  )
  const all = [...byReached.slice(0, HEAD_SIZE), ...rest]
  return all.map(({ userId, score }) => ({
    rank: 1 + all.filter((other) => other.score > score).length,
    userId,
    username: userId,
    score
  }))
}

interface Load {
  users: number
  writes: number
  maxPoints: number
  seed: number
}

/** Writes at random and compares with the sort; returns the first difference. */
async function differs (store: Store, { users, writes, maxPoints, seed }: Load): Promise<string | undefined> {
  const random = randomFrom(seed)
  const board = freshBoard()
  const standings = new Map<string, ReachedScore>()
  const checks = 5
  for (let check = 0, reached = 0; check < checks; check++) {
    const outcomes = Array.from({ length: writes / checks }, async () => {
      const userId = `user-${Math.floor(random() * users)}`
      const points = 1 + Math.floor(random() * maxPoints)
      standings.set(userId, { userId, score: (standings.get(userId)?.score ?? 0) + points, reached: reached++ })
      return await store.applyIncrement(board, increment(userId, points))
    })
    await Promise.all(outcomes)
    const expected = sortByHand(standings.values())
    const top = await store.readTop(board, { window: 'all' })
    const visible = JSON.stringify(expected.slice(0, VISIBLE))
    if (JSON.stringify(top.entries) !== visible) return `the top of ${users} users`
    for (const [place, entry] of expected.entries()) {
      if (place > 2 * HEAD_SIZE && random() > 0.05) continue
      const around = 1 + Math.floor(random() * 12)
      const found = await store.readUser(board, { window: 'all' }, { userId: entry.userId, around })
      const neighbours = expected.slice(Math.max(0, place - around), place + around + 1)
      if (
        JSON.stringify(found) !==
          JSON.stringify({
            userId: entry.userId,
            username: entry.userId,
            score: entry.score,
            rank: entry.rank,
            total: expected.length,
            neighbours
          })
      ) {
        return `${entry.userId} at place ${place} of ${expected.length} with ${around} around`
      }
    }
  }
  return undefined
}

const LOADS: Load[] = [
  { users: 40, writes: 1000, maxPoints: 2, seed: 1 },
  { users: 140, writes: 2000, maxPoints: 3, seed: 2 },
  { users: 400, writes: 3000, maxPoints: 1, seed: 3 },
  { users: 2000, writes: 4000, maxPoints: 2, seed: 4 }
]

test('top, rank and neighbours equal a brute-force sort on 10,000 random writes with many ties', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  for (const load of LOADS) t.equal(await differs(store, load), undefined, `${load.users} users, ${load.writes} writes`)
})

test('the comparison finds faults planted in the scripts', async (t) => {
  const redis = await startRedis(t)
  const faults = [
    {
      script: 'lib/heads.lua',
      sound: 'if number(score) <= window.floor then',
      faulty: 'if number(score) <= window.floor + 1 then'
    },
    { script: 'lib/heads.lua', sound: 'if size > window.size then drop_last(window) end', faulty: '' },
    { script: 'lib/heads.lua', sound: 'reached > last_sequence', faulty: 'reached < last_sequence' },
    {
      script: 'lib/heads.lua',
      sound: 'board.sequence = math.max(board.sequence + 1, board.now_us)',
      faulty: 'board.sequence = board.now_us'
    },
    { script: 'ranking/read-user.lua', sound: "'(' .. other", faulty: 'other' },
    {
      script: 'ranking/read-user.lua',
      sound: 'first, last = 0, head_size + around',
      faulty: 'first, last = 0, around'
    },
    { script: 'ranking/read-user.lua', sound: 'score_at(first) >= score_at', faulty: 'score_at(first) > score_at' }
  ]
  for (const fault of faults) {
    t.ok(await findsFault(t, redis, fault), `${fault.sound} -> ${fault.faulty}`)
  }
})

async function findsFault (
  t: Parameters<typeof plantFault>[0],
  redis: TestRedis,
  fault: Parameters<typeof plantFault>[1]
): Promise<boolean> {
  const store = await openTestStore(t, redis.url, { directory: await plantFault(t, fault) })
  for (const load of LOADS) {
    if (await differs(store, load) !== undefined) return true
  }
  return false
}
