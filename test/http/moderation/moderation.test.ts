// Moderation over HTTP and on screens: who sees what, what the ledger says, and every refusal.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { STATUS, type ProblemCode } from '../../../src/leaderboard/problem.ts'
import { startNode, type CallOptions, type TestNode } from '../../harness/servers/node.ts'
import { everything, startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { watch, type LiveMessage } from '../../harness/clients/watcher.ts'
import { eventually } from '../../harness/eventually.ts'

const rfc = (ms: number) => new Date(ms).toISOString()

interface Scene {
  readonly redis: TestRedis
  readonly node: TestNode
  readonly admin: string
  raise(userId: string, increment: number, more?: object): Promise<number>
  as(userId: string, path: string): Promise<{ status: number, body: any }>
  moderate(method: string, path: string, body?: object): Promise<{ status: number, body: any, headers: Headers }>
}

async function setScene (t: Test, boards: object = { main: {} }): Promise<Scene> {
  const redis = await startRedis(t)
  const boardsFile = join(t.testdir({}), 'boards.json')
  await writeFile(boardsFile, JSON.stringify({ boards }))
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: boardsFile } })
  const admin = node.token('mod', { scope: 'admin' })
  return {
    redis,
    node,
    admin,
    raise: async (userId, increment, more = {}) =>
      (await node.call('POST', '/v1/boards/main/increments', {
        token: node.token(userId, { region: 'eu' }),
        body: { increment, ...more }
      })).status,
    as: async (userId, path) => await node.call('GET', path, { token: node.token(userId) }),
    moderate: async (method, path, body) => await node.call(method, path, { token: admin, ...(body && { body }) })
  }
}

const usersOf = ({ top_scores: rows }: Pick<LiveMessage, 'top_scores'>) => rows.map(({ user_id: userId }) => userId)

async function ledgerOf (redis: TestRedis): Promise<Record<string, string>[]> {
  const entries = await redis.client.xrange('sw:{main}:ledger', '-', '+')
  return entries.map(([, fields]) =>
    Object.fromEntries(Array.from({ length: fields.length / 2 }, (_, n) => [fields[2 * n]!, fields[2 * n + 1]!]))
  )
}

