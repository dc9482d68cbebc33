// Bans, corrections and removals against a plain model: every ranking after every step.
import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import { createModeration, type Act } from '../../../src/leaderboard/moderation/moderation.ts'
import type { Ranking } from '../../../src/leaderboard/ranking/ranking.ts'
import type { Problem } from '../../../src/leaderboard/problem.ts'
import { VISIBLE } from '../../../src/leaderboard/boards/rules.ts'
import type { Store } from '../../../src/redis/store.ts'
import { PlainBoard, partName } from '../../harness/models/moderation-model.ts'
import { randomFrom } from '../../harness/models/random.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { openStoreWithClock } from '../../harness/models/set-clock.ts'
import { plantFault } from '../../harness/models/scripts.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'
import { eventually } from '../../harness/eventually.ts'

const HOUR_MS = 3_600_000
const rfc = (ms: number) => new Date(ms).toISOString()

/** One season has ended and takes late actions, the next one runs: no midnight changes that during a test. */
const seasons = [
  { name: 'closed', start: '2019-01-01T00:00:00Z', end: '2020-01-01T00:00:00Z' },
  { name: 'late', start: '2020-01-01T00:00:00Z', end: rfc(Date.now() - HOUR_MS), grace_seconds: 86_400 },
  { name: 'running', start: rfc(Date.now() - HOUR_MS), end: '2100-01-01T00:00:00Z' }
]
const WINDOWS = ['all', 'season:late', 'season:running'] as const
const RANKINGS = WINDOWS.flatMap((window) =>
  [undefined, 'region:eu', 'region:na'].map((segment): Ranking => ({
    window,
    ...(segment !== undefined && { segment })
  }))
)

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

interface Load {
  users: number
  steps: number
  order: 'asc' | 'desc'
  seed: number
}

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
    model.increment(userId, points, {
      windows: late ? ['all', 'season:late'] : ['all', 'season:running'],
      segment,
      isLate: late
    })
    await store.applyIncrement(board, {
      ...increment(userId, points),
      ...(segment !== undefined && { segments: [segment] }),
      ...(late && { season: 'late' })
    })
  }
  const step = async (userId: string): Promise<string | undefined> => {
    const n = random()
    if (n < 0.3) await raise(userId)
    else if (n < 0.55) {
      const points = among(5) - 3 || 1
      const refused = model.adjust(userId, points, ['all', 'season:running'])
      const { result } = await store.moderation.adjust(board, act(userId), {
        change: points < 0 ? '-' : '+',
        amount: Math.abs(points),
        madeMs: undefined
      })
      if (result !== (refused ? 'below' : 'applied')) return `an adjustment by ${points}: ${result}`
    } else if (n < 0.75) {
      const shadow = among(2) === 0
      model.ban(userId, shadow ? 'shadow' : 'hard')
      await store.moderation.ban(board, act(userId), { reason: 'a test', ...(shadow && { shadow }), actor: 'mod' })
    } else if (n < 0.93) {
      const banned = [...model.bans.keys()]
      const back = banned[among(banned.length)] ?? userId
      model.unban(back, ['all', 'season:running'])
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
    const wrong = await step(userId) ??
      await differenceIn({ store, board, model, sign, userIds: [userId, `user-${among(users)}`], around: 1 + among(8) })
    if (wrong !== undefined) return `step ${n} with ${userId}: ${wrong}`
  }
  return undefined
}

interface Comparison {
  store: Store
  board: Board
  model: PlainBoard
  sign: number
  userIds: string[]
  around: number
}

async function differenceIn ({ store, board, model, sign, userIds, around }: Comparison): Promise<string | undefined> {
  for (const ranking of RANKINGS) {
    const { window, segment } = ranking
    const ranked = model.windows.get(partName(window, segment))!.ranked.map((entry) => ({
      ...entry,
      score: sign * entry.score
    }))
    const top = await store.readTop(board, ranking)
    if (JSON.stringify(top.entries) !== JSON.stringify(ranked.slice(0, VISIBLE))) {
      return `the top of ${partName(window, segment)}`
    }
    const border = ranked[VISIBLE + 28]?.userId
    for (const userId of [...userIds, ...border === undefined ? [] : [border]]) {
      const place = ranked.findIndex((entry) => entry.userId === userId)
      const found = await store.readUser(board, ranking, { userId, around })
      const expected = place < 0
        ? undefined
        : {
            ...ranked[place]!,
            total: ranked.length,
            neighbours: ranked.slice(Math.max(0, place - around), place + around + 1)
          }
      if (JSON.stringify(sorted(found)) !== JSON.stringify(sorted(expected))) {
        return `${userId} in ${partName(window, segment)}`
      }
      const hidden =
        model.bans.get(userId) === 'shadow' && (segment === undefined || model.segmentOf(userId) === segment)
          ? model.hidden.get(window)!.get(userId)
          : undefined
      if (place >= 0) continue
      const own = await store.readUser(board, ranking, { userId, around: 0, reader: 'self' })
      if (own?.score !== (hidden === undefined ? undefined : sign * hidden)) {
        return `the own score of ${userId} in ${partName(window, segment)}`
      }
      if (
        own !== undefined && own.rank !== 1 + ranked.filter(({ score }) => sign * score > hidden!).length
      ) { return `the own rank of ${userId}` }
    }
  }
  return undefined
}

