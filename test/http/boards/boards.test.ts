// Tests of http, boards, boards: boards are made and changed while the nodes run.
import { once } from 'node:events'
import { test, type Test } from 'tap'
import type { ProblemCode } from '../../../src/leaderboard/problem.ts'
import { STATUS } from '../../../src/leaderboard/problem.ts'
import { startNode, type Answer, type TestNode } from '../../harness/servers/node.ts'
import { everything, startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { watch, watchEvents } from '../../harness/clients/watcher.ts'

function fileOf (t: Test, boards: object): Record<string, string> {
  return { BOARDS_FILE: `${t.testdir({ 'boards.json': JSON.stringify({ boards }) })}/boards.json` }
}

const admin = (node: TestNode) => node.token('root', { scope: 'admin' })
const put = async (node: TestNode, board: string, body: unknown, headers: Record<string, string> = {}) =>
  await node.call('PUT', `/v1/boards/${board}`, { token: admin(node), body, headers })
const remove = async (node: TestNode, board: string) =>
  await node.call('DELETE', `/v1/boards/${board}`, { token: admin(node) })
const raise = async (node: TestNode, board: string, body: object = {}, user = 'ada') =>
  await node.call('POST', `/v1/boards/${board}/increments`, { token: node.token(user), body })

/** Asks again until an answer fits. */
async function until (ask: () => Promise<Answer>, fits: (answer: Answer) => boolean): Promise<Answer> {
  for (const end = Date.now() + 60_000; ;) {
    const answer = await ask()
    if (fits(answer)) return answer
    if (Date.now() > end) throw new Error(`it never came to this: ${answer.status} ${answer.text}`)
  }
}

async function twoNodes (t: Test, boards: object): Promise<{ redis: TestRedis, first: TestNode, second: TestNode }> {
  const redis = await startRedis(t)
  const env = fileOf(t, boards)
  const [first, second] = await Promise.all(
    [1, 2].map(async () => await startNode(t, { redisUrl: redis.url, env }))
  ) as [TestNode, TestNode]
  return { redis, first, second }
}

test('boards are made and changed while the nodes run', async (t) => {
  const { redis, first, second } = await twoNodes(t, { main: {}, other: {} })

  await t.test('a board shows all its rules, and its revision as the ETag', async (t) => {
    const { body, headers } = await first.call('GET', '/v1/boards/main')
    t.match(body, {
      board: 'main',
      order: 'desc',
      operator: 'increment',
      week_start: 'monday',
      seasons: [],
      segments: [],
      retention: { day: 8, week: 35, month: 400 },
      head_size: 128,
      windows: [{ window: 'all', name: 'all', resets_at: null }]
    })
    t.equal(headers.get('etag'), `"${body.revision}"`)
    const { body: { boards } } = await second.call('GET', '/v1/boards')
    t.strictSame(boards.map(({ board }: { board: string }) => board), ['main', 'other'], 'in the order of the file')
    t.strictSame(boards[0], body)
  })

  await t.test('a new board takes writes on every node', async (t) => {
    const made = await put(first, 'weekly', { windows: ['week', 'all'] }, { 'if-none-match': '*' })
    t.equal(made.status, 201)
    t.match(made.body, {
      board: 'weekly',
      windows: [{ window: 'week', name: /^week:/, resets_at: /T/ }, { window: 'all' }]
    })
    await until(async () => await second.call('GET', '/v1/boards/weekly'), ({ status }) => status === 200)
    t.match((await raise(second, 'weekly')).body, { new_score: 1 })
    t.match((await put(first, 'weekly', {}, { 'if-none-match': '*' })).body, { code: 'board_exists', status: 409 })
  })

  await t.test('the very next request at another node is judged by rules that have changed', async (t) => {
    t.equal((await raise(second, 'main', { increment: 900 })).status, 200)
    for (let max = 800; max >= 500; max -= 10) {
      t.equal((await put(first, 'main', { max_increment: max })).status, 200)
      const answer = await raise(second, 'main', { increment: max + 1 })
      t.strictSame([answer.status, answer.body.code], [422, 'increment_out_of_range'], String(max))
    }
    t.equal((await put(first, 'main', { max_increment: 5, segments: ['region'] })).status, 200)
    await until(
      async () => await second.call('GET', '/v1/boards/main/top?segment=region:eu'),
      ({ status }) => status === 200
    ) // and a read soon after
    t.match((await second.call('GET', '/v1/boards/main')).body, { max_increment: 5, segments: ['region'] })
  })

  await t.test('a batch under way is judged by them too', async (t) => {
    t.equal((await put(first, 'main', { max_increment: 100, segments: ['region'] })).status, 200)
    await until(async () => await second.call('GET', '/v1/boards/main'), ({ body }) => body.max_increment === 100)
    const token = second.token('game', { scope: 'scores:write' })
    const increments = Array.from({ length: 300 }, (_, n) => ({ user_id: `u${n}`, action_id: 'one', increment: 100 }))
    const send = async () =>
      await second.call('POST', '/v1/boards/main/increments/batch', { token, body: { increments } })
    const [batch] = await Promise.all([send(), put(first, 'main', { max_increment: 99, segments: ['region'] })])
    const counted = batch.body.results.filter(({ status }: { status: number }) => status === 200).length
    t.equal(
      batch.body.results.filter(({ status, code }: { status: number, code: string }) =>
        status === 422 && code === 'increment_out_of_range'
      ).length,
      300 - counted
    )
    t.equal(await redis.client.zcount('sw:{main}:z:all', 100, 100), counted)
  })

  await t.test('the same rules again change nothing', async (t) => {
    const rules = { max_increment: 7, segments: ['region'] }
    const { headers } = await put(first, 'main', rules)
    const before = await everything(redis)
    const again = await put(second, 'main', rules)
    t.strictSame([again.status, again.headers.get('etag')], [200, headers.get('etag')])
    t.strictSame(await everything(redis), before)
  })

  await t.test('If-Match names the revision that is to change', async (t) => {
    const { headers } = await first.call('GET', '/v1/boards/other')
    const match = headers.get('etag')!
    t.equal((await put(first, 'other', { max_increment: 2 }, { 'if-match': match })).status, 200)
    const late = await put(first, 'other', { max_increment: 3 }, { 'if-match': match })
    t.strictSame([late.status, late.body.code], [412, 'board_changed'])
    t.equal((await put(first, 'other', { max_increment: 3 }, { 'if-match': '*' })).status, 200)
    t.equal((await put(first, 'nowhere', {}, { 'if-match': '*' })).status, 412)
    t.equal((await put(first, 'other', {}, { 'if-match': 'unquoted' })).status, 400)
  })

  await t.test('what would make scores wrong is refused, and names each rule', async (t) => {
    const before = await everything(redis)
    const { status, body } = await put(first, 'main', { order: 'asc', time_zone: 'Asia/Tokyo', max_increment: 1 })
    t.equal(status, 409)
    t.match(body, { code: 'board_exists', errors: [{ path: '/order' }, { path: '/time_zone' }, { path: '/segments' }] })
    t.strictSame(await everything(redis), before)
    t.equal((await put(first, 'other', { order: 'asc' })).status, 200, 'a board without scores takes it')
  })

  await t.test('what is not well formed is refused, and changes nothing', async (t) => {
    const before = await everything(redis)
    const refused = async (name: string, code: ProblemCode, answer: Promise<Answer>, path?: string) => {
      const { status, body } = await answer
      t.strictSame([status, body.code], [STATUS[code], code], name)
      if (path !== undefined) t.equal(body.errors[0].path, path, name)
    }
    await refused('an unknown rule', 'invalid_request', put(first, 'main', { colour: 'red' }), '/colour')
    await refused('text for a number', 'invalid_request', put(first, 'main', { max_increment: '5' }), '/max_increment')
    await refused('no object', 'invalid_request', put(first, 'main', []))
    await refused('no body', 'invalid_request', put(first, 'main', undefined))
    await refused(
      'rules that contradict each other',
      'invalid_request',
      put(first, 'main', { windows: ['season'] }),
      '/seasons'
    )
    await refused(
      'a zone that there is not',
      'invalid_request',
      put(first, 'main', { time_zone: 'Mars/Olympus' }),
      '/time_zone'
    )
    await refused('a name that no board can have', 'invalid_request', put(first, 'Main%20Board', {}))
    await refused('a pattern for a name', 'invalid_request', remove(first, '*'))
    await refused('a tag for If-None-Match', 'invalid_request', put(first, 'main', {}, { 'if-none-match': '"x"' }))
    await refused('too much', 'payload_too_large', put(first, 'main', `{"seasons":[${' '.repeat(70_000)}]}`))
    await refused('a board that there is not', 'unknown_board', remove(first, 'nowhere'))
    for (const scope of [undefined, 'scores:write', 'administrator']) {
      const token = first.token('mallory', scope === undefined ? {} : { scope })
      await refused(`PUT with ${scope}`, 'forbidden_scope', first.call('PUT', '/v1/boards/main', { token, body: {} }))
      await refused(`DELETE with ${scope}`, 'forbidden_scope', first.call('DELETE', '/v1/boards/main', { token }))
    }
    await refused('PUT without a token', 'missing_token', first.call('PUT', '/v1/boards/main', { body: {} }))
    await refused('DELETE without a token', 'missing_token', first.call('DELETE', '/v1/boards/main'))
    await refused(
      'DELETE with a bad token',
      'invalid_token',
      first.call('DELETE', '/v1/boards/main', { token: 'x.y.z' })
    )
    t.strictSame(await everything(redis), before)
  })

  await t.test('the published contracts go to the default board as it is now', async (t) => {
    t.equal((await put(first, 'main', { max_increment: 3, segments: ['region'] })).status, 200)
    const token = second.token('carl')
    t.equal((await second.call('POST', '/api/update-score', { token, body: { increment: 4 } })).status, 400)
    t.match((await second.call('POST', '/api/update-score', { token, body: { increment: 3 } })).body, { new_score: 3 })
    await until(async () => await second.call('GET', '/v1/boards/main'), ({ body }) => body.max_increment === 3)
  })

  await t.test('a write is judged by the rules of now although no node was told, and a read within a second or so', async (t) => {
    // As an apply whose node ends before it tells anybody.
    const { headers } = await put(first, 'other', { max_increment: 42 })
    await until(
      async () => await second.call('GET', '/v1/boards/other'),
      (answer) => answer.headers.get('etag') === headers.get('etag')
    )
    const changed = Number(await redis.client.hget('sw:{other}:rules', 'changed')) + 1
    const json = JSON.stringify({
      ...JSON.parse(await redis.client.hget('sw:{other}:rules', 'json') ?? ''),
      max_increment: 41
    })
    await redis.client.multi().hset('sw:{other}:rules', 'json', json, 'revision', 'by-hand', 'changed', changed).hset(
      'sw:{other}:meta',
      'revision',
      'by-hand'
    ).exec()
    t.equal((await raise(second, 'other', { increment: 42 })).body.code, 'increment_out_of_range')
    t.match((await second.call('GET', '/v1/boards/other')).body, { max_increment: 41, revision: 'by-hand' })
    t.match(
      (await first.call('GET', '/v1/boards/other')).body,
      { max_increment: 42 },
      'what is not listed is not looked for'
    )
    await redis.client.zadd('sw:boards:1', changed, 'other')
    await until(async () => await first.call('GET', '/v1/boards/other'), ({ body }) => body.max_increment === 41)
  })
})

test('those who watch a board are told when it changes for them', async (t) => {
  const { first, second } = await twoNodes(t, {
    main: {},
    other: { windows: ['all', 'day'] },
    fresh: { windows: ['all', 'day'] }
  })
  t.equal((await raise(first, 'main')).status, 200)

  await t.test('a change that they do not see leaves them alone', async (t) => {
    const client = await watch(t, second.url, '?board=main')
    await client.until(({ event }) => event === 'snapshot')
    t.equal((await put(first, 'main', { max_increment: 5 })).status, 200)
    t.equal((await raise(first, 'main', { increment: 5 })).status, 200)
    await client.until(({ top_scores: rows }) => rows[0]?.score === 6)
    client.socket.close()
    t.equal((await client.closed).code, 1005)
  })

  await t.test('who may read it no more is closed, and refused on coming back; others stay', async (t) => {
    const [nobody, somebody, elsewhere] = await Promise.all([
      watch(t, second.url, '?board=main'),
      watch(t, second.url, `?board=main&token=${second.token('ada')}`),
      watch(t, second.url, '?board=other')
    ])
    const stream = await watchEvents(t, second.url, '?board=main')
    for (const client of [nobody, somebody, elsewhere, stream]) await client.until(({ event }) => event === 'snapshot')
    t.equal((await put(first, 'main', { max_increment: 5, visibility: 'authenticated' })).status, 200)
    t.strictSame((await Promise.all([nobody.closed, somebody.closed])).map(({ code }) => code), [1012, 1012])
    await stream.ended
    t.match(stream.text(), /\nretry: \d+\n\n$/)
    t.equal((await (await watch(t, second.url, '?board=main')).closed).code, 4403)
    const back = await watch(t, second.url, `?board=main&token=${second.token('ada')}`)
    await back.until(({ event }) => event === 'snapshot')
    t.equal((await raise(first, 'main')).status, 200)
    await back.until(({ top_scores: rows }) => rows[0]?.score === 7)
    t.equal((await raise(first, 'other')).status, 200)
    await elsewhere.until(({ event }) => event === 'update')
    t.equal((await second.call('GET', '/v1/boards/main/top')).status, 401)
  })

  await t.test('a window that is gone closes its watchers', async (t) => {
    const client = await watch(t, second.url, '?board=fresh&window=day')
    await client.until(({ event }) => event === 'snapshot')
    t.equal((await put(first, 'other', { windows: ['all'] })).status, 409, 'only a board without scores loses one')
    t.equal((await put(first, 'fresh', { windows: ['all'] })).status, 200)
    t.equal((await client.closed).code, 1012)
    t.equal((await (await watch(t, second.url, '?board=fresh&window=day')).closed).code, 1008)
  })

  await t.test('and for good when it is deleted', async (t) => {
    const client = await watch(t, second.url, '?board=other')
    const stream = await watchEvents(t, second.url, '?board=other')
    for (const one of [client, stream]) await one.until(({ event }) => event === 'snapshot')
    t.equal((await remove(first, 'other')).status, 204)
    t.equal((await client.closed).code, 4404)
    await stream.ended
    t.equal((await watchEvents(t, second.url, '?board=other')).status, 404)
    t.equal((await (await watch(t, second.url, '?board=other')).closed).code, 4404)
  })
})

test('a board is deleted while it is written to, and leaves nothing but its tombstone', async (t) => {
  const { redis, first, second } = await twoNodes(t, {
    main: {},
    gone: { windows: ['all', 'day'], segments: ['region'], quota: { increments: 100_000, per_seconds: 60 } }
  })
  const token = second.token('game', { scope: 'scores:write' })
  const load = { isOn: true, batches: 0 }
  const refused = new Set<string>()
  const write = async (writer: number) => {
    while (load.isOn) {
      const increments = Array.from(
        { length: 200 },
        (_, n) => ({ user_id: `user-${writer}-${load.batches}-${n}`, segments: { region: `r${n % 7}` } })
      )
      const { status, body } = await second.call('POST', '/v1/boards/gone/increments/batch', {
        token,
        body: { increments }
      })
      load.batches++
      // A machine that is too busy says so; it is not that the rules keep changing.
      for (const { code, detail } of status === 200 ? body.results : [body]) {
        const isBusy = (code === 'unavailable' || code === 'outcome_unknown') && !/rules/.test(detail)
        if (code !== undefined && !isBusy) refused.add(code)
      }
    }
  }
  const writers = [1, 2, 3].map(write)
  const loaded = async (batches: number) => {
    while (load.batches < batches) await once(second.server.server, 'request')
  }
  await loaded(10)
  t.ok(await redis.client.zcard('sw:{gone}:z:all') > 1000)
  t.equal((await remove(first, 'gone')).status, 204)
  await loaded(load.batches + 10)
  load.isOn = false
  await Promise.all(writers)
  t.strictSame(await redis.client.keys('sw:{gone}:*'), ['sw:{gone}:meta'])
  t.strictSame(await redis.client.hgetall('sw:{gone}:meta'), { revision: 'deleted' })
  t.strictSame([...refused], ['unknown_board'])
  t.equal((await raise(second, 'gone')).body.code, 'unknown_board')
  t.notMatch((await second.call('GET', '/metrics')).text, 'board="gone"')
  t.equal((await second.call('GET', '/v1/boards/gone/top')).status, 404)

  await t.test('it may be made again, and begins anew', async (t) => {
    t.equal((await put(first, 'gone', { operator: 'best' })).status, 201)
    t.strictSame((await first.call('GET', '/v1/boards/gone/top')).body.top_scores, [])
  })

  await t.test('a node that starts with its file later does not bring it back', async (t) => {
    t.equal((await remove(first, 'gone')).status, 204)
    const lines: string[] = []
    const late = await startNode(t, {
      redisUrl: redis.url,
      env: fileOf(t, { main: {}, gone: {} }),
      log: (line) => lines.push(line)
    })
    t.equal((await late.call('GET', '/v1/boards/gone')).status, 404)
    t.ok(lines.some((line) => line.includes('was deleted not long ago') && line.includes('"gone"')))
  })

  await t.test('the last one cannot be deleted', async (t) => {
    const { status, body } = await remove(first, 'main')
    t.strictSame([status, body.code], [409, 'board_limit'])
    t.match(body.detail, /last one/)
    t.equal((await raise(second, 'main')).status, 200)
  })
})

test('a node that starts takes the boards that are there', async (t) => {
  const redis = await startRedis(t)
  const first = await startNode(t, { redisUrl: redis.url, env: fileOf(t, { arcade: { max_increment: 5 }, zeta: {} }) })
  const lines: string[] = []
  const env = fileOf(t, { arcade: { max_increment: 6 }, zeta: {}, added: {} })
  const second = await startNode(t, { redisUrl: redis.url, env, log: (line) => lines.push(line) })
  t.equal((await second.call('GET', '/v1/boards/arcade')).body.max_increment, 5, 'rules that differ from its file stay')
  const warning = JSON.parse(lines.find((line) => line.includes('other rules than the boards file'))!)
  t.match(warning, { level: 40, boards: ['arcade'], apply: `scorewire boards apply ${env['BOARDS_FILE']}` })
  await until(async () => await first.call('GET', '/v1/boards/added'), ({ status }) => status === 200)
  const third = await startNode(t, { redisUrl: redis.url })
  t.equal(
    (await third.call('GET', '/v1/boards/main')).status,
    404,
    'without a file no board is made beside those that are there'
  )
  t.match((await third.call('POST', '/api/update-score', { token: third.token('ada'), body: {} })).body, {
    new_score: 1
  })
  t.match((await first.call('GET', '/v1/boards/arcade/users/ada')).body, { score: 1 })
})

test('a Redis that has lost everything gets the boards back, in their order, and nobody is closed', async (t) => {
  const { redis, first, second } = await twoNodes(t, { zeta: {}, alpha: {} })
  t.equal((await put(first, 'later', { max_increment: 9 })).status, 201)
  await until(async () => await second.call('GET', '/v1/boards/later'), ({ status }) => status === 200)
  const client = await watch(t, second.url, '?board=later')
  await client.until(({ event }) => event === 'snapshot')
  await redis.client.flushall()
  while (await redis.client.zcard('sw:boards:1') < 3) await redis.client.ping()
  t.equal((await raise(first, 'later', { increment: 10 })).status, 422)
  t.equal((await raise(first, 'later', { increment: 9 })).status, 200)
  await client.until(({ top_scores: rows }) => rows?.[0]?.score === 9)
  const fresh = await startNode(t, { redisUrl: redis.url })
  t.strictSame((await fresh.call('GET', '/v1/boards')).body.boards.map(({ board }: { board: string }) => board), [
    'zeta',
    'alpha',
    'later'
  ])
})

test('while Redis is away nodes go on with the boards they know', async (t) => {
  const { redis, first } = await twoNodes(t, { main: {} })
  await redis.stop()
  t.match((await first.call('GET', '/v1/boards/main')).body, { board: 'main' })
  for (
    const answer of [
      await put(first, 'main', { max_increment: 2 }),
      await put(first, 'new', {}),
      await remove(first, 'main')
    ]
  ) {
    t.strictSame([answer.status, answer.headers.get('retry-after')], [503, '1'])
  }
  await redis.start()
  await until(async () => await put(first, 'main', { max_increment: 2 }), ({ status }) => status === 200)
})
