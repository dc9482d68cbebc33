// Bans, corrections and removals against a plain model: every ranking after every step.
import { test } from 'tap'
import type { Board } from '../../src/leaderboard/board.ts'
import type { Act } from '../../src/leaderboard/moderation.ts'
import type { Part } from '../../src/leaderboard/part.ts'
import { VISIBLE } from '../../src/leaderboard/rules.ts'
import type { Store } from '../../src/redis/store.ts'
import { PlainBoard, partName } from '../harness/moderation-model.ts'
import { randomFrom } from '../harness/random.ts'
import { startRedis } from '../harness/redis.ts'
import { plantFault } from '../harness/scripts.ts'
import { freshBoard, increment, openTestStore } from '../harness/store.ts'

const HOUR_MS = 3_600_000
const rfc = (ms: number) => new Date(ms).toISOString()

/** One season has ended and takes late actions, the next one runs: no midnight changes that during a test. */
const seasons = [
  { name: 'closed', start: '2019-01-01T00:00:00Z', end: '2020-01-01T00:00:00Z' },
  { name: 'late', start: '2020-01-01T00:00:00Z', end: rfc(Date.now() - HOUR_MS), grace_seconds: 86_400 },
  { name: 'running', start: rfc(Date.now() - HOUR_MS), end: '2100-01-01T00:00:00Z' }
]
const WINDOWS = ['all', 'season:late', 'season:running'] as const
const PARTS = WINDOWS.flatMap((window) => [undefined, 'region:eu', 'region:na'].map((segment): Part => ({ window, ...(segment !== undefined && { segment }) })))

let acts = 0
const act = (userId: string, more: Partial<Act> = {}): Act =>
  ({ userId, actionId: `act-${acts++}`, actor: 'mod', reason: 'a test', ip: '192.0.2.1', requestId: 'test', ...more })

interface Load { users: number, steps: number, order: 'asc' | 'desc', seed: number }

/** Acts at random and compares after each step; returns the first difference. */
async function differs (store: Store, { users, steps, order, seed }: Load): Promise<string | undefined> {
  const random = randomFrom(seed)
  const among = (n: number) => Math.floor(random() * n)
  const board = freshBoard({ windows: ['all', 'season'], seasons, segments: ['region'], order })
  const sign = order === 'asc' ? -1 : 1
  const model = new PlainBoard(WINDOWS, sign)

  const raise = async (userId: string) => {
    const [points, late] = [1 + among(2), among(4) === 0]
    const segment = late ? undefined : [undefined, 'region:eu', 'region:na'][among(3)]
    model.increment(userId, points, { windows: late ? ['all', 'season:late'] : ['all', 'season:running'], segment })
    await store.increment(board, { ...increment(userId, points), ...(segment !== undefined && { segments: [segment] }), ...(late && { season: 'late' }) })
  }
  const step = async (userId: string): Promise<string | undefined> => {
    const n = random()
    if (n < 0.3) await raise(userId)
    else if (n < 0.55) {
      const points = among(5) - 3 || 1
      const refused = model.adjust(userId, points, ['all', 'season:running'])
      const { result } = await store.moderation.adjust(board, act(userId), { change: points < 0 ? '-' : '+', amount: Math.abs(points), madeMs: undefined })
      if (result !== (refused ? 'below' : 'applied')) return `an adjustment by ${points}: ${result}`
    } else if (n < 0.75) {
      const shadow = among(2) === 0
      model.ban(userId, shadow ? 'shadow' : 'hard')
      await store.moderation.ban(board, act(userId), { reason: 'a test', ...(shadow && { shadow }), actor: 'mod' })
    } else if (n < 0.93) {
      const banned = [...model.bans.keys()]
      const back = banned[among(banned.length)] ?? userId
      model.unban(back)
      await store.moderation.unban(board, act(back), 'any')
    } else {
      model.remove(userId)
      await store.moderation.removeUser(board, act(userId), 'delete')
    }
    return undefined
  }

  for (let n = 0; n < users; n++) await raise(`user-${n}`)
  for (let n = 0; n < steps; n++) {
    const userId = `user-${among(users)}`
    const wrong = await step(userId) ?? await differenceIn({ store, board, model, sign, userIds: [userId, `user-${among(users)}`], around: 1 + among(8) })
    if (wrong !== undefined) return `step ${n} with ${userId}: ${wrong}`
  }
  return undefined
}