const sorted = (value: object | undefined) =>
  value && Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))

const LOADS: Load[] = [
  { users: 30, steps: 150, order: 'desc', seed: 1 },
  { users: 200, steps: 250, order: 'desc', seed: 2 },
  { users: 170, steps: 150, order: 'asc', seed: 3 }
]

test("every ranking is the model's after each of 550 increments, corrections, bans, liftings and removals, at the border of the head and with ties", async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  for (const load of LOADS) t.equal(await differs(store, load), undefined, `${load.users} users, ${load.order}`)
})

test('the comparison finds faults planted in the scripts', async (t) => {
  const redis = await startRedis(t)
  const faults = [
    {
      script: 'lib/entries.lua',
      sound:
        'if not score then return false end\n    for _, segment in ipairs(segment_list) do take(window, segment, user) end',
      faulty: 'if not score then return false end'
    },
    {
      script: 'moderation/remove-user.lua',
      sound: 'known = known + (entries.drop_hidden(window, user, segment_list) and 1 or 0)',
      faulty: ''
    },
    { script: 'lib/heads.lua', sound: 'if next_user then', faulty: 'if false then' },
    {
      script: 'lib/heads.lua',
      sound: 'if window.floor > NONE then seat(window, first_outside(window, window.floor)) end',
      faulty: ''
    },
    { script: 'scoring/adjust.lua', sound: "(score or change ~= '-' or w == 1)", faulty: 'true' },
    {
      script: 'scoring/adjust.lua',
      sound: 'local segment_list = segments.move(current, former, user)',
      faulty: 'local segment_list = {}'
    },
    { script: 'moderation/unban.lua', sound: 'k < 8 + 3 * running and now', faulty: 'now' },
    { script: 'moderation/ban.lua', sound: 'for k = 8, #KEYS, 3', faulty: 'for k = 8, #KEYS - 3, 3' }
  ]
  for (const fault of faults) {
    const store = await openTestStore(t, redis.url, { directory: await plantFault(t, fault) })
    let found = false
    for (const load of LOADS) found ||= await differs(store, load) !== undefined
    t.ok(found, `${fault.script}: ${fault.sound}`)
  }
})

test('past days that are kept are moderated too, and those put back expire as they would have', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['day', 'all'], retention: { day: 30 }, segments: ['region'] })
  const raise = async (userId: string, points: number) =>
    await store.applyIncrement(board, { ...increment(userId, points), segments: ['region:eu'] })
  await raise('ada', 5)
  await raise('bob', 3)
  const today = (await redis.client.keys(`sw:{${board.name}}:z:day:*`)).map((key) => key.split(':z:')[1]!).find((
    window
  ) => !window.endsWith('region:eu'))!
  const past = `day:${rfc(Date.now() - 20 * 24 * HOUR_MS).slice(0, 10)}` as const
  const key = (kind: string, window: string) => `sw:{${board.name}}:${kind}:${window}`
  for (const kind of ['z', 'head']) {
    for (const segment of ['', ':region:eu']) {
      await redis.client.rename(key(kind, today + segment), key(kind, past + segment))
    }
  }
  const expiry = await redis.client.pexpiretime(key('z', past))
  const standing = async (window: 'all' | typeof past, segment?: string) =>
    (await store.readUser(board, { window, ...(segment && { segment }) }, { userId: 'ada', around: 0 }))?.score
  await store.moderation.removeUser(board, act('bob'), 'delete')
  t.equal((await store.readTop(board, { window: past })).entries.length, 1, 'bob is gone from the past day')

  await store.moderation.ban(board, act('ada'), { reason: 'a test', actor: 'mod' })
  for (const segment of [undefined, 'region:eu']) t.equal(await standing(past, segment), undefined)
  t.equal(await redis.client.pexpiretime(key('hidden', past)), expiry)
  t.equal(await redis.client.exists(key('z', past)), 0)
  await store.moderation.unban(board, act('ada'), 'any')
  for (const segment of [undefined, 'region:eu']) t.equal(await standing(past, segment), 5)
  for (const kind of ['z', 'head']) {
    for (const segment of ['', ':region:eu']) {
      t.equal(
        await redis.client.pexpiretime(key(kind, past + segment)),
        expiry,
        `${kind} ${segment} goes as it would have`
      )
    }
  }
  t.equal(await redis.client.pexpiretime(key('z', 'all')), -1)
})

