// What is queued with `Prefer: respond-async`, over real nodes and a real Redis.
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { startNode, type TestNode } from '../../harness/servers/node.ts'
import { ASYNC, queue, settled } from '../../harness/servers/queue.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { eventually } from '../../harness/eventually.ts'

const INCREMENTS = '/v1/boards/main/increments'

async function boardsFile (t: Test, boards: object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-test-'))
  t.teardown(async () => await rm(directory, { recursive: true }))
  const file = join(directory, 'boards.json')
  await writeFile(file, JSON.stringify({ boards }))
  return file
}

test('an increment that is queued', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const ada = node.token('ada', { name: 'Ada' })

  await t.test('is answered at once with its receipt, which says when it counts', async (t) => {
    const { status, body, headers } = await queue(node, `${INCREMENTS}?include=rank`, {
      token: ada,
      body: { action_id: 'match 1/ä', increment: 5 }
    })
    t.equal(status, 202)
    t.strictSame(body, { board: 'main', user_id: 'ada', action_id: 'match 1/ä', status: 'queued' })
    t.equal(headers.get('preference-applied'), 'respond-async')
    t.equal(headers.get('location'), '/v1/boards/main/users/ada/actions/match%201%2F%C3%A4')
    const receipt = await settled(node, headers.get('location')!, ada)
    t.equal(receipt.status, 200)
    t.strictSame(receipt.body, {
      board: 'main',
      user_id: 'ada',
      action_id: 'match 1/ä',
      status: 'applied',
      increment: 5,
      new_score: 5,
      applied: true
    })
    t.match((await node.call('GET', '/v1/boards/main/users/ada')).body, { score: 5, username: 'Ada' })
  })

  await t.test('needs no body and no action id: one is made up', async (t) => {
    const { body, headers } = await queue(node, INCREMENTS, { token: node.token('bea') })
    t.ok(body.action_id)
    t.match((await settled(node, headers.get('location')!, node.token('bea'))).body, {
      status: 'applied',
      new_score: 1,
      action_id: body.action_id
    })
  })

  await t.test('is a replay like any other once it counts, and no other action', async (t) => {
    const again = await queue(node, INCREMENTS, { token: ada, body: { action_id: 'match 1/ä', increment: 5 } })
    t.equal(again.status, 200)
    t.match(again.body, { applied: false, new_score: 5 })
    t.equal(again.headers.get('idempotency-replayed'), 'true')
    t.equal(again.headers.get('preference-applied'), null, 'what is answered at once is not said to be queued')
    const other = await queue(node, INCREMENTS, { token: ada, body: { action_id: 'match 1/ä', increment: 6 } })
    t.equal(other.status, 422)
    t.equal(other.body.code, 'action_mismatch')
  })

  await t.test('is asked for by whatever RFC 7240 allows', async (t) => {
    const send = async (prefer: string) =>
      (await node.call('POST', INCREMENTS, { token: node.token('cid'), body: {}, headers: { prefer } })).status
    for (
      const prefer of [
        'respond-async',
        'Respond-Async',
        'respond-async, wait=10',
        'return=minimal, RESPOND-ASYNC ;x=1',
        'respond-async=""',
        'foo="a\\", b", respond-async'
      ]
    ) {
      t.equal(await send(prefer), 202, prefer)
    }
    for (
      const prefer of [
        '',
        'respond-asynchronously',
        'wait=10',
        'foo="x, respond-async"',
        'respond-async=no',
        'foo; respond-async',
        'return=respond-async',
        'foo="x, respond-async',
        'foo="\\", respond-async'
      ]
    ) {
      t.equal(await send(prefer), 200, prefer)
    }
  })

  await t.test('keeps what came with it: a service, a user of its own, where from, and a grant', async (t) => {
    const service = node.token('game-server', { scope: 'scores:write' })
    const { headers } = await queue(node, INCREMENTS, {
      token: service,
      body: { action_id: 's1', user_id: 'eve', username: 'Eve', increment: 3 }
    })
    await settled(node, headers.get('location')!, service)
    t.match((await node.call('GET', '/v1/boards/main/users/eve')).body, { score: 3, username: 'Eve' })
    const { body: { events } } = await node.call('GET', '/v1/boards/main/events?user_id=eve', {
      token: node.token('root', { scope: 'admin' })
    })
    t.match(events, [{ actor: 'game-server', ip: '127.0.0.1', action_id: 's1' }])
  })

  await t.test('is judged at once as far as that goes without the store', async (t) => {
    const cases: [string, object, string | undefined, number, string][] = [
      ['field', { increment: '5' }, ada, 400, 'invalid_request'],
      ['type', { points: 5 }, ada, 400, 'invalid_request'],
      ['size', { increment: 1_000_001 }, ada, 422, 'increment_out_of_range'],
      ['subject', { user_id: 'bob' }, ada, 403, 'forbidden_subject'],
      ['scope', { username: 'Bob' }, ada, 403, 'forbidden_scope'],
      ['catalogue', { action: 'nothing' }, ada, 422, 'unknown_action'],
      ['grant', { grant: 'x' }, ada, 422, 'invalid_grant'],
      ['season', { season: 'none' }, ada, 400, 'invalid_request'],
      ['no token', {}, undefined, 401, 'missing_token'],
      ['token', {}, 'x', 401, 'invalid_token']
    ]
    for (const [what, body, token, status, code] of cases) {
      t.match(await queue(node, INCREMENTS, { token, body }), { status, body: { code } }, what)
    }
    t.match(await queue(node, '/v1/boards/none/increments', { token: ada, body: {} }), {
      status: 404,
      body: { code: 'unknown_board' }
    })
    t.match(await queue(node, '/v1/boards/main/scores', { token: ada, body: { score: 1 } }), {
      status: 400,
      body: { code: 'invalid_request' }
    })
    t.match(
      await queue(node, INCREMENTS, { token: ada, body: { action_id: 'b' }, headers: { 'idempotency-key': 'a' } }),
      { status: 400 }
    )
    t.equal(
      (await node.call('GET', '/v1/boards/main/users/ada/actions/b', { token: ada })).body.code,
      'unknown_action_id',
      'nothing of it was queued'
    )
  })

  await t.test('leaves nothing in the queue', async (t) => {
    await eventually(
      async () => (await redis.client.keys('{sw-jobs}:scores:a*')).length === 0,
      'the queue holds no action any more'
    )
    t.equal(await redis.client.llen('{sw-jobs}:scores:active'), 0)
    t.equal(await redis.client.zcard('{sw-jobs}:scores:completed'), 0)
    const metrics = (await node.call('GET', '/metrics')).text
    for (
      const line of [
        'scorewire_queue_jobs{state="waiting"} 0',
        'scorewire_queue_jobs{state="failed"} 0',
        'scorewire_queue_workers 1',
        'scorewire_queue_oldest_seconds 0',
        'scorewire_queue_max_jobs 100000'
      ]
    ) {
      t.ok(metrics.includes(`${line}\n`), line)
    }
    t.match(metrics, /scorewire_queue_requests_total\{result="queued"\} [1-9]/)
    t.match(metrics, /scorewire_queue_tries_total\{result="applied"\} [1-9]/)
  })

  await t.test('and the document of the API says so', async (t) => {
    const { body: { paths } } = await node.call('GET', '/openapi.json')
    for (const path of [INCREMENTS, '/v1/boards/main/scores'].map((one) => one.replace('main', '{board}'))) {
      t.ok(paths[path].post.responses['202'], path)
      t.ok(
        paths[path].post.parameters.some(({ name, in: place }: { name: string, in: string }) =>
          name === 'prefer' && place === 'header'
        ),
        path
      )
    }
    t.ok(paths['/v1/boards/{board}/users/{user_id}/actions/{action_id}'].get.responses['202'])
  })
})

