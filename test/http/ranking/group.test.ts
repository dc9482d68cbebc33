// Tests of http, ranking, group: groups.
import { test } from 'tap'
import { parseBoards } from '../../../src/leaderboard/boards/board.ts'
import { STATUS, type ProblemCode } from '../../../src/leaderboard/problem.ts'
import { HEAD_SIZE } from '../../../src/leaderboard/boards/rules.ts'
import { startNode, type CallOptions } from '../../harness/servers/node.ts'
import { everything, IMPATIENT, startRedis } from '../../harness/servers/redis.ts'
import { increment, openTestStore } from '../../harness/servers/store.ts'
import { eventually } from '../../harness/eventually.ts'

const MOST = 1000

test('groups', async (t) => {
  const redis = await startRedis(t)
  const content = {
    boards: {
      main: { windows: ['all', 'day'] },
      closed: { visibility: 'authenticated' },
      empty: {},
      golf: { order: 'asc', segments: ['region'] }
    }
  }
  const env = { BOARDS_FILE: `${t.testdir({ 'boards.json': JSON.stringify(content) })}/boards.json` }
  const node = await startNode(t, { redisUrl: redis.url, env })
  const other = await startNode(t, { redisUrl: redis.url, env })
  const token = node.token('game', { scope: 'scores:write' })
  const put = async (group: string, userIds: unknown) =>
    await node.call('PUT', `/v1/groups/${group}`, { token, body: { user_ids: userIds } })
  const get = async (group: string) => await node.call('GET', `/v1/groups/${group}`, { token })
  const top = async (query: string, options: CallOptions & { board?: string } = {}) =>
    await node.call('GET', `/v1/boards/${options.board ?? 'main'}/top?${query}`, options)
  const raise = async (user: string, points: number) =>
    await node.call('POST', '/v1/boards/main/increments', { token, body: { user_id: user, increment: points } })
  for (const [user, points] of [['ada', 30], ['bob', 20], ['cyd', 20], ['dan', 10], ['eve', 40]] as const) {
    await raise(user, points)
  }

  await t.test('a group is stored as it was sent, each user once, and read on every node', async (t) => {
    for (let n = 0; n < 2; n++) {
      const { status, body } = await put('friends:ada', ['zoe', 'ada', 'zoe', 'Łucja 🦊', 'ada'])
      t.equal(status, 200)
      t.strictSame(body, { group: 'friends:ada', user_ids: ['zoe', 'ada', 'Łucja 🦊'] })
    }
    const answer = await other.call('GET', '/v1/groups/friends%3Aada', {
      token: other.token('root', { scope: 'admin' })
    })
    t.strictSame([answer.status, answer.body], [200, { group: 'friends:ada', user_ids: ['zoe', 'ada', 'Łucja 🦊'] }])
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.strictSame([await redis.client.keys('sw:group:*'), await redis.client.ttl('sw:group:friends:ada')], [[
      'sw:group:friends:ada'
    ], -1])
  })

  await t.test('another list replaces it whole', async (t) => {
    t.strictSame((await put('crew', ['ada', 'bob', 'cyd'])).status, 200)
    t.strictSame((await top('group=crew')).body.top_scores.length, 3)
    t.strictSame((await put('crew', ['dan', 'bob'])).body.user_ids, ['dan', 'bob'])
    t.strictSame((await get('crew')).body.user_ids, ['dan', 'bob'])
    t.strictSame((await top('group=crew')).body.top_scores.map(({ user_id: user }: { user_id: string }) => user), [
      'bob',
      'dan'
    ])
  })

  await t.test('a removed one is gone, and may be removed again', async (t) => {
    await put('gone', ['ada'])
    for (let n = 0; n < 2; n++) {
      const { status, text } = await node.call('DELETE', '/v1/groups/gone', {
        token: node.token('root', { scope: 'admin' })
      })
      t.strictSame([status, text], [204, ''])
      t.match((await get('gone')).body, { status: 404, code: 'not_found', detail: 'There is no group called "gone".' })
      t.match((await top('group=gone')).body, {
        status: 404,
        code: 'not_found',
        detail: 'There is no group called "gone".'
      })
    }
  })

  await t.test('its standing has the rank on the board and among the group, ties as on the board', async (t) => {
    await put('four', ['dan', 'nobody', 'cyd', 'bob', 'ada'])
    const { status, body, headers } = await top('group=four')
    t.equal(status, 200)
    t.match(body.generated_at, /^\d{4}-.*Z$/)
    t.strictSame({ ...body, generated_at: '' }, {
      board: 'main',
      window: 'all',
      group: 'four',
      generated_at: '',
      top_scores: [
        { rank: 2, user_id: 'ada', username: 'ada', score: 30, group_rank: 1 },
        { rank: 3, user_id: 'bob', username: 'bob', score: 20, group_rank: 2 },
        { rank: 3, user_id: 'cyd', username: 'cyd', score: 20, group_rank: 2 },
        { rank: 5, user_id: 'dan', username: 'dan', score: 10, group_rank: 4 }
      ]
    })
    t.strictSame([headers.get('etag'), headers.get('cache-control')], [null, 'no-cache'])
    t.strictSame((await top('group=four&limit=2')).body.top_scores, body.top_scores.slice(0, 2))
    t.strictSame((await top('group=four', { board: 'empty' })).body.top_scores, [])
    await raise('dan', 15)
    t.match((await top('group=four&limit=2')).body.top_scores, [{ user_id: 'ada' }, {
      user_id: 'dan',
      rank: 3,
      group_rank: 2
    }])
  })

  await t.test('it is never called unchanged, whatever the client has', async (t) => {
    const etag = (await top('')).headers.get('etag')!
    for (const value of [etag, '*', '"other"']) {
      t.equal((await top('group=four', { headers: { 'if-none-match': value } })).status, 200)
    }
    t.equal((await top('', { headers: { 'if-none-match': etag } })).status, 304, 'the board itself is')
    const { body } = await top('limit=1')
    t.strictSame(Object.keys(body).sort(), ['board', 'epoch', 'generated_at', 'top_scores', 'version', 'window'])
    t.strictSame(
      body.top_scores,
      [{ rank: 1, user_id: 'eve', username: 'eve', score: 40 }],
      'nor has that a rank among anybody'
    )
  })

  await t.test('in a past window it stands as it stood then', async (t) => {
    await redis.client.zadd('sw:{main}:z:day:2020-02-29', 9, 'dan', 7, 'ada', 8, 'eve')
    const { body } = await top('group=four&window=day:2020-02-29')
    t.equal(body.window, 'day:2020-02-29')
    t.strictSame(
      body.top_scores.map((
        row: Record<string, unknown>
      ) => [row['user_id'], row['rank'], row['group_rank'], row['score']]),
      [['dan', 1, 1, 9], ['ada', 3, 2, 7]]
    )
    t.equal(body.resets_at, undefined)
    t.match((await top('group=four&window=day')).body, { window: 'day', resets_at: /^\d{4}-.*Z$/ })
  })

  await t.test('in a segment of a board that ranks the lowest it stands in that order', async (t) => {
    await redis.client.zadd('sw:{golf}:z:all:region:eu', -70, 'eve', -72, 'bob', -75, 'dan', -75, 'ada')
    const { body } = await top('group=four&segment=region:eu', { board: 'golf' })
    t.equal(body.segment, 'region:eu')
    t.strictSame(
      body.top_scores.map((
        row: Record<string, unknown>
      ) => [row['user_id'], row['rank'], row['group_rank'], row['score']]),
      [['bob', 2, 1, 72], ['dan', 3, 2, 75], ['ada', 3, 2, 75]]
    )
    t.match(
      (await top('group=four&segment=region:eu')).body,
      { status: 400, code: 'invalid_request' },
      'on a board that has it'
    )
  })

  await t.test('it is shown to those who may read the board', async (t) => {
    t.match((await top('group=four', { board: 'closed' })).body, { status: 401, code: 'missing_token' })
    t.match(
      (await top('group=nobody', { board: 'closed' })).body,
      { status: 401, code: 'missing_token' },
      'and whether it is there is not told either'
    )
    t.strictSame((await top('group=four', { board: 'closed', token: node.token('ada') })).body.top_scores, [])
  })

  await t.test('1,000 of the longest ids there can be fit in, however they are written', async (t) => {
    const ids = Array.from({ length: MOST }, (_, n) => '🦊'.repeat(125) + String(n).padStart(3, '0'))
    const escaped = JSON.stringify({ user_ids: ids }).replaceAll('🦊', '\\ud83e\\udd8a')
    const { status, body } = await node.call('PUT', '/v1/groups/foxes', { token, body: escaped })
    t.strictSame([status, body.user_ids], [200, ids])
    t.strictSame((await get('foxes')).body.user_ids, ids)
    t.strictSame((await top('group=foxes')).body.top_scores, [])
  })

  await t.test('what is refused changes nothing', async (t) => {
    const before = await everything(redis)
    const refused = async (
      name: string,
      code: ProblemCode,
      method: string,
      path: string,
      options: CallOptions = { token }
    ) => {
      const answer = await node.call(method, path, options)
      t.strictSame([answer.status, answer.body?.code], [STATUS[code], code], name)
      t.equal(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json', name)
      return answer
    }
    const body = { user_ids: ['eve'] }
    const bodyOf = (method: string) => method === 'PUT' ? { body } : {}
    for (const method of ['PUT', 'GET', 'DELETE']) {
      await refused(`${method} without a token`, 'missing_token', method, '/v1/groups/four', bodyOf(method))
      await refused(`${method} with a bad token`, 'invalid_token', method, '/v1/groups/four', {
        token: `${token}x`,
        ...bodyOf(method)
      })
      for (const claims of [{}, { scope: 'scores:read' }]) {
        const answer = await refused(`${method} as a user`, 'forbidden_scope', method, '/v1/groups/four', {
          token: node.token('ada', claims),
          ...bodyOf(method)
        })
        t.equal(answer.body.detail, 'This needs a token with the scope scores:write or admin.')
      }
      for (
        const name of ['x'.repeat(129), 'two words', 'Łucja', '{four}', 'a%00b', 'a%2Fb', '.hidden', ':a', '-', '_']
      ) {
        await refused(
          `${method} of the group ${name}`,
          'invalid_request',
          method,
          `/v1/groups/${encodeURI(decodeURI(name))}`,
          { token, ...bodyOf(method) }
        )
      }
    }
    const ids = (count: number) => Array.from({ length: count }, (_, n) => `u${n}`)
    for (
      const wrong of [
        undefined,
        {},
        [],
        { user_ids: [] },
        { user_ids: 'eve' },
        { user_ids: [1] },
        { user_ids: [''] },
        { user_ids: [null] },
        { user_ids: ['a\u0000'] },
        { user_ids: ['x'.repeat(129)] },
        { user_ids: ids(MOST + 1) },
        { user_ids: ['eve'], group: 'four' },
        '{"user_ids":'
      ]
    ) {
      await refused(`a group of ${JSON.stringify(wrong)?.slice(0, 40)}`, 'invalid_request', 'PUT', '/v1/groups/four', {
        token,
        body: wrong
      })
    }
    await refused('no JSON', 'unsupported_media_type', 'PUT', '/v1/groups/four', {
      token,
      body: 'eve',
      headers: { 'content-type': 'text/plain' }
    })
    await refused('a group of 2 MB', 'payload_too_large', 'PUT', '/v1/groups/four', {
      token,
      body: { user_ids: ['x'.repeat(2_000_000)] }
    })
    await refused('an unknown group', 'not_found', 'GET', '/v1/groups/none')
    t.equal(
      (await refused('a wrong method', 'method_not_allowed', 'POST', '/v1/groups/four', { token, body })).headers.get(
        'allow'
      ),
      'DELETE, GET, HEAD, PUT'
    )
    for (
      const query of [
        'group=',
        'group=two%20words',
        `group=${'x'.repeat(129)}`,
        'group=four&group=crew',
        'group=four&limit=0',
        'group=four&limit=101',
        'group=four&window=week',
        'groups=four'
      ]
    ) {
      await refused(`top?${query}`, 'invalid_request', 'GET', `/v1/boards/main/top?${query}`)
    }
    await refused('a group on an unknown board', 'unknown_board', 'GET', '/v1/boards/nope/top?group=four')
    t.strictSame(await everything(redis), before)
  })

  await t.test("1,000 users stand in the board's order, in the head and far below it", async (t) => {
    const store = await openTestStore(t, redis.url)
    const parsed = parseBoards(content)
    if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
    const main = parsed.boards.default
    const users = Array.from({ length: MOST + 3 * HEAD_SIZE }, (_, n) => `${n % 2 === 0 ? 'u' : 'ü'}${n}`)
    await Promise.all(users.map(async (user, n) => await store.applyIncrement(main, increment(user, 1 + n % 7))))
    const members = users.filter((_, n) => n % 4 !== 0 || n > 1200).slice(0, MOST)
    t.equal((await put('crowd', members.toReversed())).body.user_ids.length, MOST)
    const order = []
    for (let query = '', cursor: string | null = ''; cursor !== null; query = `?cursor=${cursor}`) {
      const page = (await node.call('GET', `/v1/boards/main/entries${query}`)).body
      order.push(...page.entries)
      cursor = page.next_cursor
    }
    const among = new Set(members)
    const expected = order.filter(({ user_id: user }) => among.has(user))
    t.equal(expected.length, MOST)
    const { body } = await top('group=crowd&limit=100')
    t.strictSame(
      body.top_scores,
      expected.slice(0, 100).map((entry) => ({
        ...entry,
        group_rank: 1 + expected.filter((another) => another.score > entry.score).length
      }))
    )
    const found = await store.readLookup(main, { window: 'all' }, members)
    t.strictSame(found.map(({ userId }) => userId), expected.map(({ user_id: user }) => user))
  })
})

test('groups while the store is away', { timeout: 60_000 }, async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url, env: IMPATIENT })
  const token = node.token('game', { scope: 'scores:write' })
  const put = async (...userIds: string[]) =>
    await node.call('PUT', '/v1/groups/crew', { token, body: { user_ids: userIds } })
  const get = async () => await node.call('GET', '/v1/groups/crew', { token })
  const ready = async () => {
    await eventually(async () => (await node.call('GET', '/readyz')).status === 200, 'the node is ready')
  }
  await put('ada')
  await node.call('GET', '/v1/boards/main/top')

  await t.test('stopped: 503 unavailable, also where the board itself is still shown', async (t) => {
    await redis.stop()
    const answers = [
      await put('bob'),
      await get(),
      await node.call('DELETE', '/v1/groups/crew', { token }),
      await node.call('GET', '/v1/boards/main/top?group=crew')
    ]
    for (const { status, body, headers } of answers) {
      t.strictSame([status, body.code, headers.get('retry-after')], [503, 'unavailable', '1'])
    }
    t.equal((await node.call('GET', '/v1/boards/main/top')).body.stale, true)
    await redis.start()
    await ready()
    t.strictSame((await get()).body.user_ids, ['ada'], 'nothing was applied')
  })

  await t.test('frozen: 503 outcome_unknown, and the same again converges', async (t) => {
    const writes = [
      [async () => await put('cyd', 'bob'), ['cyd', 'bob']],
      [async () => await node.call('DELETE', '/v1/groups/crew', { token }), undefined]
    ] as const
    for (const [write, userIds] of writes) {
      redis.signal('SIGSTOP')
      const { status, body } = await write()
      t.strictSame([status, body.code], [503, 'outcome_unknown'])
      t.match(body.detail, /Send the same again/)
      redis.signal('SIGCONT')
      await ready()
      await eventually(async () => (await write()).status < 500, 'a write is answered')
      t.strictSame((await get()).body.user_ids, userIds)
    }
  })

  await t.test('what somebody else wrote in its place is not taken for a group', async (t) => {
    for (const text of ['{"user_ids":["ada"]}', '[1]', '[']) {
      await redis.client.set('sw:group:crew', text)
      t.match((await get()).body, { status: 503, code: 'unavailable' })
    }
    t.equal((await put('ada')).status, 200)
    t.strictSame((await get()).body.user_ids, ['ada'])
  })
})