test('who comes back is in past windows where it was then, and in running ones where it is now', async (t) => {
  const redis = await startRedis(t)
  const year = new Date().getUTCFullYear() + 1
  const clock = await openStoreWithClock(t, redis, Date.UTC(year, 2, 10))
  const { store } = clock
  const board = freshBoard({ windows: ['all', 'day'], segments: ['region'] })
  const write = async (region: string) =>
    await store.applyIncrement(board, { ...increment('ada', 5), segments: [`region:${region}`] })
  const inSegment = async (window: Ranking['window'], region: string) =>
    (await store.readTop(board, { window, segment: `region:${region}` })).entries.map(({ score }) => score)
  await write('eu')
  await clock.set(Date.UTC(year, 2, 11))
  await write('us')
  await store.moderation.ban(board, act('ada'), { reason: 'a test', shadow: true, actor: 'mod' })
  await clock.set(Date.UTC(year, 2, 12))
  await write('asia')
  await clock.set(Date.UTC(year, 2, 13))
  await write('africa')
  await store.moderation.unban(board, act('ada'), 'any')
  for (const [day, home] of [['10', 'eu'], ['11', 'us'], ['12', 'asia'], ['13', 'africa']] as const) {
    for (const region of ['eu', 'us', 'asia', 'africa']) {
      t.strictSame(
        await inSegment(`day:${year}-03-${day}`, region),
        region === home ? [5] : [],
        `${region} on day ${day}`
      )
    }
  }
  for (const region of ['eu', 'us', 'asia', 'africa']) {
    t.strictSame(await inSegment('all', region), region === 'africa' ? [20] : [], `${region} of all`)
  }
  t.strictSame(await redis.client.keys(`sw:{${board.name}}:hidden:*`), [], 'nothing is left hidden')

  await store.moderation.ban(board, act('ada'), { reason: 'a test', actor: 'mod' })
  await store.applyImport(board, `day:${year}-03-10`, [{
    userId: 'ada',
    username: undefined,
    score: 9,
    segments: ['region:us']
  }], { actor: 'mod', ip: '192.0.2.1', requestId: 'test' })
  await store.moderation.unban(board, act('ada'), 'any')
  t.strictSame(
    [await inSegment(`day:${year}-03-10`, 'eu'), await inSegment(`day:${year}-03-10`, 'us')],
    [[], [9]],
    'an import of then moves it then'
  )
  await store.moderation.ban(board, act('ada'), { reason: 'a test', actor: 'mod' })
  await store.moderation.removeUser(board, act('ada'), 'erase')
  t.strictSame(await redis.client.keys(`sw:{${board.name}}:hidden:*`), [], 'who is erased is nowhere')
})

test('a closed season stands, but for who is erased', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['all', 'season'], seasons })
  await store.applyIncrement(board, increment('ada', 5))
  await redis.client.zadd(`sw:{${board.name}}:z:season:closed`, 7, 'ada')
  await redis.client.hset(`sw:{${board.name}}:head:season:closed`, 'ada', 1)
  const closed = async () => (await store.readTop(board, { window: 'season:closed' })).entries.length
  await store.moderation.ban(board, act('ada'), { reason: 'a test', actor: 'mod' })
  await store.moderation.removeUser(board, act('ada'), 'delete')
  t.equal(await closed(), 1)
  await store.moderation.removeUser(board, act('ada'), 'erase')
  t.equal(await closed(), 0)
})