test('what a queued increment is refused for stands in its receipt', async (t) => {
  const redis = await startRedis(t)
  const BOARDS_FILE = await boardsFile(t, {
    main: {
      max_score: 100,
      quota: { increments: 3, per_seconds: 3600 },
      actions: { daily: { points: 1, limit: { max: 1, per: 'day' } } }
    },
    best: { operator: 'best', max_score: 1000 },
    seasons: {
      windows: ['season'],
      seasons: [{ name: 'past', start: '2020-01-01T00:00:00Z', end: '2020-02-01T00:00:00Z' }]
    }
  })
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE } })
  const service = node.token('game-server', { scope: 'scores:write' })
  const admin = node.token('root', { scope: 'admin' })
  const refusal = async (path: string, body: { action_id: string, user_id: string, [field: string]: unknown }) => {
    const { status, headers } = await queue(node, path, { token: service, body })
    t.equal(status, 202, body.action_id)
    return await settled(node, headers.get('location')!, service)
  }

  await t.test('a ban, and once it is lifted the same action counts', async (t) => {
    t.equal(
      (await node.call('PUT', '/v1/boards/main/bans/bob', { token: admin, body: { reason: 'cheats' } })).status,
      200
    )
    const { status, body } = await refusal(INCREMENTS, { action_id: 'b1', user_id: 'bob' })
    t.equal(status, 200)
    t.match(body, {
      board: 'main',
      user_id: 'bob',
      action_id: 'b1',
      status: 'refused',
      code: 'user_banned',
      type: 'urn:scorewire:problem:user_banned',
      title: 'User banned',
      detail: /is banned/,
      refused_at: /^20.+Z$/
    })
    t.equal(body.applied, undefined)
    await node.call('DELETE', '/v1/boards/main/bans/bob', { token: admin })
    t.match((await refusal(INCREMENTS, { action_id: 'b1', user_id: 'bob' })).body, { status: 'applied', new_score: 1 })
  })

  await t.test('the highest score', async (t) => {
    t.match((await refusal(INCREMENTS, { action_id: 'm1', user_id: 'max', increment: 101 })).body, {
      status: 'refused',
      code: 'score_out_of_range'
    })
  })

  await t.test('a quota and a limit that will not be over soon', async (t) => {
    for (const action of ['q1', 'q2', 'q3']) {
      t.equal((await refusal(INCREMENTS, { action_id: action, user_id: 'quick' })).body.status, 'applied')
    }
    t.match((await refusal(INCREMENTS, { action_id: 'q4', user_id: 'quick' })).body, {
      status: 'refused',
      code: 'rate_limited'
    })
    t.equal((await refusal(INCREMENTS, { action_id: 'd1', user_id: 'daily', action: 'daily' })).body.status, 'applied')
    t.match((await refusal(INCREMENTS, { action_id: 'd2', user_id: 'daily', action: 'daily' })).body, {
      status: 'refused',
      code: 'rate_limited',
      detail: /the action daily/
    })
  })

  await t.test('a time in its id that is long ago', async (t) => {
    t.match((await refusal(INCREMENTS, { action_id: '01800000-0000-7000-8000-000000000000', user_id: 'old' })).body, {
      status: 'refused',
      code: 'action_too_old'
    })
  })

  await t.test('a score is queued like an increment', async (t) => {
    t.match((await refusal('/v1/boards/best/scores', { action_id: 's1', user_id: 'ada', score: 70 })).body, {
      status: 'applied',
      score: 70,
      new_score: 70,
      increment: undefined
    })
    t.match((await refusal('/v1/boards/best/scores', { action_id: 's2', user_id: 'ada', score: 50 })).body, {
      status: 'applied',
      score: 50,
      new_score: 70
    })
    t.match(await queue(node, '/v1/boards/best/scores', { token: service, body: { score: 1001 } }), {
      status: 422,
      body: { code: 'score_out_of_range' }
    })
  })

  await t.test('a season that is closed is known at once', async (t) => {
    t.match(
      await queue(node, '/v1/boards/seasons/increments', { token: service, body: { user_id: 'ada', season: 'past' } }),
      { status: 409, body: { code: 'season_closed' } }
    )
  })

  await t.test("is nobody else's to know", async (t) => {
    const path = '/v1/boards/main/users/max/actions/m1'
    t.equal((await node.call('GET', path, { token: node.token('ada') })).body.code, 'forbidden_subject')
    t.equal((await node.call('GET', path)).body.code, 'missing_token')
    t.equal((await node.call('GET', path, { token: node.token('max') })).body.status, 'refused')
  })

  await t.test('and goes with the board', async (t) => {
    // One a day, and a day may have begun meanwhile.
    const days = (await redis.client.keys('sw:{main}:refused:*')).sort()
    t.ok(days.length >= 1)
    t.ok(Number(await redis.client.pttl(days.at(-1)!)) > 86_400_000, 'after a day at least')
  })
})

