// Tests of http, webhooks, webhooks: webhooks of a board.
import { test } from 'tap'
import { isSecret, MAX_WEBHOOKS, secretOf } from '../../../src/leaderboard/webhooks/webhook.ts'
import { SECRET, startNode } from '../../harness/servers/node.ts'
import { everything, startRedis } from '../../harness/servers/redis.ts'

const HOOKS = '/v1/boards/main/webhooks'
const URL_OF = 'https://hooks.example/scores'
const [FIRST, SECOND, THIRD] = [1, 2, 3].map((byte) => secretOf(Buffer.alloc(24, byte))) as [string, string, string]

test('webhooks of a board', async (t) => {
  const redis = await startRedis(t)
  const lines: string[] = []
  // Nothing is sent here: there is no worker.
  const node = await startNode(t, {
    redisUrl: redis.url,
    env: { ROLES: 'api', NODE_ENV: 'production', REDIS_URL: redis.url, JWT_SECRET: SECRET },
    log: (line) => lines.push(line)
  })
  const token = node.token('boss', { scope: 'admin' })
  const call = async (method: string, path = '', body?: unknown) =>
    await node.call(method, HOOKS + path, { token, ...(body !== undefined && { body }) })
  const settings = { url: URL_OF, events: ['top.changed'] }

  await t.test('a new one gets a secret, which is shown once', async (t) => {
    const made = await call('PUT', '/crm', settings)
    t.equal(made.status, 201)
    t.equal(made.headers.get('cache-control'), 'no-store')
    t.ok(isSecret(made.body.secret))
    t.match(made.body, {
      board: 'main',
      webhook: 'crm',
      url: URL_OF,
      events: ['top.changed'],
      min_interval_seconds: 1,
      status: 'enabled',
      disabled_reason: null,
      pending: 0,
      dropped: 0,
      former_secret_until: null
    })
    const { secret, ...rest } = made.body
    t.strictSame((await call('GET', '/crm')).body, rest)
    t.strictSame((await call('GET')).body, { webhooks: [rest] })
    const changed = await call('PUT', '/crm', {
      ...settings,
      events: ['user.flagged', 'season.closed'],
      min_interval_seconds: 60
    })
    t.equal(changed.status, 200)
    t.match(changed.body, {
      events: ['user.flagged', 'season.closed'],
      min_interval_seconds: 60,
      created_at: rest.created_at,
      former_secret_until: null
    })
    t.notOk(changed.body.secret, 'it keeps its secret')
    t.equal(await redis.client.hget('sw:{main}:webhook:crm', 'secret'), secret)
  })

  await t.test('a secret of the own is not shown at all; another one makes two for a day', async (t) => {
    const made = await call('PUT', '/own', { ...settings, secret: FIRST })
    t.equal(made.status, 201)
    t.notMatch(made.text, 'whsec_')
    t.equal(
      (await call('PUT', '/own', { ...settings, secret: FIRST })).body.former_secret_until,
      null,
      'the same again changes nothing'
    )
    const changed = await call('PUT', '/own', { ...settings, secret: SECOND })
    const hours = (Date.parse(changed.body.former_secret_until) - Date.now()) / 3_600_000
    t.ok(hours > 23.9 && hours < 24.1)
    const rotated = await call('POST', '/own/rotate', {})
    t.ok(isSecret(rotated.body.secret), 'one that the service makes is shown')
    const { secret, old_secret: former } = await redis.client.hgetall('sw:{main}:webhook:own')
    t.strictSame({ secret, former }, { secret: rotated.body.secret, former: SECOND })
    t.notMatch((await call('POST', '/own/rotate', { secret: THIRD })).text, 'whsec_')
    t.ok(isSecret((await node.call('POST', `${HOOKS}/own/rotate`, { token })).body.secret), 'without a body')
  })

  await t.test('each wrong field is refused, and nothing has changed', async (t) => {
    const before = await everything(redis)
    const refused = async (body: unknown, path: string, name = JSON.stringify(body)) => {
      const { status, body: problem, text } = await call('PUT', '/crm', body)
      t.match({ status, ...problem }, { status: 400, code: 'invalid_request', errors: [{ path }] }, name)
      t.notMatch(text, FIRST, 'a secret is not repeated')
    }
    for (
      const url of [
        'http://hooks.example/',
        'https://10.0.0.1/',
        'https://[::1]/x',
        'https://user:pw@hooks.example/',
        'https://hooks.example:22/',
        'ftp://hooks.example/',
        'nonsense',
        '',
        `https://hooks.example/${'x'.repeat(2048)}`
      ]
    ) await refused({ ...settings, url }, '/url', url.slice(0, 60))
    await refused({ ...settings, url: 5 }, '/url')
    await refused({ events: ['top.changed'] }, '/url')
    await refused({ url: URL_OF }, '/events')
    await refused({ ...settings, events: [] }, '/events')
    await refused({ ...settings, events: ['top.changed', 'top.changed'] }, '/events')
    await refused({ ...settings, events: ['score.changed'] }, '/events/0')
    t.match((await call('PUT', '/new', { ...settings, events: ['score.changed'] })).body, {
      errors: [{ message: 'must be one of top.changed, season.closed, user.flagged' }]
    })
    for (const seconds of [0, 1.5, '1', 86_401]) {
      await refused({ ...settings, min_interval_seconds: seconds }, '/min_interval_seconds')
    }
    for (
      const secret of [
        'secret',
        `whsec_${'A'.repeat(31)}`,
        FIRST.slice(6),
        secretOf(Buffer.alloc(23, 1)),
        secretOf(Buffer.alloc(65, 1)),
        `${FIRST}=`,
        `whsec_${'_'.repeat(32)}`,
        `whsec_${'A'.repeat(33)}`,
        7,
        null
      ]
    ) await refused({ ...settings, secret }, '/secret', String(secret))
    await refused({ ...settings, name: 'x' }, '/name')
    t.match(await call('PUT', '/Crm', settings), { status: 400, body: { errors: [{ path: '/webhook' }] } })
    t.match(await call('POST', '/crm/rotate', { secret: `whsec_${'A'.repeat(33)}` }), {
      status: 400,
      body: { errors: [{ path: '/secret' }] }
    })
    for (const query of ['?limit=0', '?limit=101', '?cursor=%22', '?page=2']) {
      t.match(await call('GET', `/crm/deliveries${query}`), { status: 400, body: { code: 'invalid_request' } }, query)
    }
    for (const cursor of ['nonsense', Buffer.from('["main","own",1,"msg_1"]').toString('base64url')]) {
      t.match(await call('GET', `/crm/deliveries?cursor=${cursor}`), {
        status: 400,
        body: { errors: [{ path: 'cursor' }] }
      })
    }
    t.strictSame(await everything(redis), before)
  })

  await t.test('what there is not is not found', async (t) => {
    for (
      const [method, path, body] of [
        ['GET', '/none'],
        ['DELETE', '/none'],
        ['POST', '/none/rotate', {}],
        ['POST', '/none/enable'],
        ['POST', '/none/test'],
        ['GET', '/none/deliveries'],
        ['POST', '/none/deliveries/msg_1/replay'],
        ['POST', '/crm/deliveries/msg_1/replay']
      ] as const
    ) t.match(await call(method, path, body), { status: 404, body: { code: 'not_found' } }, `${method} ${path}`)
    for (
      const [method, path] of [
        ['GET', ''],
        ['GET', '/crm'],
        ['DELETE', '/crm'],
        ['POST', '/crm/test'],
        ['POST', '/crm/rotate'],
        ['POST', '/crm/enable'],
        ['GET', '/crm/deliveries']
      ] as const
    ) {
      t.match(await node.call(method, `/v1/boards/none/webhooks${path}`, { token }), {
        status: 404,
        body: { code: 'unknown_board' }
      }, `${method} ${path}`)
    }
    t.match(await node.call('PUT', '/v1/boards/none/webhooks/crm', { token, body: settings }), {
      status: 404,
      body: { code: 'unknown_board' }
    })
    t.match(await call('POST', '/crm'), { status: 405 })
  })

  await t.test('nobody but an admin', async (t) => {
    const routes = [
      ['GET', ''],
      ['GET', '/crm'],
      ['PUT', '/crm'],
      ['DELETE', '/crm'],
      ['POST', '/crm/rotate'],
      ['POST', '/crm/enable'],
      ['POST', '/crm/test'],
      ['GET', '/crm/deliveries'],
      ['POST', '/crm/deliveries/msg_1/replay']
    ] as const
    const before = await everything(redis)
    for (const [method, path] of routes) {
      const body = method === 'PUT' ? { body: settings } : {}
      t.match(
        await node.call(method, HOOKS + path, body),
        { status: 401, body: { code: 'missing_token' } },
        `${method} ${path}`
      )
      t.match(await node.call(method, HOOKS + path, { ...body, token: `${token}x` }), {
        status: 401,
        body: { code: 'invalid_token' }
      })
      for (const scope of ['', 'scores:write', 'administrator']) {
        t.match(await node.call(method, HOOKS + path, { ...body, token: node.token('ada', { scope }) }), {
          status: 403,
          body: { code: 'forbidden_scope' }
        }, `${method} ${path} ${scope}`)
      }
    }
    t.strictSame(await everything(redis), before)
  })

  await t.test('a board has so many', async (t) => {
    for (let n = 2; n < MAX_WEBHOOKS; n++) t.equal((await call('PUT', `/more-${n}`, settings)).status, 201)
    t.match(await call('PUT', '/one-too-many', settings), { status: 409, body: { code: 'webhook_limit' } })
    t.equal((await call('PUT', '/crm', settings)).status, 200, 'those there are can still be changed')
    t.equal((await call('DELETE', '/more-2')).status, 204)
    t.equal((await call('GET', '/more-2')).status, 404)
    t.equal((await call('PUT', '/one-more', settings)).status, 201)
  })

  await t.test('a test and its replay wait for a worker, and a disabled webhook takes neither', async (t) => {
    const { status, body: { id } } = await call('POST', '/crm/test')
    t.equal(status, 202)
    for (let n = 0; n < 4; n++) await call('POST', '/crm/test')
    const page = (await call('GET', '/crm/deliveries?limit=3')).body
    const rest = (await call('GET', `/crm/deliveries?limit=3&cursor=${page.next_cursor}`)).body
    t.equal(rest.next_cursor, null)
    const all = [...page.deliveries, ...rest.deliveries]
    t.equal(new Set(all.map((delivery) => delivery.id)).size, 5, 'everything once, page by page')
    const { created_at: at, next_attempt_at: next, ...last } = all.find((delivery) => delivery.id === id)
    t.strictSame(last, { id, event: 'webhook.test', status: 'pending', attempts: [] })
    t.equal(next, at, 'it is due')
    t.equal((await call('GET', '/crm')).body.pending, 5)
    t.equal((await call('POST', `/crm/deliveries/${id}/replay`)).status, 202)
    await redis.client.hset('sw:{main}:webhook:crm', { state: 'disabled', why: 'gone', since: Date.now() })
    t.match((await call('GET', '/crm')).body, { status: 'disabled', disabled_reason: 'gone', disabled_at: String })
    for (const path of ['/crm/test', `/crm/deliveries/${id}/replay`]) {
      t.match(await call('POST', path), { status: 409, body: { code: 'webhook_disabled' } }, path)
    }
    t.match((await call('POST', '/crm/enable')).body, { status: 'enabled', disabled_reason: null, disabled_at: null })
    t.equal((await call('POST', '/crm/enable')).status, 200, 'again')
  })

  await t.test('no secret in a log, a list, an export or a metric', async (t) => {
    const secrets = (await Promise.all(
      (await redis.client.keys('sw:{main}:webhook:*')).map(async (key) =>
        await redis.client.hmget(key, 'secret', 'old_secret')
      )
    )).flat().filter((text) => text !== null)
    t.ok(secrets.length >= MAX_WEBHOOKS)
    const texts = [
      lines.join('\n'),
      (await call('GET')).text,
      (await node.call('GET', '/metrics')).text,
      (await node.call('GET', '/v1/boards/main/export', { token })).text,
      (await node.call('GET', '/v1/boards/main', { token })).text
    ]
    for (const secret of secrets) for (const text of texts) t.notMatch(text, secret)
  })

  await t.test('a board that is deleted takes them with it', async (t) => {
    await node.call('PUT', '/v1/boards/other', { token, body: {} })
    await node.call('PUT', '/v1/boards/other/webhooks/crm', { token, body: settings })
    await node.call('POST', '/v1/boards/other/webhooks/crm/test', { token })
    t.ok((await redis.client.keys('sw:{other}:webhook*')).length >= 4)
    t.equal((await node.call('DELETE', '/v1/boards/other', { token })).status, 204)
    t.strictSame(await redis.client.keys('sw:{other}:webhook*'), [])
    t.notOk((await redis.client.smembers('sw:webhooks')).includes('other'))
    await node.call('PUT', '/v1/boards/other', { token, body: {} })
    t.strictSame((await node.call('GET', '/v1/boards/other/webhooks', { token })).body, { webhooks: [] })
  })

  await t.test('503 while the store is away', async (t) => {
    await redis.stop()
    for (
      const [method, path, body] of [
        ['GET', ''],
        ['GET', '/crm'],
        ['PUT', '/crm', settings],
        ['DELETE', '/crm'],
        ['POST', '/crm/rotate', {}],
        ['POST', '/crm/enable'],
        ['POST', '/crm/test'],
        ['GET', '/crm/deliveries']
      ] as const
    ) {
      t.match(await call(method, path, body), { status: 503, headers: { get: Function } }, `${method} ${path}`)
    }
  })
})
