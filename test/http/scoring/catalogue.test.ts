// Tests of http, scoring, catalogue: actions of a catalogue.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { STATUS, type ProblemCode } from '../../../src/leaderboard/problem.ts'
import { startNode } from '../../harness/servers/node.ts'
import { everything, startRedis } from '../../harness/servers/redis.ts'

const BOARDS = {
  boards: {
    main: { actions: { level_complete: { points: 50, limit: { max: 3, per: 'day' } }, jump: { points: 1 } } },
    closed: { client_increments: false, actions: { jump: { points: 1 } } },
    proven: { proof: 'grant', actions: { jump: { points: 1 } } }
  }
}

test('actions of a catalogue', async (t) => {
  const redis = await startRedis(t)
  const boardsFile = join(t.testdir({}), 'boards.json')
  await writeFile(boardsFile, JSON.stringify(BOARDS))
  const nodes = await Promise.all(
    [1, 2].map(async () => await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: boardsFile } }))
  )
  const node = nodes[0]!
  const send = async (board: string, token: string, body: object, n = 0) =>
    await nodes[n % 2]!.call('POST', `/v1/boards/${board}/increments`, { token, body })

  await t.test('the board says the points, shows its catalogue, and the ledger names the action', async (t) => {
    const answer = await send('main', node.token('ada'), { action_id: 'a1', action: 'jump' })
    t.strictSame(answer.body, {
      board: 'main',
      user_id: 'ada',
      action_id: 'a1',
      increment: 1,
      new_score: 1,
      applied: true
    })
    t.equal((await send('main', node.token('ada'), { action_id: 'a1', action: 'jump' })).body.applied, false)
    const [[, fields]] = await redis.client.xrevrange('sw:{main}:ledger', '+', '-', 'COUNT', 1) as [[string, string[]]]
    t.strictSame(fields.slice(-2), ['action', 'jump'])
    const { body } = await node.call('GET', '/v1/boards/main')
    t.strictSame(body.actions, BOARDS.boards.main.actions)
    t.equal(body.client_increments, true)
    t.equal(body.proof, 'none')
    t.strictSame((await node.call('GET', '/v1/boards/main/users/ada/actions/a1', { token: node.token('ada') })).body, {
      board: 'main',
      user_id: 'ada',
      action_id: 'a1',
      status: 'applied',
      increment: 1,
      new_score: 1,
      applied: true
    })
  })

  await t.test('a limit is exact over two nodes, whoever sends and however many at once', async (t) => {
    const service = node.token('game', { scope: 'scores:write' })
    const answers = await Promise.all(Array.from({ length: 200 }, async (_, n) =>
      await (n % 4 === 0
        ? send('main', service, { user_id: 'bea', action: 'level_complete' }, n)
        : send('main', node.token('bea'), { action: 'level_complete' }, n))))
    t.equal(answers.filter(({ status }) => status === 200).length, 3)
    const refused = answers.filter(({ body }) => body.code === 'rate_limited')
    t.equal(refused.length, 197)
    const { headers, body } = refused[0]!
    t.equal(headers.get('ratelimit-limit'), '3')
    t.equal(headers.get('ratelimit-remaining'), '0')
    t.ok(Number(headers.get('retry-after')) > 86_000 && Number(headers.get('retry-after')) <= 86_400)
    t.equal(headers.get('ratelimit-reset'), headers.get('retry-after'))
    t.equal(body.detail, 'The board main allows each user the action level_complete 3 times per day.')
    t.equal(await redis.client.get('sw:{main}:limit:level_complete:bea'), '3')
    t.equal((await node.call('GET', '/v1/boards/main/users/bea')).body.score, 150)
  })

  await t.test('a refusal changes no byte', async (t) => {
    await send('main', node.token('ada'), { action_id: 'bare', increment: 1 })
    const before = await everything(redis)
    const refused = async (name: string, code: ProblemCode, body: object, { board = 'main', user = 'ada' } = {}) => {
      const answer = await send(board, node.token(user), body)
      t.equal(answer.status, STATUS[code], name)
      t.equal(answer.body.code, code, name)
      t.strictSame(await everything(redis), before, `${name}: nothing has changed`)
      return answer.body
    }
    t.equal(
      (await refused('points with an action', 'invalid_request', { action: 'jump', increment: 1 })).errors[0].path,
      '/increment'
    )
    t.equal(
      (await refused('a name no action can have', 'invalid_request', { action: 'Level Complete' })).errors[0].path,
      '/action'
    )
    await refused('an action that is no text', 'invalid_request', { action: ['jump'] })
    await refused('an unknown action', 'unknown_action', { action: 'fly' })
    await refused('an action of every object', 'unknown_action', { action: 'constructor' })
    await refused('the limit is spent', 'rate_limited', { action: 'level_complete' }, { user: 'bea' })
    await refused("an action's id as another action", 'action_mismatch', { action_id: 'a1', action: 'level_complete' })
    await refused("an action's id as the same points", 'action_mismatch', { action_id: 'a1', increment: 1 })
    await refused('the id of points as an action of as many', 'action_mismatch', { action_id: 'bare', action: 'jump' })
    await refused('points on a board that names them itself', 'forbidden_scope', { increment: 1 }, { board: 'closed' })
    await refused('no points on a board that names them itself', 'forbidden_scope', {}, { board: 'closed' })
    await refused('no grant where one is needed', 'grant_required', { action: 'jump' }, { board: 'proven' })
    await refused("no grant and somebody else's score", 'forbidden_subject', { user_id: 'bob' }, { board: 'proven' })
  })

  await t.test('a closed board takes its actions, and points from a service', async (t) => {
    t.equal((await send('closed', node.token('ada'), { action: 'jump' })).body.new_score, 1)
    const service = node.token('game', { scope: 'scores:write' })
    t.equal((await send('closed', service, { user_id: 'ada', increment: 4 })).body.new_score, 5)
    t.equal((await send('proven', service, { user_id: 'ada', action: 'jump' })).body.new_score, 1)
  })
})

