// Random histories of boards of every order and operator: what is made anew from the ledger is what there was.
import { test } from 'tap'
import { rebuild } from '../../src/cli/commands/rebuild.ts'
import type { Board } from '../../src/leaderboard/boards/board.ts'
import type { Act } from '../../src/leaderboard/moderation/moderation.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { boardDigest, difference } from '../harness/models/board-digest.ts'
import { perform } from '../harness/clients/command.ts'
import { know } from '../harness/servers/know.ts'
import { archived, startTestArchiver } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { randomFrom } from '../harness/models/random.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { openStoreWithClock, type SetClock } from '../harness/models/set-clock.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Tomorrow: Redis lets go of what ends before its own time. */
const START = Math.ceil(Date.now() / DAY_MS) * DAY_MS + 20 * HOUR_MS
const rfc = (ms: number) => new Date(ms).toISOString()

const seasons = [
  { name: 'one', start: rfc(START - 30 * DAY_MS), end: rfc(START + 12 * HOUR_MS), grace_seconds: 86_400 },
  { name: 'two', start: rfc(START + 18 * HOUR_MS), end: rfc(START + 500 * DAY_MS) }
]
const RULES = {
  windows: ['all', 'day', 'week', 'season'],
  seasons,
  segments: ['region', 'class'],
  time_zone: 'America/New_York',
  head_size: 100,
  max_increment: 10
}
const actions = { jump: { points: 3, limit: { max: 1000, per: 'day' } } }
const LINES = ['region:eu', 'region:us', 'region:ü:🦊', 'class:a', 'class:b']

let acts = 0
const act = (userId: string, more: Partial<Act> = {}): Act => ({
  userId,
  actionId: `act-${acts++}`,
  actor: 'mod',
  reason: 'a test',
  ip: '192.0.2.1',
  requestId: 'test',
  ...more
})
const origin = { actor: 'mod', ip: '192.0.2.1', requestId: 'test' }

interface Load {
  readonly rules: object
  readonly users: number
  readonly rounds: number
  readonly seed: number
  readonly erases: boolean
}

/** Does things at random, a day and a night long. */
async function live ({ store, set }: SetClock, board: Board, { users, rounds, seed, erases }: Load): Promise<void> {
  const random = randomFrom(seed)
  const among = (n: number) => Math.floor(random() * n)
  const one = <T>(list: readonly T[]): T => list[among(list.length)]!
  const adds = board.operator === 'increment'
  let atMs = START
  const lines = () => {
    const given = [
      ...new Map([one(LINES), one(LINES)].map((line) => [line.slice(0, line.indexOf(':')), line])).values()
    ]
    return one([undefined, undefined, given, given.slice(0, 1)])
  }
  const write = async (userId: string) => {
    const segments = lines()
    const late = among(6) === 0 ? { season: 'one' } : {}
    const username = among(3) === 0 ? `Name ${among(9)} of ${userId}` : undefined
    const action = adds && among(4) === 0 ? { name: 'jump', ...board.actions['jump']! } : undefined
    const amount = action?.points ?? (adds ? 1 + among(3) : among(7))
    const write = {
      ...increment(userId, amount, { ...(username !== undefined && { username }), action }),
      ...(segments !== undefined && { segments }),
      ...late
    }
    await store.applyIncrement(board, write).catch((error) => {
      if (error.code !== 'season_closed') throw error
    })
    if (among(10) === 0) await store.applyIncrement(board, write).catch(() => {})
  }
  const step = async (userId: string) => {
    const n = random()
    if (n < 0.45) await write(userId)
    else if (n < 0.57) {
      const points = among(7) - 4 || 1
      await store.moderation.adjust(board, act(userId), {
        change: !adds ? '=' : points < 0 ? '-' : '+',
        amount: Math.abs(points),
        madeMs: undefined
      })
    } else if (n < 0.69) {
      const kind = one([{}, { shadow: true }, { until_ms: atMs + 3 * HOUR_MS }, {
        until_ms: atMs + 900 * DAY_MS,
        shadow: true
      }])
      const allBoards = one([false, true])
      await store.moderation.ban(board, act(userId, { allBoards }), { reason: 'a test', ...kind, actor: 'mod' })
    } else if (n < 0.79) await store.moderation.unban(board, act(userId), 'any')
    else if (n < 0.84) await store.moderation.removeUser(board, act(userId), 'delete')
    else if (n < 0.86 && erases) await store.moderation.removeUser(board, act(userId), 'erase')
    else {
      const day = rfc(atMs - among(3) * DAY_MS - 5 * HOUR_MS).slice(0, 10)
      const row = {
        userId,
        username: among(2) === 0 ? `Imported ${userId}` : undefined,
        score: among(30),
        segments: lines()
      }
      const window = one(['all', `day:${day}`, 'season:one', 'season:two'])
      await store.applyImport(board, window, [row], origin).catch((error) => {
        if (error.code !== 'season_closed' && error.code !== 'invalid_request') throw error
      })
    }
  }
  await set(atMs)
  for (let n = 0; n < users; n++) await write(`user-${n}`)
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < 60; n++) await step(`user-${among(users)}`)
    await set(atMs += among(9) * HOUR_MS)
  }
}