test('screens show each act of moderation, and the ledger tells it with the actor and the reason', async (t) => {
  const { redis, node, raise, moderate } = await setScene(t, {
    main: { windows: ['all', 'day'], segments: ['region'] }
  })
  for (const [userId, points] of [['ada', 30], ['bob', 20], ['eve', 10]] as const) await raise(userId, points)
  const screens = await Promise.all(
    ['', '?window=day', '?segment=region:eu'].map(async (query) => await watch(t, node.url, query))
  )
  const feed = await watch(t, node.url, '?feed=scores')
  for (const screen of [...screens, feed]) await screen.until(({ event }) => event === 'snapshot')

  const shows = async (users: string, act: () => Promise<{ status: number, body: any }>) => {
    const { status, body } = await act()
    t.equal(status, 200, JSON.stringify(body))
    for (const screen of screens) {
      await screen.until((message) =>
        message === screen.last() && 'top_scores' in message && usersOf(message).join() === users
      )
    }
    return body
  }
  let heard = 0
  const told = async (userId: string, score: number | null) => {
    const message = await feed.until((message) =>
      feed.messages.indexOf(message) >= heard && message.event === 'scores' &&
      message.changes.some((change) => change.user_id === userId && change.score === score)
    )
    heard = feed.messages.indexOf(message) + 1
  }

  t.match(
    await shows('bob,eve', async () => await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'an aimbot' })),
    {
      user_id: 'ada',
      reason: 'an aimbot',
      until: null,
      shadow: false,
      actor: 'mod',
      since: String
    }
  )
  await told('ada', null)
  t.strictSame(
    await shows(
      'ada,bob,eve',
      async () => await moderate('DELETE', '/v1/boards/main/bans/ada', { reason: 'it was none' })
    ),
    { board: 'main', user_id: 'ada', lifted: true }
  )
  await told('ada', 30)
  await shows(
    'ada,eve,bob',
    async () =>
      await moderate('POST', '/v1/boards/main/adjustments', {
        user_id: 'bob',
        increment: -15,
        reason: 'a bug',
        action_id: 'fix'
      })
  )
  await told('bob', 5)
  t.strictSame(await shows('ada,bob', async () => await moderate('DELETE', '/v1/boards/main/users/eve')), {
    board: 'main',
    user_id: 'eve',
    removed: true
  })
  await told('eve', null)
  t.strictSame(
    await shows('bob', async () => await moderate('DELETE', '/v1/users/ada', { reason: 'the user asked' })),
    { user_id: 'ada', boards: ['main'] }
  )
  await told('ada', null)
  const nulls = feed.messages.filter(({ event }) => event === 'scores').flatMap(({ changes }) => changes).filter((
    { score }
  ) => score === null)
  t.strictSame(nulls.map(({ user_id: userId }) => userId), ['ada', 'eve', 'ada'], 'each leaving is told once')

  const acts = (await ledgerOf(redis)).slice(3)
  const common = { actor: 'mod', ip: '127.0.0.1', request_id: /^[0-9a-f]+-/, action_id: String }
  t.match(acts, [
    {
      ...common,
      user_id: 'ada',
      delta: '0',
      score_after: '30',
      kind: 'ban',
      reason: 'an aimbot',
      segments: '["region:eu"]'
    },
    { ...common, user_id: 'ada', delta: '0', score_after: '30', kind: 'unban', reason: 'it was none' },
    { ...common, user_id: 'bob', action_id: 'fix', delta: '-15', score_after: '5', kind: 'adjust', reason: 'a bug' },
    { ...common, user_id: 'eve', delta: '0', score_after: '0', kind: 'delete' },
    { ...common, user_id: 'ada', delta: '0', score_after: '0', kind: 'erase', reason: 'the user asked' }
  ])
  t.equal(acts.length, 5)
  t.notOk('reason' in acts[3]!)
  t.equal(new Set(acts.map((act) => act['action_id'])).size, 5, 'each has a name of its own')
})

test('a shadow-banned user plays on and sees it; nobody else does, in no read and on no screen', async (t) => {
  const { redis, node, admin, raise, as, moderate } = await setScene(t, { main: { segments: ['region'] } })
  for (const [userId, points] of [['ada', 30], ['bob', 20], ['eve', 10]] as const) await raise(userId, points)
  const other = await watch(t, node.url, `?feed=scores&me=1&token=${node.token('bob')}`)
  const own = await watch(t, node.url, `?me=1&token=${node.token('ada')}`)
  const ownSegment = await watch(t, node.url, `?me=1&segment=region:eu&token=${node.token('ada')}`)
  for (const watcher of [own, ownSegment]) await watcher.until(({ event, score }) => event === 'you' && score === 30)
  await other.until(({ event }) => event === 'you')
  t.equal((await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'an aimbot', shadow: true })).status, 200)
  await other.until(({ event, changes }) => event === 'scores' && changes.some(({ score }) => score === null))
  await other.until(({ event, rank }) => event === 'you' && rank === 1)
  const seen = other.messages.length

  const answer = await node.call('POST', '/v1/boards/main/increments?include=rank', {
    token: node.token('ada', { region: 'eu' }),
    body: { increment: 5, action_id: 'hidden' }
  })
  t.match(answer, { status: 200, body: { new_score: 35, applied: true, rank: 1 } })
  for (const watcher of [own, ownSegment]) {
    t.match(await watcher.until(({ event, score }) => event === 'you' && score === 35), { rank: 1 })
  }

  const path = '/v1/boards/main/users/ada'
  for (const query of ['', '?segment=region:eu']) {
    const mine = await as('ada', path + query)
    t.match(mine, { status: 200, body: { score: 35, rank: 1, total: 3, percentile: 100 } })
    for (const token of [admin, node.token('game', { scope: 'scores:write' })]) {
      t.strictSame((await node.call('GET', path + query, { token })).body, mine.body)
    }
    for (const token of [undefined, node.token('bob'), 'nonsense']) {
      t.equal((await node.call('GET', path + query, { token })).body.code, 'unknown_user')
    }
  }
  const { body: around } = await as('ada', `${path}?around=2`)
  t.strictSame(around.neighbours.map((entry: any) => [entry.rank, entry.user_id, entry.score]), [[1, 'ada', 35], [
    2,
    'bob',
    20
  ], [3, 'eve', 10]])

  await raise('eve', 1)
  await other.until(({ event, changes }) =>
    event === 'scores' && changes.some(({ user_id: userId }) => userId === 'eve')
  )
  t.notMatch(JSON.stringify(other.messages.slice(seen)), '"ada"')
  for (
    const read of [
      'top',
      'entries',
      'top?segment=region:eu',
      'entries?score=30&around=5',
      'users/bob?around=5',
      'users/eve?around=5'
    ]
  ) {
    t.notMatch((await node.call('GET', `/v1/boards/main/${read}`)).text, '"ada"', read)
  }
  t.strictSame(
    (await node.call('POST', '/v1/boards/main/lookup', { body: { user_ids: ['ada', 'bob'] } })).body.not_found,
    ['ada']
  )
  t.match((await ledgerOf(redis)).filter((entry) => entry['action_id'] === 'hidden'), [{
    user_id: 'ada',
    hidden: '1',
    score_after: '35'
  }])

  t.equal((await moderate('DELETE', '/v1/boards/main/bans/ada')).body.lifted, true)
  await other.until(({ event, changes }) =>
    event === 'scores' && changes.some((change) => change.user_id === 'ada' && change.score === 35)
  )
  t.match((await node.call('GET', `${path}?segment=region:eu`)).body, { score: 35, rank: 1, total: 3 })
})