test('a retry is a replay with the first answer although the catalogue has changed in between', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const answers = []
  for (const points of [50, 60]) {
    const { status } = await node.call('PUT', '/v1/boards/main', {
      token: node.token('root', { scope: 'admin' }),
      body: { actions: { win: { points } } }
    })
    t.equal(status, 200)
    answers.push(
      (await node.call('POST', '/v1/boards/main/increments', {
        token: node.token('ada'),
        body: { action_id: 'a1', action: 'win' }
      })).body
    )
  }
  t.strictSame(answers[1], { ...answers[0], applied: false })
})

test('the published contracts obey the rules of the default board, in their own words', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const expected = { closed: [403, 403, 403, 403, 403], proven: [422, 422, 400, 422, 400] }
  for (const [name, statuses] of Object.entries(expected)) {
    const rules = name === 'closed' ? { client_increments: false } : { proof: 'grant' }
    await node.call('PUT', '/v1/boards/main', { token: node.token('root', { scope: 'admin' }), body: rules })
    const token = node.token('ada')
    const requests: Array<[string, object]> = [
      ['/update-score', { userId: 'ada', scoreIncrement: 1 }],
      ['/api/v1/score/update', { user_id: 'ada', score_increase: 1 }],
      ['/api/scores/update', { userId: 'ada', authToken: token, actionId: 'a' }],
      ['/scores/update', { action_id: 'a' }],
      ['/api/update-score', {}]
    ]
    for (const [n, [path, body]] of requests.entries()) {
      t.equal((await node.call('POST', path, { token, body })).status, statuses[n], `${name}: ${path}`)
    }
  }
  t.strictSame((await redis.client.keys('sw:*')).sort(), ['sw:boards:1', 'sw:{main}:meta', 'sw:{main}:rules'])
})
