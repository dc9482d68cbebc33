// Tests of http, scoring, score: boards that take scores.
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'

const BOARDS = {
  golf: { order: 'asc', operator: 'best', windows: ['all', 'day'] },
  elo: { operator: 'latest', max_score: 3000 },
  strokes: { order: 'asc' },
  sealed: { operator: 'best', client_increments: false },
  main: {}
}

test('boards that take scores', async (t) => {
  const redis = await startRedis(t)
  const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards: BOARDS }) })}/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  const service = node.token('game', { scope: 'scores:write' })
  const submit = async (board: string, user: string, body: object, headers = {}) =>
    await node.call('POST', `/v1/boards/${board}/scores`, { token: node.token(user), body, headers })
  const top = async (board: string, query = '') =>
    (await node.call('GET', `/v1/boards/${board}/top${query}`)).body.top_scores
      .map(({ rank, user_id: user, score }: Record<string, unknown>) => `${rank} ${user} ${score}`)

  await t.test('the best: the lower score stays, and every action counts once', async (t) => {
    const { status, body } = await submit('golf', 'ada', { action_id: 'round-1', score: 72 })
    t.equal(status, 200)
    t.strictSame(body, { board: 'golf', user_id: 'ada', action_id: 'round-1', score: 72, new_score: 72, applied: true })
    t.match((await submit('golf', 'ada', { action_id: 'round-2', score: 80 })).body, {
      score: 80,
      new_score: 72,
      applied: true
    })
    t.match((await submit('golf', 'ada', { action_id: 'round-3', score: 68 })).body, {
      score: 68,
      new_score: 68,
      applied: true
    })
    const replay = await submit('golf', 'ada', { score: 80 }, { 'idempotency-key': 'round-2' })
    t.match(replay.body, { score: 80, new_score: 72, applied: false })
    t.equal(replay.headers.get('idempotency-replayed'), 'true')
    t.equal((await submit('golf', 'ada', { action_id: 'round-2', score: 79 })).body.code, 'action_mismatch')
    await submit('golf', 'bob', { score: 0 })
    await submit('golf', 'cyd', { score: 68 })
    t.strictSame(await top('golf'), ['1 bob 0', '2 ada 68', '2 cyd 68'])
    t.strictSame(await top('golf', '?window=day'), ['1 bob 0', '2 ada 68', '2 cyd 68'])
    t.match((await node.call('GET', '/v1/boards/golf/users/cyd?around=1')).body, {
      rank: 2,
      score: 68,
      total: 3,
      percentile: 66.67
    })
    const receipt = await node.call('GET', '/v1/boards/golf/users/ada/actions/round-3', { token: node.token('ada') })
    t.strictSame(receipt.body, {
      board: 'golf',
      user_id: 'ada',
      action_id: 'round-3',
      status: 'applied',
      score: 68,
      new_score: 68,
      applied: true
    })
  })

  await t.test('the latest: whatever comes replaces what was', async (t) => {
    for (const [user, score] of [['ada', 1500], ['bob', 1600], ['bob', 1400]] as const) {
      await submit('elo', user, { score })
    }
    t.strictSame(await top('elo'), ['1 ada 1500', '2 bob 1400'])
    const { body } = await node.call('POST', '/v1/boards/elo/scores?include=rank', {
      token: node.token('bob'),
      body: { score: 1700 }
    })
    t.match(body, { new_score: 1700, rank: 1 })
  })

  await t.test('increments where the lowest score is the first', async (t) => {
    const raise = async (user: string, increment: number) =>
      (await node.call('POST', '/v1/boards/strokes/increments', { token: node.token(user), body: { increment } })).body
        .new_score
    t.strictSame([await raise('ada', 3), await raise('bob', 2), await raise('bob', 4), await raise('cyd', 6)], [
      3,
      2,
      6,
      6
    ])
    t.strictSame(await top('strokes'), ['1 ada 3', '2 bob 6', '2 cyd 6'])
    const around = await node.call('GET', '/v1/boards/strokes/entries?score=5&around=1')
    t.strictSame(around.body.entries.map(({ user_id: user }: { user_id: string }) => user), ['ada', 'bob'])
    t.equal(
      await redis.client.zscore('sw:{strokes}:z:all', 'bob'),
      '-6',
      'stored so that the highest is the first everywhere'
    )
  })

  await t.test('a batch of scores', async (t) => {
    const { body } = await node.call('POST', '/v1/boards/elo/increments/batch', {
      token: service,
      body: {
        increments: [{ user_id: 'eve', score: 2000, action_id: 'e1' }, { user_id: 'eve', increment: 1 }, {
          user_id: 'eve',
          score: 3001
        }]
      }
    })
    t.match(body.results, [{ status: 200, score: 2000, new_score: 2000 }, { status: 400, code: 'invalid_request' }, {
      status: 422,
      code: 'score_out_of_range'
    }])
    t.notOk('increment' in body.results[0])
  })

  await t.test('what is refused', async (t) => {
    const cases: [string, object, number, string][] = [
      ['elo', { score: 3001 }, 422, 'score_out_of_range'],
      ['elo', {}, 400, 'invalid_request'],
      ['elo', { score: -1 }, 400, 'invalid_request'],
      ['elo', { score: 1.5 }, 400, 'invalid_request'],
      ['elo', { score: '5' }, 400, 'invalid_request'],
      ['elo', { score: 2 ** 53 }, 400, 'invalid_request'],
      ['elo', { score: 5, increment: 1 }, 400, 'invalid_request'],
      ['elo', { score: 5, user_id: 'bob' }, 403, 'forbidden_subject'],
      ['sealed', { score: 5 }, 403, 'forbidden_scope'],
      ['main', { score: 5 }, 400, 'invalid_request'],
      ['none', { score: 5 }, 404, 'unknown_board']
    ]
    for (const [board, body, status, code] of cases) {
      const answer = await submit(board, 'ada', body)
      t.strictSame([answer.status, answer.body.code], [status, code], `${board} ${JSON.stringify(body)}`)
    }
    t.equal(
      (await node.call('POST', '/v1/boards/elo/increments', { token: node.token('ada'), body: {} })).body.code,
      'invalid_request'
    )
    t.equal((await node.call('POST', '/v1/boards/elo/scores', { body: { score: 1 } })).status, 401)
    t.equal(
      (await node.call('POST', '/v1/boards/sealed/scores', { token: service, body: { user_id: 'ada', score: 5 } })).body
        .new_score,
      5
    )
  })
})
