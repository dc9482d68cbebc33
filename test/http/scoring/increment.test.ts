// Tests of http, scoring, increment: POST /v1/boards/{board}/increments.
import { connect } from 'node:net'
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'

const INCREMENTS = '/v1/boards/main/increments'

test('POST /v1/boards/{board}/increments', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })

  await t.test('raises the score and answers with it', async (t) => {
    const answer = await node.call('POST', INCREMENTS, {
      token: node.token('ada', { name: 'Ada' }),
      body: { action_id: 'a1', increment: 5 }
    })
    t.equal(answer.status, 200)
    t.strictSame(answer.body, {
      board: 'main',
      user_id: 'ada',
      action_id: 'a1',
      increment: 5,
      new_score: 5,
      applied: true
    })
    t.equal(answer.headers.get('idempotency-replayed'), null)
  })

  await t.test('answers a replay with the same score and says so', async (t) => {
    await node.call('POST', INCREMENTS, { token: node.token('ada'), body: { increment: 2 } })
    const answer = await node.call('POST', INCREMENTS, {
      token: node.token('ada'),
      body: { action_id: 'a1', increment: 5 }
    })
    t.equal(answer.status, 200)
    t.strictSame(answer.body, {
      board: 'main',
      user_id: 'ada',
      action_id: 'a1',
      increment: 5,
      new_score: 5,
      applied: false
    })
    t.equal(answer.headers.get('idempotency-replayed'), 'true')
  })

  await t.test('needs no body at all: one point, an action of its own, and a made-up action id', async (t) => {
    const first = await node.call('POST', INCREMENTS, { token: node.token('bea') })
    const second = await node.call('POST', INCREMENTS, { token: node.token('bea'), body: {} })
    t.equal(first.body.new_score, 1)
    t.equal(second.body.new_score, 2)
    t.not(first.body.action_id, second.body.action_id)
  })

  await t.test('takes the action id from Idempotency-Key, bare or quoted', async (t) => {
    const send = async (key: string, body: object = {}) =>
      await node.call('POST', INCREMENTS, { token: node.token('cid'), body, headers: { 'idempotency-key': key } })
    t.equal((await send('k1')).body.applied, true)
    t.equal((await send('"k1"')).body.applied, false)
    t.equal((await send('k1', { action_id: 'k1' })).body.applied, false)
    t.equal((await send('k1', { action_id: 'k2' })).body.code, 'invalid_request')
    t.equal((await send('ключ'.normalize('NFKD').replace(/./g, 'é'))).body.code, 'invalid_request')
    t.equal((await send('x'.repeat(129))).status, 400)
    t.equal((await node.call('GET', '/v1/boards/main/users/cid')).body.score, 1)
  })

  await t.test('answers the rank when asked', async (t) => {
    const answer = await node.call('POST', `${INCREMENTS}?include=rank`, {
      token: node.token('dee'),
      body: { increment: 900 }
    })
    t.equal(answer.body.rank, 1)
  })

  await t.test("lets a service raise anybody's score, under the user's own name", async (t) => {
    const token = node.token('game-server', { name: 'Game Server', scope: 'scores:write' })
    const answer = await node.call('POST', INCREMENTS, {
      token,
      body: { user_id: 'eve', increment: 3, action_id: 'match-1' }
    })
    t.equal(answer.body.user_id, 'eve')
    const { body } = await node.call('GET', '/v1/boards/main/users/eve')
    t.equal(body.username, 'eve', 'the service does not lend its name')
    t.equal(body.score, 3)
  })

  await t.test('keeps a receipt for the client whose answer got lost', async (t) => {
    const path = '/v1/boards/main/users/eve/actions/match-1'
    t.strictSame((await node.call('GET', path, { token: node.token('eve') })).body, {
      board: 'main',
      user_id: 'eve',
      action_id: 'match-1',
      status: 'applied',
      increment: 3,
      new_score: 3,
      applied: true
    })
    t.equal((await node.call('GET', `${path}x`, { token: node.token('eve') })).body.code, 'unknown_action_id')
    t.equal((await node.call('GET', path, { token: node.token('ada') })).body.code, 'forbidden_subject')
    t.equal((await node.call('GET', path)).body.code, 'missing_token')
  })
})

test('clients that vanish right after their request keep nobody else from scoring', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const { port } = new URL(node.url)
  const body = '{"increment":7}'
  for (let round = 0; round < 10; round++) {
    for (let n = 0; n < 5; n++) {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `POST ${INCREMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${
            node.token('ghost')
          }\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          () => socket.resetAndDestroy()
        )
      })
      socket.on('error', () => {})
    }
    const answers = await Promise.all(
      Array.from(
        { length: 5 },
        async (_, n) =>
          await node.call('POST', INCREMENTS, { token: node.token(`honest-${n}`), body: { increment: 1 } })
      )
    )
    for (const { status } of answers) t.equal(status, 200)
  }
  // Both of one moment: what the vanished have sent may count still.
  const [[, board], [, ledger]] = await redis.client.multi().zrange('sw:{main}:z:all', '0', '-1', 'WITHSCORES').xrange(
    'sw:{main}:ledger',
    '-',
    '+'
  ).exec() as [[null, string[]], [null, [string, string[]][]]]
  const counted = board.filter((_, n) => n % 2 === 1).reduce((sum, score) => sum + Number(score), 0)
  const told = ledger.reduce((sum, [, fields]) => sum + Number(fields[fields.indexOf('delta') + 1]), 0)
  t.equal(counted, told, 'whatever counted is in the ledger')
})

test('one action sent 1,000 times at once over three nodes counts once, and says so 1,000 times', async (t) => {
  const redis = await startRedis(t)
  const nodes = await Promise.all([1, 2, 3].map(async () => await startNode(t, { redisUrl: redis.url })))
  const answers = await Promise.all(Array.from({ length: 1000 }, async (_, n) => {
    const node = nodes[n % 3]!
    return await node.call('POST', INCREMENTS, {
      token: node.token('ada'),
      body: { action_id: 'the-one', increment: 7 }
    })
  }))
  t.equal(answers.filter(({ status }) => status === 200).length, 1000)
  t.equal(answers.filter(({ body }) => body.applied).length, 1)
  t.equal(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true').length, 999)
  t.ok(answers.every(({ body }) => body.new_score === 7))
  t.equal((await nodes[0]!.call('GET', '/v1/boards/main/users/ada')).body.score, 7)
  t.equal(await redis.client.xlen('sw:{main}:ledger'), 1)
})