interface Comparison { store: Store, board: Board, model: PlainBoard, sign: number, userIds: string[], around: number }

async function differenceIn ({ store, board, model, sign, userIds, around }: Comparison): Promise<string | undefined> {
  for (const part of PARTS) {
    const { window, segment } = part
    const ranked = model.windows.get(partName(window, segment))!.ranked.map((entry) => ({ ...entry, score: sign * entry.score }))
    const top = await store.readTop(board, part)
    if (JSON.stringify(top.entries) !== JSON.stringify(ranked.slice(0, VISIBLE))) return `the top of ${partName(window, segment)}`
    const border = ranked[VISIBLE + 28]?.userId
    for (const userId of [...userIds, ...border === undefined ? [] : [border]]) {
      const place = ranked.findIndex((entry) => entry.userId === userId)
      const found = await store.readUser(board, part, { userId, around })
      const expected = place < 0
        ? undefined
        : { ...ranked[place]!, total: ranked.length, neighbours: ranked.slice(Math.max(0, place - around), place + around + 1) }
      if (JSON.stringify(sorted(found)) !== JSON.stringify(sorted(expected))) return `${userId} in ${partName(window, segment)}`
      const aside = model.bans.get(userId) === 'shadow' && (segment === undefined || model.segmentOf(userId) === segment)
        ? model.aside.get(window)!.get(userId)
        : undefined
      if (place >= 0) continue
      const own = await store.readUser(board, part, { userId, around: 0, reader: 'self' })
      if (own?.score !== (aside === undefined ? undefined : sign * aside)) return `the own score of ${userId} in ${partName(window, segment)}`
      if (own !== undefined && own.rank !== 1 + ranked.filter(({ score }) => sign * score > aside!).length) return `the own rank of ${userId}`
    }
  }
  return undefined
}

const sorted = (value: object | undefined) => value && Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))

const LOADS: Load[] = [
  { users: 30, steps: 150, order: 'desc', seed: 1 },
  { users: 200, steps: 250, order: 'desc', seed: 2 },
  { users: 170, steps: 150, order: 'asc', seed: 3 }
]

test('every ranking is the model\'s after each of 550 increments, corrections, bans, liftings and removals, at the border of the head and with ties', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  for (const load of LOADS) t.equal(await differs(store, load), undefined, `${load.users} users, ${load.order}`)
})

test('the comparison finds faults planted in the scripts', async (t) => {
  const redis = await startRedis(t)
  const faults = [
    { script: 'parts/entries.lua', sound: 'for _, line in ipairs(lines) do take(window, line, user) end', faulty: '' },
    { script: 'parts/entries.lua', sound: "    call('ZREM', window.aside, user)\n", faulty: '' },
    { script: 'parts/heads.lua', sound: 'if next_user then', faulty: 'if false then' },
    { script: 'parts/heads.lua', sound: 'if window.floor > NONE then seat(window, first_outside(window, window.floor)) end', faulty: '' },
    { script: 'adjust.lua', sound: '(score or change ~= \'-\' or w == 1)', faulty: 'true' },
    { script: 'adjust.lua', sound: 'local lines = segments.move(current, former, user)', faulty: 'local lines = {}' },
    { script: 'ban.lua', sound: 'for k = 8, #KEYS, 3', faulty: 'for k = 8, #KEYS - 3, 3' }
  ]
  for (const fault of faults) {
    const store = await openTestStore(t, redis.url, { directory: await plantFault(t, fault) })
    let found = false
    for (const load of LOADS) found ||= await differs(store, load) !== undefined
    t.ok(found, `${fault.script}: ${fault.sound}`)
  }
})