test('a ban that has ended is lifted by the next write, once, and by a sweep; another ban stays', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard()
  const moderation = createModeration({
    store: store.moderation,
    serviceBans: store.serviceBans,
    readBans: store.readBans,
    boards: { all: [board] },
    refreshBoards: async () => {},
    renewBoard: async () => board,
    newId: randomUUID,
    now: store.now
  })
  const ban = async (userId: string, untilMs: number) =>
    await store.moderation.ban(board, act(userId), { reason: 'a test', until_ms: untilMs, actor: 'mod' })
  for (const userId of ['ada', 'bob', 'eve']) await store.applyIncrement(board, increment(userId, 5))
  for (const userId of ['ada', 'bob', 'eve']) await ban(userId, Date.now() + HOUR_MS)
  t.strictSame(await store.applyIncrement(board, increment('ada')), { result: 'banned' })
  t.strictSame(await store.readEndedBans([board]), [])
  const untilMs = Date.now() + 100
  for (const userId of ['ada', 'bob']) await ban(userId, untilMs) // sooner than it was said
  await eventually(() => store.now() > untilMs + 20, 'the ban has ended')

  t.strictSame(
    await store.applyIncrement(board, increment('ada', 2)),
    { result: 'ban_over' },
    'a write alone does not know the windows that the scores go back to'
  )
  t.equal(await store.readBans.one(board, 'ada'), undefined, 'nobody is told of it any more')
  await Promise.all(Array.from({ length: 5 }, async () => await moderation.liftBan(board, 'ada')))
  t.strictSame(await store.applyIncrement(board, increment('ada', 2)), { result: 'applied', score: 7 })
  t.strictSame((await store.readEndedBans([board])).map(({ userId }) => userId), ['bob'])
  for (const userId of ['bob', 'eve']) await moderation.liftBan(board, userId)
  t.strictSame(await store.readEndedBans([board]), [])
  t.strictSame((await store.readTop(board, { window: 'all' })).entries.map(({ userId, score }) => [userId, score]), [[
    'ada',
    7
  ], ['bob', 5]])
  const lifted = (await redis.client.xrange(`sw:{${board.name}}:ledger`, '-', '+')).filter(([, fields]) =>
    fields.includes('unban')
  )
  t.strictSame(lifted.map(([, fields]) => [fields[1], fields[fields.indexOf('actor') + 1]]), [['ada', 'scorewire'], [
    'bob',
    'scorewire'
  ]], 'each once')
})

test('a new board takes over the bans from all boards, hundreds of them too', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const [old, fresh] = [freshBoard(), freshBoard()]
  const all = [old]
  for (const board of [old, fresh]) {
    await store.boards.apply(board, { ifRevision: undefined, isCorrupting: false, anew: false })
  }
  const moderation = createModeration({
    store: store.moderation,
    serviceBans: store.serviceBans,
    readBans: store.readBans,
    boards: { all },
    refreshBoards: async () => {},
    renewBoard: async () => old,
    newId: randomUUID,
    now: store.now
  })
  const moderator = {
    principal: {
      userId: 'mod',
      username: undefined,
      scopes: new Set<'admin'>(['admin']),
      claims: {},
      expiresMs: Infinity
    },
    ip: '192.0.2.1',
    requestId: 'test'
  }
  const users = Array.from({ length: 300 }, (_, n) => `user-${n}`)
  for (const userId of users) await moderation.banFromAllBoards(moderator, userId, { reason: 'a test' })
  const untilMs = store.now() + 100
  await moderation.banFromAllBoards(moderator, 'ended', { reason: 'a test', until: rfc(untilMs) })
  await eventually(() => store.now() > untilMs + 20, 'the ban has ended')
  all.push(fresh)
  for (const { name, revision } of all) await redis.client.hset(`sw:{${name}}:meta`, 'revision', revision)
  await moderation.takeOverServiceBans(all)
  t.equal(await redis.client.hlen(`sw:{${fresh.name}}:banned`), 300)
  for (const userId of ['user-0', 'user-299']) {
    t.strictSame(await store.applyIncrement(fresh, increment(userId)), { result: 'banned' })
  }
  await store.moderation.unban(fresh, act('user-7'), 'any')
  await moderation.takeOverServiceBans(all)
  t.equal(await store.readBans.one(fresh, 'user-7'), undefined, 'what was lifted on one board stays lifted')
  await moderation.liftBan(old, 'ended')
  t.equal(await redis.client.hexists('sw:bans', 'ended'), 0, 'what has ended is forgotten')
  await moderation.liftBan(old, 'user-0')
  t.equal(await redis.client.hexists('sw:bans', 'user-0'), 1)
  const told = new Set<string>()
  for (let cursor: string | undefined, more = true; more;) {
    const page = await store.readBans.page(undefined, cursor)
    for (const { userId } of page.bans) told.add(userId)
    cursor = page.next
    more = cursor !== undefined
  }
  t.equal(told.size, 300, 'page by page')
})

