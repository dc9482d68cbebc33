// Tests of http, ledger, events: says who changed which score, when, from where, by which action.
import { test, type Test } from 'tap'
import { addEntry, archived } from '../../harness/servers/ledger.ts'
import { startNode, type TestNode } from '../../harness/servers/node.ts'
import { startPostgres } from '../../harness/servers/postgres.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'

/** A time in the middle of a day, a week ago: before everything that a test does itself. */
const THEN = Date.now() - 7 * 86_400_000

interface Service {
  readonly redis: TestRedis
  readonly node: TestNode
  readonly source: string
}

async function seed ({ redis, node, source }: Service): Promise<void> {
  for (let n = 0; n < 25; n++) {
    await addEntry(redis, 'main', {
      user_id: n % 5 === 0 ? 'bob' : 'ada',
      action_id: `a-${n}`,
      delta: n,
      score_after: 2 * n
    }, `${THEN + 1000 * Math.floor(n / 2)}-${n % 2}`)
  }
  await addEntry(redis, 'main', {
    user_id: 'cid',
    action_id: 'banned',
    kind: 'ban',
    delta: 0,
    score_after: 0,
    actor: 'boss',
    reason: 'bots',
    until: THEN,
    segments: '{"region":"eu"}',
    hidden: 1
  }, `${THEN + 60_000}-0`)
  await node.call('POST', '/v1/boards/main/increments', {
    token: node.token('dan'),
    body: { action_id: 'mine', increment: 3 }
  })
  if (source === 'ledger') await archived(redis, 'main')
}

async function asked (t: Test, service: Service): Promise<void> {
  const { node, source } = service
  await seed(service)
  const token = node.token('boss', { scope: 'admin' })
  const get = async (query = '') => await node.call('GET', `/v1/boards/main/events${query}`, { token })
  const actions = async (query: string) =>
    (await get(query)).body.events.map(({ action_id: id }: { action_id: string }) => id)

  await t.test('says who changed which score, when, from where, by which action', async (t) => {
    const { status, headers, body } = await get('?limit=2')
    t.equal(status, 200)
    t.equal(headers.get('cache-control'), 'no-store')
    t.match(body, { board: 'main', source })
    const nothing = {
      action: null,
      reason: null,
      until: null,
      season: null,
      segments: null,
      window: null,
      hidden: false
    }
    const [{ at, request_id: requestId, ...first }, second] = body.events
    t.strictSame(first, {
      user_id: 'dan',
      action_id: 'mine',
      kind: 'increment',
      delta: 3,
      score_after: 3,
      actor: 'dan',
      ip: '127.0.0.1',
      ...nothing
    })
    t.match(requestId, /^[0-9a-f]{8}-/)
    t.ok(Math.abs(Date.parse(at) - Date.now()) < 600_000)
    t.strictSame(second, {
      at: new Date(THEN + 60_000).toISOString(),
      user_id: 'cid',
      action_id: 'banned',
      kind: 'ban',
      delta: 0,
      score_after: 0,
      actor: 'boss',
      ip: '192.0.2.1',
      request_id: 'test',
      action: null,
      reason: 'bots',
      until: new Date(THEN).toISOString(),
      season: null,
      segments: { region: 'eu' },
      window: null,
      hidden: true
    })
  })

  await t.test('of a user, of a time, page by page, the newest first', async (t) => {
    t.strictSame(await actions('?user_id=bob'), ['a-20', 'a-15', 'a-10', 'a-5', 'a-0'])
    const time = (ms: number) => encodeURIComponent(new Date(ms).toISOString())
    t.strictSame(await actions(`?from=${time(THEN + 2000)}&to=${time(THEN + 4000)}`), ['a-7', 'a-6', 'a-5', 'a-4'])
    t.strictSame(
      await actions(
        `?to=${encodeURIComponent(new Date(THEN + 1000 + 3_600_000).toISOString().replace('Z', '+01:00'))}`
      ),
      ['a-1', 'a-0'],
      'in any zone'
    )
    const all: string[] = []
    let cursor: string | null = ''
    for (let pages = 1; cursor !== null; pages++) {
      const { body }: { body: { events: { action_id: string }[], next_cursor: string | null } } = await get(
        `?limit=9&user_id=ada${cursor === '' ? '' : `&cursor=${cursor}`}`
      )
      all.push(...body.events.map(({ action_id: id }) => id))
      cursor = body.next_cursor
      t.ok(pages <= 4)
    }
    t.strictSame(
      all,
      Array.from({ length: 25 }, (_, n) => 24 - n).filter((n) => n % 5 !== 0).map((n) => `a-${n}`),
      'nobody missing, nobody twice'
    )
    t.strictSame(await actions('?user_id=nobody'), [])
  })

  await t.test('refuses what is not well formed, and whoever is no admin', async (t) => {
    for (
      const query of [
        '?limit=0',
        '?limit=1001',
        '?limit=x',
        '?from=yesterday',
        '?to=2026-13-45T00:00:00Z',
        '?from=1960-01-01T00:00:00Z',
        '?cursor=nonsense',
        '?cursor=%22',
        '?user=ada',
        '?user_id='
      ]
    ) {
      t.match(await get(query), { status: 400, body: { code: 'invalid_request' } }, query)
    }
    const other = Buffer.from('other 1-0').toString('base64url')
    t.match(
      await get(`?cursor=${other}`),
      { status: 400, body: { errors: [{ path: 'cursor' }] } },
      'a cursor of another board'
    )
    t.match(await node.call('GET', '/v1/boards/none/events', { token }), {
      status: 404,
      body: { code: 'unknown_board' }
    })
    t.match(await node.call('GET', '/v1/boards/main/events'), { status: 401, body: { code: 'missing_token' } })
    for (const scope of ['', 'scores:write', 'administrator']) {
      t.match(await node.call('GET', '/v1/boards/main/events', { token: node.token('ada', { scope }) }), {
        status: 403,
        body: { code: 'forbidden_scope' }
      }, scope)
    }
  })
}

