// Random histories of boards of every order and operator, with windows that end and users who change their segments,
// against a reference that sorts.
import fc from 'fast-check'
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import { readCursor, writeCursor } from '../../../src/leaderboard/ranking/cursor.ts'
import type { PageStart } from '../../../src/leaderboard/ranking/page.ts'
import { percentileOf, type RankedEntry } from '../../../src/leaderboard/ranking/order-entries.ts'
import { VISIBLE } from '../../../src/leaderboard/boards/rules.ts'
import { isWindowKind, type AskedWindow, type WindowName } from '../../../src/leaderboard/boards/window.ts'
import type { Store } from '../../../src/redis/store.ts'
import { windowByLuxon } from './calendar.ts'
import { ReferenceBoard, type ReferenceWrite } from './reference.ts'
import type { TestRedis } from '../servers/redis.ts'
import type { SetClock } from './set-clock.ts'
import { freshBoard, increment } from '../servers/store.ts'

const HOUR_MS = 3_600_000
const SEGMENTS = ['region:eu', 'region:us', 'region:ü:🦊', 'class:a', 'class:b']
const WINDOWS = ['all', 'day', 'month'] as const

function same (what: string, found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
  }
}

/** Ids of several lengths and scripts, whose bytes order otherwise than their characters do. */
const idOf = (n: number) => `${['', 'Z', 'é', '🦊', '\uffee', 'a b'][n % 6]}${n}`

interface Kind {
  readonly order: 'desc' | 'asc'
  readonly operator: 'increment' | 'best' | 'latest'
}
const KINDS: Kind[] = [
  { order: 'desc', operator: 'latest' },
  { order: 'desc', operator: 'increment' },
  { order: 'asc', operator: 'latest' },
  { order: 'asc', operator: 'increment' },
  { order: 'desc', operator: 'best' },
  { order: 'asc', operator: 'best' }
]

/** Where a check looks: fractions of whatever there is. */
interface Look {
  readonly ranking: number
  readonly place: number
  readonly around: number
  readonly limit: number
}
interface Round {
  readonly writes: ReferenceWrite[]
  readonly hours: number
  readonly looks: Look[]
}
interface History {
  readonly first: ReferenceWrite[]
  readonly rounds: Round[]
}

function history ({ operator }: Kind, users: number): fc.Arbitrary<History> {
  const write = fc.record<ReferenceWrite>({
    user: fc.nat(users - 1).map(idOf),
    amount: operator === 'increment' ? fc.integer({ min: 1, max: 2 }) : fc.nat(5),
    segments: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, {
      weight: 2,
      arbitrary: fc.constantFrom(...SEGMENTS).map((line) => [line])
    }, {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('region:eu', 'region:us'), fc.constantFrom('class:a', 'class:b'))
    })
  })
  const look = fc.record<Look>({
    ranking: fc.nat(999),
    place: fc.nat(999),
    around: fc.integer({ min: 1, max: 20 }),
    limit: fc.integer({ min: 1, max: 100 })
  })
  const round = fc.record<Round>({
    writes: fc.array(write, { minLength: 80, maxLength: 120, size: 'max' }),
    hours: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
    looks: fc.array(look, { minLength: 5, maxLength: 5 })
  })
  return fc.record<History>({
    // Everybody once, so that the boards are as large as wanted: most of them in one segment, whose head is crossed
    // too, or all in none yet.
    first: fc.tuple(fc.boolean(), fc.array(write, { minLength: users, maxLength: users, size: 'max' })).map((
      [none, writes]
    ) =>
      writes.map((write, n) => ({
        ...write,
        user: idOf(n),
        segments: none ? undefined : n % 8 === 0 ? write.segments : ['region:eu']
      }))
    ),
    rounds: fc.array(round, { minLength: 4, maxLength: 4 })
  })
}

/** When histories begin: a little ahead of Redis' own clock. */
export const startMs = () => Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + 1