test('an act on all boards that fails half-way does not say that nothing was done', async (t) => {
  for (const act of ['banFromAllBoards', 'unbanFromAllBoards', 'erase'] as const) {
    const redis = await startRedis(t)
    const store = await openTestStore(t, redis.url)
    const board = freshBoard()
    const moderation = createModeration({
      store: store.moderation,
      serviceBans: store.serviceBans,
      readBans: store.readBans,
      boards: { all: [board] },
      async refreshBoards () {
        await redis.stop()
        const isAway = async () =>
          await store.serviceBans.forgetEnded('nobody').then(() => false, ({ code }: Problem) => code === 'unavailable')
        await eventually(async () => await isAway(), 'Redis is away')
      },
      renewBoard: async () => board,
      newId: randomUUID,
      now: store.now
    })
    const moderator = {
      principal: {
        userId: 'mod',
        username: undefined,
        scopes: new Set<'admin'>(['admin']),
        claims: {},
        expiresMs: Infinity
      },
      ip: '192.0.2.1',
      requestId: 'test'
    }
    const sent: Promise<unknown> = act === 'banFromAllBoards'
      ? moderation.banFromAllBoards(moderator, 'ada', { reason: 'a test' })
      : moderation[act](moderator, 'ada', undefined)
    await t.rejects(sent, {
      code: 'outcome_unknown',
      message: /half-way.*Repeat the request/,
      headers: { 'retry-after': '1' }
    }, act)
  }
})

test('a correction counts once, also when it comes twenty times at once', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['all', 'season'], seasons, max_score: 100 })
  const adjust = async (change: '+' | '-', amount: number, more: Partial<Act> = {}) =>
    await store.moderation.adjust(board, act('ada', more), { change, amount, madeMs: undefined })
  await store.applyIncrement(board, { ...increment('ada', 50), season: 'late' })
  await store.applyIncrement(board, increment('ada', 10, { actionId: 'played' }))
  const outcomes = await Promise.all(Array.from({ length: 20 }, async () => await adjust('-', 20, { actionId: 'one' })))
  t.equal(outcomes.filter(({ result }) => result === 'applied').length, 1)
  t.ok(outcomes.every((outcome) => 'score' in outcome && outcome.score === 40))
  t.equal(
    (await store.readTop(board, { window: 'season:running' })).entries[0]!.score,
    0,
    'a later window does not fall below 0'
  )
  t.equal(
    (await store.readTop(board, { window: 'season:late' })).entries[0]!.score,
    50,
    'only running windows are corrected'
  )
  t.strictSame(await store.readReceipt(board, { userId: 'ada', actionId: 'one' }), { increment: -20, score: 40 })
  for (const [change, amount, actionId] of [['+', 20, 'one'], ['-', 21, 'one'], ['+', 10, 'played']] as const) {
    t.strictSame(await adjust(change, amount, { actionId }), { result: 'mismatch' })
  }
  t.strictSame(
    await store.applyIncrement(board, increment('ada', 20, { actionId: 'one' })),
    { result: 'mismatch' },
    'a correction is no increment'
  )
  t.strictSame(await adjust('-', 41), { result: 'below' })
  t.strictSame(await adjust('+', 61), { result: 'score_limit' })
  t.strictSame(await adjust('+', 60), { result: 'applied', score: 100 })
  const outdated = { ...board, revision: 'another' }
  await redis.client.hset(`sw:{${board.name}}:meta`, 'revision', board.revision)
  t.strictSame(await store.moderation.adjust(outdated, act('ada'), { change: '+', amount: 1, madeMs: undefined }), {
    result: 'outdated'
  })
  t.strictSame(await store.moderation.ban(outdated, act('ada'), { reason: 'a test', actor: 'mod' }), {
    result: 'outdated'
  })
  t.strictSame(await store.moderation.unban(outdated, act('ada'), 'any'), { result: 'outdated' })
  t.strictSame(await store.moderation.removeUser(outdated, act('ada'), 'delete'), { result: 'outdated' })
  t.equal((await store.readTop(board, { window: 'all' })).entries[0]!.score, 100)
})

test('a node whose clock is wrong moderates the right windows', async (t) => {
  const redis = await startRedis(t)
  const lost = await openTestStore(t, redis.url, { now: () => Date.now() - 3 * 24 * HOUR_MS })
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['day'], retention: { day: 1 } })
  await store.applyIncrement(board, increment('ada', 5))
  t.strictSame(await lost.moderation.adjust(board, act('ada'), { change: '+', amount: 2, madeMs: undefined }), {
    result: 'applied',
    score: 7
  })
  await lost.moderation.ban(board, act('ada'), { reason: 'a test', actor: 'mod' })
  t.strictSame((await store.readTop(board, { window: 'day' })).entries, [])
})