test('a banned user is refused, but for what had counted, and reads nothing', async (t) => {
  const { node, raise, as, moderate } = await setScene(t)
  await raise('ada', 30, { action_id: 'before' })
  await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'an aimbot' })
  const refused = await node.call('POST', '/v1/boards/main/increments', {
    token: node.token('ada'),
    body: { increment: 1 }
  })
  t.match(refused, { status: 403, body: { code: 'user_banned' } })
  t.notMatch(refused.text, /aimbot/)
  const replay = await node.call('POST', '/v1/boards/main/increments', {
    token: node.token('ada'),
    body: { increment: 30, action_id: 'before' }
  })
  t.match(replay, { status: 200, body: { new_score: 30, applied: false } })
  t.equal((await as('ada', '/v1/boards/main/users/ada')).body.code, 'unknown_user')
  const me = await watch(t, node.url, `?me=1&token=${node.token('ada')}`)
  t.match(await me.until(({ event }) => event === 'you'), { score: 0, rank: null })
  t.equal(
    (await moderate('POST', '/v1/boards/main/adjustments', {
      user_id: 'ada',
      increment: -10,
      reason: 'the half of it'
    })).body.new_score,
    20,
    'what was hidden can be corrected'
  )
  await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'an aimbot', shadow: true })
  await me.until(({ event, score, rank }) => event === 'you' && score === 20 && rank === 1)
})