test('without a worker increments wait, the same one once, and the queue takes so many', async (t) => {
  const redis = await startRedis(t)
  const env = { ROLES: 'api', QUEUE_MAX_JOBS: '100' }
  const nodes = await Promise.all([1, 2].map(async () => await startNode(t, { redisUrl: redis.url, env })))
  const one = nodes[0]!
  const ada = one.token('ada')
  const send = async (body: object, node = one) => await queue(node, INCREMENTS, { token: ada, body })

  t.equal((await send({ action_id: 'a', increment: 5 })).status, 202)
  const receipt = await one.call('GET', '/v1/boards/main/users/ada/actions/a', { token: ada })
  t.equal(receipt.status, 202)
  t.strictSame(receipt.body, { board: 'main', user_id: 'ada', action_id: 'a', status: 'queued' })
  t.equal(receipt.headers.get('retry-after'), '1')
  for (const node of nodes) {
    t.equal((await send({ action_id: 'a', increment: 5 }, node)).status, 202, 'the same again')
    t.match(
      await send({ action_id: 'a', increment: 6 }, node),
      { status: 422, body: { code: 'action_mismatch' } },
      'with other content'
    )
  }
  t.equal(await redis.client.llen('{sw-jobs}:scores:wait'), 1)
  t.equal((await one.call('GET', '/readyz')).status, 200)
  const { text } = await one.call('GET', '/metrics')
  t.match(text, /^scorewire_queue_workers 0$/m)
  t.match(text, /^scorewire_queue_jobs\{state="waiting"\} 1$/m)

  const answers = []
  for (let n = 0; n < 8; n++) {
    answers.push(
      ...await Promise.all(
        Array.from({ length: 32 }, async (_, m) => await send({ action_id: `f-${n}-${m}` }, nodes[m % 2]))
      )
    )
  }
  const refused = answers.filter(({ status }) => status === 503)
  t.equal(answers.filter(({ status }) => status === 202).length + refused.length, answers.length)
  const waiting = await redis.client.llen('{sw-jobs}:scores:wait')
  t.ok(waiting >= 100 && waiting <= 164, `about the bound over two nodes: ${waiting}`)
  t.ok(refused.every(({ body, headers }) => body.code === 'unavailable' && headers.get('retry-after') === '5'))
  t.match((await one.call('GET', '/metrics')).text, /^scorewire_queue_requests_total\{result="full"\} [1-9]/m)
  t.equal(
    (await one.call('POST', INCREMENTS, { token: ada, body: { action_id: 'now' } })).status,
    200,
    'whoever waits for the answer gets it'
  )

  t.equal(
    (await one.call('POST', INCREMENTS, { token: ada, body: { action_id: 'a', increment: 5 } })).body.applied,
    true,
    'also to what is queued'
  )
  const worker = await startNode(t, { redisUrl: redis.url })
  t.match((await settled(worker, '/v1/boards/main/users/ada/actions/a', ada)).body, { status: 'applied', new_score: 6 })
  await eventually(
    async () => (await redis.client.keys('{sw-jobs}:scores:a*')).length === 0,
    'the queue holds no action any more'
  )
  t.equal((await one.call('GET', '/v1/boards/main/users/ada')).body.score, 6 + waiting - 1)
  t.equal((await send({ action_id: 'afterwards' })).status, 202, 'and there is room again')
})