const KINDS = [
  { order: 'desc', operator: 'increment' },
  { order: 'asc', operator: 'increment' },
  { order: 'desc', operator: 'best' },
  { order: 'asc', operator: 'best' },
  { order: 'desc', operator: 'latest' },
  { order: 'asc', operator: 'latest' }
]
/** All that a run leaves must be the same; every user is within the head, which then knows the order of all. */
const LOADS: Load[] = KINDS.map((kind, n) => ({
  rules: { ...RULES, ...kind, ...kind.operator === 'increment' && { actions } },
  users: 40,
  rounds: 9,
  seed: n + 1,
  erases: n % 2 === 1
}))

test('what is made anew is what there was: windows, segments, heads, names, bans, what is hidden, remembered actions', async (t) => {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t)
  const clock = await openStoreWithClock(t, redis, START)
  const boards = LOADS.map(({ rules }) => freshBoard(rules))
  const names = boards.map(({ name }) => name)
  startTestArchiver(t, { redis, database, boards: () => names })
  for (const [n, board] of boards.entries()) {
    await know(database, board)
    await live(clock, board, LOADS[n]!)
  }
  for (const name of names) await archived(redis, name)
  const expected = await Promise.all(names.map(async (name) => await boardDigest(redis.client, name)))
  for (const name of names) t.equal(await redis.client.xlen(boardKeys(name).deadLetters), 0)
  await redis.client.flushall()
  const { code, out, error } = await perform(rebuild, [], { REDIS_URL: redis.url, DATABASE_URL: url })
  t.equal(code, 0, out + error)
  t.comment(out)
  for (const [n, name] of names.entries()) {
    t.ok(Object.keys(expected[n]!).length > 60, `${Object.keys(expected[n]!).length} keys and their ends`)
    const found = await boardDigest(redis.client, name)
    if (LOADS[n]!.erases) {
      // The ledger does not know any more which actions were those of an erased user.
      const { seen, rest } = apart(found)
      t.equal(difference(rest, apart(expected[n]!).rest), undefined, JSON.stringify(KINDS[n]))
      t.ok(seen.length > 50 && seen.every((record) => apart(expected[n]!).seen.includes(record)))
    } else t.equal(difference(found, expected[n]!), undefined, JSON.stringify(KINDS[n]))
  }
})

test('of more users than the head takes, with many equals, those who were first are in it', async (t) => {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t)
  const board = freshBoard({ windows: ['all', 'day'] })
  await know(database, board)
  const store = await openTestStore(t, redis.url)
  startTestArchiver(t, { redis, database, boards: () => [board.name] })
  const random = randomFrom(7)
  for (let n = 0; n < 1500; n++) await store.applyIncrement(board, increment(`user-${Math.floor(random() * 400)}`, 1))
  await archived(redis, board.name)
  const expected = await boardDigest(redis.client, board.name)
  t.equal((expected[boardKeys(board.name).head('all')] as string[]).length, board.head_size)
  await redis.client.flushall()
  t.match(await perform(rebuild, [], { REDIS_URL: redis.url, DATABASE_URL: url }), { code: 0 })
  t.equal(difference(await boardDigest(redis.client, board.name), expected), undefined)
})

/** The records of actions, and everything else. */
function apart (digest: Record<string, unknown>): { seen: string[], rest: Record<string, unknown> } {
  const isSeen = (key: string) => key.includes(':actions:')
  const entries = Object.entries(digest)
  return {
    seen: entries.filter(([key]) => isSeen(key)).flatMap(([, records]) =>
      Object.entries(records as object).map((pair) => pair.join(' '))
    ),
    rest: Object.fromEntries(entries.filter(([key]) => !isSeen(key)))
  }
}