test('the audit of a service with a ledger', async (t) => {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t, { migrated: false })
  const content = { boards: { main: {}, golf: { order: 'asc', operator: 'best', segments: ['region', 'clan'] } } }
  const file = `${t.testdir({ 'boards.json': JSON.stringify(content) })}/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { DATABASE_URL: url, BOARDS_FILE: file } })
  await asked(t, { redis, node, source: 'ledger' })

  await t.test('knows submitted scores, segments and names, and the best score of each user', async (t) => {
    const token = node.token('ada', { name: 'Ada', region: 'eu', clan: 'a:b' })
    for (const score of [72, 80, 68]) {
      t.equal(
        (await node.call('POST', '/v1/boards/golf/scores', { token, body: { action_id: `round-${score}`, score } }))
          .status,
        200
      )
    }
    await archived(redis, 'golf')
    const { body } = await node.call('GET', '/v1/boards/golf/events', { token: node.token('boss', { scope: 'admin' }) })
    const told = body.events.map(({ kind, delta, score_after: after, segments }: Record<string, unknown>) => ({
      kind,
      delta,
      after,
      segments
    }))
    const segments = { region: 'eu', clan: 'a:b' }
    t.strictSame(told, [{ kind: 'score', delta: 68, after: 68, segments }, {
      kind: 'score',
      delta: 80,
      after: 72,
      segments
    }, { kind: 'score', delta: 72, after: 72, segments }])
    t.strictSame(
      await database.query("SELECT user_id, username, score::integer FROM users_scores WHERE board = 'golf'"),
      [{ user_id: 'ada', username: 'Ada', score: 68 }]
    )
  })
})

test('the audit of a service without one', async (t) => {
  const redis = await startRedis(t)
  const lines: string[] = []
  const node = await startNode(t, { redisUrl: redis.url, log: (line) => lines.push(line) })
  await asked(t, { redis, node, source: 'stream' })

  await t.test('passes over what scorewire has not written, and looks at so much at a time', async (t) => {
    const token = node.token('boss', { scope: 'admin' })
    await redis.client.xadd('sw:{main}:ledger', '*', 'hello', 'world')
    const many = redis.client.pipeline()
    for (let n = 0; n < 21_000; n++) {
      many.xadd(
        'sw:{main}:ledger',
        '*',
        'user_id',
        'eve',
        'action_id',
        `e-${n}`,
        'delta',
        '1',
        'score_after',
        '1',
        'actor',
        '',
        'ip',
        '',
        'request',
        ''
      )
    }
    await many.exec()
    const { body } = await node.call('GET', '/v1/boards/main/events?user_id=bob&limit=3', { token })
    t.strictSame(body.events, [], 'a page of few events')
    const next = await node.call('GET', `/v1/boards/main/events?user_id=bob&limit=3&cursor=${body.next_cursor}`, {
      token
    })
    t.strictSame(
      next.body.events.map(({ action_id: id }: { action_id: string }) => id),
      ['a-20', 'a-15', 'a-10'],
      'is not the last'
    )
  })

  await t.test('a line of the log, at debug, for each score that was raised', async (t) => {
    lines.length = 0
    const raise = async () =>
      await node.call('POST', '/v1/boards/main/increments', {
        token: node.token('eve'),
        body: { action_id: 'logged', increment: 4 }
      })
    const { body } = await raise()
    await raise()
    const raised = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'a score was raised')
    t.equal(raised.length, 1, 'and none for a replay')
    t.match(raised[0], {
      level: 20,
      board: 'main',
      user: 'eve',
      action: 'logged',
      delta: 4,
      score: body.new_score,
      actor: 'eve',
      ip: '127.0.0.1',
      requestId: /^[0-9a-f]{8}-/
    })
  })

  await t.test('503 while the store is away', async (t) => {
    await redis.stop()
    t.match(await node.call('GET', '/v1/boards/main/events', { token: node.token('boss', { scope: 'admin' }) }), {
      status: 503,
      body: { code: 'unavailable' }
    })
  })
})