test('a ban that ends is over without anybody doing anything, and at once for who plays', async (t) => {
  const { redis, node, raise, moderate } = await setScene(t)
  for (const userId of ['ada', 'bob', 'eve']) await raise(userId, 5)
  const screen = await watch(t, node.url)
  await screen.until(({ event }) => event === 'snapshot')
  let untilMs = Date.now() + 600_000
  for (const userId of ['ada', 'bob']) {
    t.equal(
      (await moderate('PUT', `/v1/boards/main/bans/${userId}`, { reason: 'a pause', until: rfc(untilMs) })).body.until,
      rfc(untilMs)
    )
  }
  await screen.until((message) => message === screen.last() && usersOf(message).join() === 'eve')
  for (const userId of ['ada', 'bob']) {
    let answer
    do {
      untilMs = Date.now() + 1000
      answer = await moderate('PUT', `/v1/boards/main/bans/${userId}`, { reason: 'a pause', until: rfc(untilMs) })
    } while (answer.status === 400) // on a busy machine a second may be over before it is asked for
    t.equal(answer.body.until, rfc(untilMs))
  }
  await eventually(() => Date.now() > untilMs + 20, 'the ban has ended')
  t.equal(await raise('ada', 2), 200)
  t.equal(await redis.client.zscore('sw:{main}:z:all', 'ada'), '7')
  await screen.until((message) => 'top_scores' in message && usersOf(message).join() === 'ada,eve,bob')
  t.equal(await redis.client.zcard('sw:{main}:ban-ends'), 0, 'bob has come back by himself')
  t.strictSame((await moderate('GET', '/v1/boards/main/bans')).body, { bans: [], next_cursor: null })
})

test('a ban from all boards holds on each, and is told and lifted as one', async (t) => {
  const { redis, node, raise, moderate } = await setScene(t, { main: {}, second: {} })
  const second = async () =>
    (await node.call('POST', '/v1/boards/second/increments', { token: node.token('ada'), body: {} })).status
  t.strictSame([await raise('ada', 3), await second()], [200, 200])
  const { body } = await moderate('PUT', '/v1/bans/ada', { reason: 'an aimbot' })
  t.match(body, { user_id: 'ada', reason: 'an aimbot', actor: 'mod' })
  t.strictSame([await raise('ada', 3), await second()], [403, 403])
  t.strictSame((await moderate('GET', '/v1/bans/ada')).body, body)
  t.strictSame((await moderate('GET', '/v1/bans')).body, { bans: [body], next_cursor: null })
  t.match((await moderate('GET', '/v1/boards/second/bans')).body, { bans: [{ user_id: 'ada', reason: 'an aimbot' }] })
  t.match((await moderate('GET', '/v1/boards/second/bans/ada')).body, { user_id: 'ada', reason: 'an aimbot' })
  t.strictSame((await moderate('DELETE', '/v1/bans/ada')).body, { user_id: 'ada', boards: ['main', 'second'] })
  t.strictSame([await raise('ada', 3), await second()], [200, 200])
  t.equal((await moderate('GET', '/v1/bans/ada')).body.code, 'not_found')
  t.equal((await moderate('GET', '/v1/boards/main/bans/ada')).body.code, 'not_found')
  t.strictSame((await moderate('DELETE', '/v1/bans/ada')).body, { user_id: 'ada', boards: [] })
  t.equal((await moderate('DELETE', '/v1/boards/main/bans/ada')).body.lifted, false)

  await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'an aimbot' })
  const before = await everything(redis)
  const again = await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'an aimbot' })
  t.equal(again.status, 200)
  t.strictSame(await everything(redis), before, 'the same ban again is no other ban')
})

test('a board that is made later takes over the bans from all boards', async (t) => {
  const { node, moderate } = await setScene(t)
  await moderate('PUT', '/v1/bans/ada', { reason: 'an aimbot' })
  t.equal((await moderate('PUT', '/v1/boards/later', {})).status, 201)
  await eventually(async () => (await moderate('GET', '/v1/boards/later/bans/ada')).status === 200, 'ada is banned')
  t.equal(
    (await node.call('POST', '/v1/boards/later/increments', { token: node.token('ada'), body: {} })).body.code,
    'user_banned'
  )
})