/** Writes a history to a new board and looks at it after each round. Returns how many writes there were. */
async function play (
  { store, set }: SetClock,
  redis: TestRedis,
  kind: Kind,
  { first, rounds }: History
): Promise<number> {
  const board = freshBoard({
    ...kind,
    windows: WINDOWS,
    time_zone: 'America/New_York',
    segments: ['region', 'class'],
    head_size: 100,
    max_increment: 10
  })
  const reference = new ReferenceBoard(board, (kind, atMs) => windowByLuxon(kind as 'all', board, atMs).name)
  let atMs = startMs()
  const send = async (writes: readonly ReferenceWrite[]) => {
    const expected = writes.map((write) => ({ result: 'applied', score: reference.write(write, atMs) }))
    // All at a time: they share calls of the script.
    same(
      'answers',
      await Promise.all(
        writes.map(async ({ user, amount, segments }) =>
          await store.applyIncrement(board, { ...increment(user, amount), segments })
        )
      ),
      expected
    )
  }
  await set(atMs)
  await send(first)
  for (const { writes, hours, looks } of rounds) {
    await set(atMs += hours * HOUR_MS)
    await send(writes)
    for (const look of looks) await agree(store, board, rankingsOf(reference, board, atMs), look)
  }
  for (const ranking of rankingsOf(reference, board, atMs)) await walk(store, board, ranking, 100)
  await everyKeyEnds(redis, board)
  return first.length + rounds.flatMap(({ writes }) => writes).length
}

interface AskedRanking {
  readonly window: AskedWindow
  readonly name: WindowName
  readonly segment?: string
  readonly expected: RankedEntry[]
}

/** Every ranking that there ever was, a running window by its kind. */
function rankingsOf (reference: ReferenceBoard, board: Board, atMs: number): AskedRanking[] {
  const running = new Map(board.windows.map((kind) => [windowByLuxon(kind as 'all', board, atMs).name, kind]))
  return [...reference.rankings].map(([key, ranking]) => {
    const [name, ...segment] = key.split(' ') as [WindowName, ...string[]]
    return {
      window: running.get(name) ?? name,
      name,
      ...(segment.length > 0 && { segment: segment.join(' ') }),
      expected: ranking.list()
    }
  })
}

async function agree (store: Store, board: Board, rankings: AskedRanking[], look: Look): Promise<void> {
  const ranking = rankings[look.ranking % rankings.length]!
  const { expected } = ranking
  const place = Math.floor(look.place / 1000 * expected.length)
  same(
    `${ranking.window} ${ranking.segment}: the top`,
    (await store.readTop(board, ranking)).entries,
    expected.slice(0, VISIBLE)
  )
  await walk(store, board, ranking, look.limit)
  const at = await store.readEntries(board, ranking, { start: { place }, limit: look.limit })
  same(`the page at ${place}`, at.entries, expected.slice(place, place + look.limit))
  await nearScore(store, board, ranking, {
    score: (expected[place]?.score ?? 0) + look.ranking % 2,
    around: look.around
  })
  const users = [...new Set([place, 0, 95 + look.around % 10, expected.length - 1])].filter((place) =>
    place in expected
  )
  for (const place of users) await userAt(store, board, ranking, { place, around: look.around })
  await among(store, board, ranking, 1 + look.around)
}

/** A whole walk by cursors, which go by way of the text that a client gets. */
async function walk (store: Store, board: Board, ranking: AskedRanking, limit: number): Promise<void> {
  const named = { window: ranking.name, segment: ranking.segment }
  const walked: RankedEntry[] = []
  for (let start: PageStart | undefined = { place: 0 }; start !== undefined;) {
    const { entries, next, total } = await store.readEntries(board, ranking, { start, limit })
    same('total', total, ranking.expected.length)
    walked.push(...entries)
    start = next && { behind: readCursor(board, named, writeCursor(board, named, next)) }
  }
  same(`${ranking.window} ${ranking.segment} in pages of ${limit}`, walked, ranking.expected)
}