test('one action sent 1,000 times at once over three nodes, queued or not, counts once', async (t) => {
  const redis = await startRedis(t)
  const nodes = await Promise.all([1, 2, 3].map(async () => await startNode(t, { redisUrl: redis.url })))
  const token = nodes[0]!.token('ada')
  const send = async (node: TestNode, headers: Record<string, string>) =>
    await node.call('POST', INCREMENTS, { token, body: { action_id: 'the-one', increment: 7 }, headers })
  const answers = await Promise.all(
    Array.from({ length: 1000 }, async (_, n) => await send(nodes[n % 3]!, n % 2 === 0 ? ASYNC : {}))
  )
  // How many come early enough to be queued, and how many are too many for a busy machine, is left to chance.
  t.ok(answers.every(({ status }) => status === 200 || status === 202 || status === 503))
  await eventually(async () => (await send(nodes[0]!, {})).status === 200, 'it is answered')
  t.ok(answers.filter(({ status, body }) => status === 200 && body.applied === true).length <= 1)
  t.match((await settled(nodes[0]!, '/v1/boards/main/users/ada/actions/the-one', token)).body, {
    status: 'applied',
    new_score: 7
  })
  await eventually(
    async () => (await redis.client.keys('{sw-jobs}:scores:a*')).length === 0,
    'the queue holds no action any more'
  )
  t.equal((await nodes[0]!.call('GET', '/v1/boards/main/users/ada')).body.score, 7)
  t.equal(await redis.client.xlen('sw:{main}:ledger'), 1)
})