test('a board that appears while no node runs takes them over too, once, and what failed is tried again', async (t) => {
  const redis = await startRedis(t)
  const start = async (boards: object) => {
    const file = join(t.testdir({}), 'boards.json')
    await writeFile(file, JSON.stringify({ boards }))
    const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
    const send = async (method: string, path: string, body?: object) =>
      await node.call(method, path, { token: node.token('mod', { scope: 'admin' }), ...(body && { body }) })
    return {
      node,
      send,
      banned: async (board: string) => {
        await eventually(
          async () => (await send('GET', `/v1/boards/${board}/bans/ada`)).status === 200,
          'ada is banned'
        )
      }
    }
  }
  const first = await start({ main: {} })
  await first.send('PUT', '/v1/bans/ada', { reason: 'an aimbot' })
  t.equal((await first.send('DELETE', '/v1/boards/main/bans/ada')).body.lifted, true)
  await first.node.close()

  const second = await start({ main: {}, later: {} })
  await second.banned('later')
  t.equal(
    (await second.node.call('POST', '/v1/boards/later/increments', { token: second.node.token('ada'), body: {} })).body
      .code,
    'user_banned'
  )
  t.equal(
    (await second.send('GET', '/v1/boards/main/bans/ada')).status,
    404,
    'what was lifted on one board stays lifted'
  )

  await redis.client.hdel('sw:{later}:banned', 'ada')
  await redis.client.hdel('sw:{later}:meta', 'service_bans')
  await second.banned('later')
  t.equal(await redis.client.hget('sw:{later}:meta', 'service_bans'), '1')
})

test('of who is erased nothing is left but the ledger', async (t) => {
  const { redis, node, raise, moderate } = await setScene(t, {
    main: {
      windows: ['all', 'day'],
      segments: ['region'],
      actions: { win: { points: 3, limit: { max: 5, per: 'day' } } }
    },
    second: {}
  })
  await raise('forget-me', 3)
  await node.call('POST', '/v1/boards/main/increments', {
    token: node.token('forget-me', { name: 'Forget-Me' }),
    body: { action: 'win', action_id: 'kept' }
  })
  await raise('bob', 2)
  await moderate('PUT', '/v1/bans/forget-me', { reason: 'a pause', until: rfc(Date.now() + 600_000), shadow: true })
  await raise('forget-me', 3)
  t.strictSame((await moderate('DELETE', '/v1/users/forget-me')).body, {
    user_id: 'forget-me',
    boards: ['main', 'second']
  })
  for (const key of await redis.client.keys('*')) {
    t.notMatch(key, /forget-me/i)
    const type = await redis.client.type(key)
    const held = type === 'hash'
      ? await redis.client.hgetall(key)
      : type === 'zset'
        ? await redis.client.zrange(key, '0', '-1')
        : ''
    t.notMatch(JSON.stringify(held), /forget-me/i, key)
  }
  t.match((await ledgerOf(redis)).at(-1), { user_id: 'forget-me', kind: 'erase', hidden: '1' })
  t.equal(
    (await node.call('GET', '/v1/boards/main/users/forget-me/actions/kept', { token: node.token('forget-me') })).status,
    200,
    'what counted is remembered, so that it does not count again'
  )
  t.strictSame((await moderate('DELETE', '/v1/users/forget-me')).body.boards, [])
  t.equal((await moderate('DELETE', '/v1/boards/main/users/forget-me')).body.removed, false)
  t.equal(await raise('forget-me', 1), 200, 'who comes back begins anew')
})

test('a correction is named, replayed and found again as any write', async (t) => {
  const { node, admin, raise, moderate } = await setScene(t, {
    main: {},
    best: { operator: 'best' },
    quick: { operator: 'latest', order: 'asc', max_score: 1000 }
  })
  await raise('ada', 30)
  const path = '/v1/boards/main/adjustments'
  const body = { user_id: 'ada', increment: -5, reason: 'a bug' }
  const send = async () =>
    await node.call('POST', path, { token: admin, body, headers: { 'idempotency-key': '"fix-1"' } })
  const first = await send()
  t.strictSame(first.body, {
    board: 'main',
    user_id: 'ada',
    action_id: 'fix-1',
    increment: -5,
    new_score: 25,
    applied: true
  })
  t.equal(first.headers.get('idempotency-replayed'), null)
  const replay = await send()
  t.strictSame(replay.body, { ...first.body, applied: false })
  t.equal(replay.headers.get('idempotency-replayed'), 'true')
  t.equal((await moderate('POST', path, { ...body, increment: -6, action_id: 'fix-1' })).body.code, 'action_mismatch')
  t.match((await node.call('GET', '/v1/boards/main/users/ada/actions/fix-1', { token: node.token('ada') })).body, {
    increment: -5,
    new_score: 25
  })
  t.match((await moderate('POST', path, body)).body, { action_id: /^[0-9a-f-]{36}$/, new_score: 20, applied: true })

  for (const [board, scores] of [['best', [50, 20]], ['quick', [50, 80, 0]]] as const) {
    for (const score of scores) {
      const { body } = await moderate('POST', `/v1/boards/${board}/adjustments`, {
        user_id: 'ada',
        score,
        reason: 'measured anew'
      })
      t.match(body, { score, new_score: score, applied: true })
      t.match((await node.call('GET', `/v1/boards/${board}/top`)).body.top_scores, [{ user_id: 'ada', score }])
    }
  }
})