async function nearScore (
  store: Store,
  board: Board,
  { expected, ...ranking }: AskedRanking,
  { score, around }: { score: number, around: number }
): Promise<void> {
  const above = expected.filter((entry) => board.order === 'asc' ? entry.score < score : entry.score > score).length
  const near = await store.readEntries(board, ranking, { start: { score, above: around }, limit: 2 * around })
  same(`around the score ${score}`, near.entries, expected.slice(Math.max(0, above - around), above + around))
}

async function userAt (
  store: Store,
  board: Board,
  { expected, ...ranking }: AskedRanking,
  { place, around }: { place: number, around: number }
): Promise<void> {
  const entry = expected[place]!
  const { rank, userId, username, score } = entry
  const found = await store.readUser(board, ranking, { userId, around })
  const neighbours = expected.slice(Math.max(0, place - around), place + around + 1)
  same(`${userId} at ${place} with ${around} around`, found, {
    userId,
    username,
    score,
    rank,
    total: expected.length,
    neighbours
  })
  const passed = expected.filter((other) => other.rank >= rank).length
  same('percentile', percentileOf(found!.rank, found!.total).toFixed(2), (100 * passed / expected.length).toFixed(2))
  if (!isWindowKind(ranking.window)) return
  const standings = await store.readStandings(board, { ...ranking, window: ranking.window }, [userId, 'nobody'])
  same('standings', standings, [{ score, rank }, { score: 0 }])
}

async function among (
  store: Store,
  board: Board,
  { expected, ...ranking }: AskedRanking,
  every: number
): Promise<void> {
  const chosen = expected.filter((_, place) => place % every === 0).slice(0, 400)
  const found = await store.readLookup(board, ranking, ['nobody', ...chosen.map(({ userId }) => userId).sort()])
  same(
    'looked up',
    found,
    chosen.map((entry) => ({ ...entry, groupRank: 1 + chosen.filter(({ rank }) => rank < entry.rank).length }))
  )
}

async function everyKeyEnds ({ client }: TestRedis, { name }: Board): Promise<void> {
  for (const key of await client.keys(`sw:{${name}}:*`)) {
    if (/:(day|month):/.test(key)) same(`whether ${key} ends`, await client.pttl(key) > 0, true)
  }
}

/** Few users come and go in segments of their own; others cross the head's border. */
const SIZES = [{ min: 90, max: 130 }, { min: 2, max: 6 }, { min: 200, max: 400 }]

/**
 * Plays as many histories of each kind and size, always the same ones with a seed. Returns how many writes there were.
 * @throws Error with the first difference
 */
export async function playHistories (
  clock: SetClock,
  redis: TestRedis,
  { runs, seed }: { runs: number, seed?: number }
): Promise<number> {
  let writes = await aHeadOfEquals(clock, redis)
  for (const size of SIZES) {
    for (const [n, kind] of KINDS.entries()) {
      await fc.assert(
        fc.asyncProperty(fc.integer(size).chain((users) => history(kind, users)), async (history) => {
          writes += await play(clock, redis, kind, history)
        }),
        { numRuns: runs, endOnFailure: true, ...(seed !== undefined && { seed: seed + n }) }
      )
    }
  }
  return writes
}

/**
 * All have one score, and the only one outside is the last in bytes: whoever falls back to the score stands behind
 * that one.
 */
async function aHeadOfEquals (clock: SetClock, redis: TestRedis): Promise<number> {
  const users = Array.from({ length: 101 }, (_, n) => `u${String(100 - n).padStart(3, '0')}`)
  const write = (user: string, amount: number): ReferenceWrite => ({ user, amount, segments: ['region:eu'] })
  const round = (...writes: ReferenceWrite[]): Round => ({
    writes,
    hours: 0,
    looks: [{ ranking: 0, place: 990, around: 5, limit: 30 }]
  })
  return await play(clock, redis, { order: 'desc', operator: 'latest' }, {
    first: users.map((user) => write(user, 5)),
    rounds: [
      round(write('u050', 6)),
      round(write('u050', 5)),
      round(write('u049', 6), write('u049', 5)),
      round(write('u100', 5), write('u000', 5))
    ]
  })
}
