// Tests of http, scoring, batch: POST /v1/boards/{board}/increments/batch.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { raiseAll } from '../../../src/leaderboard/scoring/batch.ts'
import { defaultBoards } from '../../../src/leaderboard/boards/board.ts'
import { Problem, STATUS, type ProblemCode } from '../../../src/leaderboard/problem.ts'
import { startNode } from '../../harness/servers/node.ts'
import { everything, startRedis } from '../../harness/servers/redis.ts'

const BATCH = '/v1/boards/main/increments/batch'

interface Result {
  status: number
  code?: string
  action_id?: string
  new_score?: number
  applied?: boolean
}

test('POST /v1/boards/{board}/increments/batch', async (t) => {
  const redis = await startRedis(t)
  const boardsFile = join(t.testdir({}), 'boards.json')
  await writeFile(
    boardsFile,
    JSON.stringify({
      boards: {
        main: {
          max_increment: 10,
          actions: { win: { points: 50, limit: { max: 1, per: 'day' } } },
          quota: { increments: 2000, per_seconds: 60 }
        }
      }
    })
  )
  const nodes = await Promise.all(
    [1, 2].map(async () => await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: boardsFile } }))
  )
  const node = nodes[0]!
  const token = node.token('game', { scope: 'scores:write' })
  const send = async (increments: unknown, n = 0) =>
    await nodes[n]!.call('POST', BATCH, { token, body: { increments } })

  await t.test('each item is answered for itself, in order', async (t) => {
    const { status, body } = await send([
      { user_id: 'ada', action_id: 'a1', increment: 5 },
      { user_id: 'ada', action_id: 'a1', increment: 5 },
      { user_id: 'ada', action_id: 'a1', increment: 6 },
      { user_id: 'ada', increment: 11 },
      { user_id: 'ada', action_id: 'w1', action: 'win' },
      { user_id: 'ada', action_id: 'w2', action: 'win' },
      { user_id: 'ada', action_id: 'x1', action: 'fly' },
      { user_id: 'ada', action_id: 'g1', grant: 'no' },
      { user_id: 'bob' }
    ])
    t.equal(status, 200)
    t.strictSame(body.results.slice(0, 2), [
      { status: 200, board: 'main', user_id: 'ada', action_id: 'a1', increment: 5, new_score: 5, applied: true },
      { status: 200, board: 'main', user_id: 'ada', action_id: 'a1', increment: 5, new_score: 5, applied: false }
    ])
    t.match(body.results.slice(2), [
      { status: 422, code: 'action_mismatch', detail: String, action_id: 'a1' },
      { status: 422, code: 'increment_out_of_range', action_id: /^[0-9a-f-]{36}$/ },
      { status: 200, increment: 50, new_score: 55 },
      { status: 429, code: 'rate_limited', action_id: 'w2', retry_after: 86_400 },
      { status: 422, code: 'unknown_action' },
      { status: 422, code: 'invalid_grant', action_id: 'g1' },
      { status: 200, user_id: 'bob', action_id: /^[0-9a-f-]{36}$/, increment: 1, new_score: 1, applied: true }
    ])
    const made = body.results.at(-1).action_id
    t.equal(
      (await send([{ user_id: 'bob', action_id: made }])).body.results[0].applied,
      false,
      'a made-up action id can be sent again'
    )
  })

  await t.test('1,000 items sent to two nodes at once count once each', async (t) => {
    const increments = Array.from(
      { length: 1000 },
      (_, n) => ({ user_id: `user-${n % 100}`, action_id: `b${n}`, increment: 2 })
    )
    const answers = await Promise.all([0, 1].map(async (n) => await send(increments, n)))
    const [here, there] = answers.map(({ body }) => body.results as Result[]) as [Result[], Result[]]
    t.equal(here.length, 1000)
    t.ok(here.every(({ status, action_id: actionId }, n) => status === 200 && actionId === `b${n}`))
    t.ok(here.every(({ applied }, n) => applied !== there[n]!.applied), 'each was applied by one of them')
    t.ok(here.every(({ new_score: score }, n) => score === there[n]!.new_score))
    for (let n = 0; n < 100; n++) t.equal(await redis.client.zscore('sw:{main}:z:all', `user-${n}`), '20')
  })

  await t.test('what is malformed refuses the whole and changes no byte', async (t) => {
    const before = await everything(redis)
    const good = { user_id: 'eve', action_id: 'e1' }
    const refused = async (
      name: string,
      code: ProblemCode,
      { path, as = token, headers = {}, url = BATCH, ...options }: {
        body: unknown,
        path?: string,
        as?: string,
        headers?: Record<string, string>,
        url?: string
      }
    ) => {
      const answer = await node.call('POST', url, { token: as, headers, ...options })
      t.equal(answer.status, STATUS[code], `${name}: ${answer.status}`)
      t.equal(answer.body.code, code, name)
      if (path !== undefined) t.equal(answer.body.errors[0].path, path, name)
      t.strictSame(await everything(redis), before, `${name}: nothing has changed`)
    }
    const list = (item: object) => ({ increments: [...Array.from({ length: 17 }, () => good), item, good] })
    await refused('an increment of none', 'invalid_request', {
      body: list({ ...good, increment: 0 }),
      path: '/increments/17/increment'
    })
    await refused('an increment as text', 'invalid_request', {
      body: list({ ...good, increment: '5' }),
      path: '/increments/17/increment'
    })
    await refused('an action and its points', 'invalid_request', {
      body: list({ ...good, action: 'win', increment: 50 }),
      path: '/increments/17/increment'
    })
    await refused('an unknown field', 'invalid_request', {
      body: list({ ...good, bonus: 5 }),
      path: '/increments/17/bonus'
    })
    await refused('no user', 'invalid_request', { body: list({ action_id: 'e1' }), path: '/increments/17/user_id' })
    await refused('an item that is no object', 'invalid_request', { body: list([]), path: '/increments/17' })
    await refused('a bad action id', 'invalid_request', {
      body: list({ ...good, action_id: 'a\u0000b' }),
      path: '/increments/17/action_id'
    })
    await refused('none', 'invalid_request', { body: { increments: [] }, path: '/increments' })
    await refused('no list', 'invalid_request', { body: {}, path: '/increments' })
    await refused('no body', 'invalid_request', { body: undefined })
    await refused('1,001', 'invalid_request', {
      body: { increments: Array.from({ length: 1001 }, () => good) },
      path: '/increments'
    })
    await refused('an unknown field beside', 'invalid_request', {
      body: { increments: [good], board: 'main' },
      path: '/board'
    })
    await refused('one key for many', 'invalid_request', {
      body: { increments: [good] },
      headers: { 'idempotency-key': 'k1' },
      path: 'Idempotency-Key'
    })
    await refused('over 256 KB', 'payload_too_large', { body: { increments: [good], padding: 'x'.repeat(256 * 1024) } })
    await refused('16 KB elsewhere', 'payload_too_large', {
      body: { action_id: 'x'.repeat(17 * 1024) },
      url: '/v1/boards/main/increments'
    })
    await refused('a user', 'forbidden_scope', { body: { increments: [good] }, as: node.token('eve') })
    await refused('a user with a body past every limit', 'forbidden_scope', {
      body: 'x'.repeat(300_000),
      as: node.token('eve')
    })
    await refused('an admin', 'forbidden_scope', {
      body: { increments: [good] },
      as: node.token('eve', { scope: 'admin' })
    })
    await refused('nobody', 'invalid_token', { body: { increments: [good] }, as: 'x' })
    await refused('unknown board', 'unknown_board', {
      body: { increments: [good] },
      url: '/v1/boards/nope/increments/batch'
    })
    t.equal((await node.call('GET', BATCH)).headers.get('allow'), 'POST')
  })

  await t.test('while the store is away every item says so, and counts once when it is sent again', async (t) => {
    const increments = Array.from({ length: 100 }, (_, n) => ({ user_id: 'fay', action_id: `f${n}` }))
    await redis.stop()
    const { status, body } = await send(increments)
    t.equal(status, 200)
    t.ok((body.results as Result[]).every((result) => result.status === 503))
    t.match(body.results[0], { code: /^(unavailable|outcome_unknown)$/, retry_after: 1, action_id: 'f0' })
    await redis.start()
    for (;;) {
      const { body } = await send(increments)
      if ((body.results as Result[]).every((result) => result.status === 200)) break
    }
    t.equal(await redis.client.zscore('sw:{main}:z:all', 'fay'), '100')
  })
})