test('who may not moderate, and what is not well formed, is refused and changes nothing', async (t) => {
  const { redis, node, admin, raise } = await setScene(t, {
    main: { max_score: 100 },
    best: { operator: 'best', max_score: 100 },
    over: {
      windows: ['season'],
      seasons: [{ name: 'one', start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' }]
    }
  })
  await raise('ada', 30)
  // What the node does by itself when it starts, and would change between two looks.
  const isQuiet = async () =>
    await redis.client.exists('sw:{over}:archive:one') === 1 &&
    await redis.client.hexists('sw:{over}:meta', 'service_bans') === 1
  for (let tries = 0; tries < 500 && !await isQuiet(); tries++) await delay(20)
  const before = await everything(redis)
  const refused = async (
    name: string,
    code: ProblemCode,
    method: string,
    path: string,
    options: CallOptions = { token: admin }
  ) => {
    const { status, body } = await node.call(method, path, options)
    t.match({ status, code: body?.code }, { status: STATUS[code], code }, `${name}: ${method} ${path}`)
    t.strictSame(await everything(redis), before, `${name}: nothing has changed`)
  }
  const ban = { reason: 'an aimbot' }
  const fix = { user_id: 'ada', increment: 1, reason: 'a bug' }
  const routes = [
    ['PUT', '/v1/boards/main/bans/ada', ban],
    ['DELETE', '/v1/boards/main/bans/ada'],
    ['GET', '/v1/boards/main/bans'],
    ['GET', '/v1/boards/main/bans/ada'],
    ['PUT', '/v1/bans/ada', ban],
    ['DELETE', '/v1/bans/ada'],
    ['GET', '/v1/bans'],
    ['GET', '/v1/bans/ada'],
    ['DELETE', '/v1/boards/main/users/ada'],
    ['DELETE', '/v1/users/ada'],
    ['POST', '/v1/boards/main/adjustments', fix]
  ] as const
  for (const [method, path, body] of routes) {
    await refused('no token', 'missing_token', method, path, { body })
    await refused('a wrong token', 'invalid_token', method, path, { token: 'nonsense', body })
    await refused('the user', 'forbidden_scope', method, path, { token: node.token('ada'), body })
    await refused('a service', 'forbidden_scope', method, path, {
      token: node.token('game', { scope: 'scores:write' }),
      body
    })
    if (path.includes('/main/')) {
      await refused('an unknown board', 'unknown_board', method, path.replace('main', 'nope'), { token: admin, body })
    }
  }
  const wrongBans = [
    {},
    { reason: '' },
    { reason: 'x'.repeat(501) },
    { reason: 5 },
    { reason: 'a\u0000' },
    { ...ban, shadow: 'yes' },
    { ...ban, more: 1 },
    { ...ban, until: 'tomorrow' },
    { ...ban, until: '2020-01-01T00:00:00Z' },
    { ...ban, until: '2999-02-31T99:00:00Z' },
    { ...ban, until: '2999-02-30T00:00:00Z' },
    { ...ban, until: null },
    { ...ban, until: Date.now() + 1e6 }
  ]
  for (const body of wrongBans) {
    for (const path of ['/v1/boards/main/bans/ada', '/v1/bans/ada']) {
      await refused(JSON.stringify(body).slice(0, 40), 'invalid_request', 'PUT', path, { token: admin, body })
    }
  }
  for (const path of ['/v1/boards/main/bans/ada', '/v1/bans/ada', '/v1/boards/main/users/ada', '/v1/users/ada']) {
    for (const body of [{ reason: '' }, { more: 1 }, { reason: 5 }, []]) {
      await refused(JSON.stringify(body), 'invalid_request', 'DELETE', path, { token: admin, body })
    }
  }
  for (const path of ['/v1/boards/main/bans', '/v1/bans']) {
    for (
      const query of [
        'cursor=x',
        'cursor=-1',
        'cursor=',
        `cursor=${'1'.repeat(21)}`,
        'cursor=18446744073709551616',
        `cursor=${'9'.repeat(20)}`,
        'limit=5'
      ]
    ) await refused(query, 'invalid_request', 'GET', `${path}?${query}`)
  }
  await refused('an id no user can have', 'invalid_request', 'PUT', '/v1/boards/main/bans/a%00b', {
    token: admin,
    body: ban
  })
  await refused('no ban', 'not_found', 'GET', '/v1/boards/main/bans/ada')
  await refused('no ban', 'not_found', 'GET', '/v1/bans/ada')

  const wrongFixes = [
    {},
    { user_id: 'ada', reason: 'a bug' },
    { user_id: 'ada', increment: 1 },
    { ...fix, increment: 0 },
    { ...fix, increment: 1.5 },
    { ...fix, increment: '1' },
    { ...fix, score: 5 },
    { user_id: 'ada', score: 5, reason: 'a bug' },
    { ...fix, reason: '' },
    { ...fix, increment: 9007199254740992 },
    { ...fix, action_id: '' },
    { ...fix, more: 1 }
  ]
  for (const body of wrongFixes) {
    await refused(JSON.stringify(body), 'invalid_request', 'POST', '/v1/boards/main/adjustments', {
      token: admin,
      body
    })
  }
  for (
    const body of [fix, { user_id: 'ada', reason: 'a bug' }, { ...fix, score: 5 }, {
      user_id: 'ada',
      score: -1,
      reason: 'a bug'
    }]
  ) {
    await refused(`best: ${JSON.stringify(body)}`, 'invalid_request', 'POST', '/v1/boards/best/adjustments', {
      token: admin,
      body
    })
  }
  await refused('below 0', 'score_out_of_range', 'POST', '/v1/boards/main/adjustments', {
    token: admin,
    body: { ...fix, increment: -31 }
  })
  await refused('nobody has less than 0', 'score_out_of_range', 'POST', '/v1/boards/main/adjustments', {
    token: admin,
    body: { ...fix, user_id: 'bob', increment: -1 }
  })
  await refused('past the limit', 'score_out_of_range', 'POST', '/v1/boards/main/adjustments', {
    token: admin,
    body: { ...fix, increment: 71 }
  })
  await refused('past the limit', 'score_out_of_range', 'POST', '/v1/boards/best/adjustments', {
    token: admin,
    body: { user_id: 'ada', score: 101, reason: 'a bug' }
  })
  await refused('an old action', 'action_too_old', 'POST', '/v1/boards/main/adjustments', {
    token: admin,
    body: { ...fix, action_id: '01900000-0000-7000-8000-000000000000' }
  })
  await refused('two names', 'invalid_request', 'POST', '/v1/boards/main/adjustments', {
    token: admin,
    body: { ...fix, action_id: 'one' },
    headers: { 'idempotency-key': 'two' }
  })
  await refused('no season', 'season_closed', 'POST', '/v1/boards/over/adjustments', { token: admin, body: fix })

  await redis.stop()
  for (const [method, path, body] of routes) {
    t.equal(
      (await node.call(method, path, { token: admin, body })).status,
      503,
      `${method} ${path} while the store is away`
    )
  }
})