test('a batch takes its turns: 32 wait at a time, and after a failure of the store none is sent', async (t) => {
  let [waiting, most, sent] = [0, 0, 0]
  const board = defaultBoards().default
  const principal = {
    userId: 'game',
    username: undefined,
    claims: {},
    scopes: new Set(['scores:write'] as const),
    expiresMs: Infinity
  }
  const requests = Array.from({ length: 1000 }, (_, n) => ({ userId: 'ada', actionId: `a${n}` }))
  const results = await raiseAll(
    async (_board, _principal, { userId = '', actionId = '' }) => {
      most = Math.max(most, ++waiting)
      await new Promise(setImmediate)
      waiting--
      if (++sent === 200) throw new Problem('outcome_unknown', 'No answer came.')
      return { userId, actionId, increment: 1, score: sent, applied: true }
    },
    requests,
    { board, principal, origin: { ip: '192.0.2.1', requestId: 'test' } }
  )
  t.equal(most, 32)
  t.equal(sent, 224)
  const codes = results.map((result) => result instanceof Problem ? result.code : 'applied')
  t.equal(codes.filter((code) => code === 'applied').length, 223)
  t.equal(codes[199], 'outcome_unknown')
  t.ok(codes.slice(224).every((code) => code === 'unavailable'))
})
