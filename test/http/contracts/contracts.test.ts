// The five published contracts: exact paths, bodies, statuses and error shapes.
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'

test('the published contracts', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const ada = node.token('ada', { name: 'Ada' })
  const score = async (user: string) => Number(await redis.client.zscore('sw:{main}:z:all', user) ?? 0)

  await t.test('000: POST /update-score, GET /scoreboard', async (t) => {
    const update = async (body: unknown, token?: string) => await node.call('POST', '/update-score', { body, token })
    const answer = await update({ userId: 'ada', scoreIncrement: 5 }, ada)
    t.equal(answer.status, 200)
    t.strictSame(answer.body, { success: true, message: 'Score updated successfully.' })
    for (
      const [status, body, token] of [
        [401, { userId: 'ada', scoreIncrement: 5 }, undefined],
        [403, { userId: 'bob', scoreIncrement: 5 }, ada],
        [400, { userId: 'ada', scoreIncrement: '5' }, ada],
        [400, { userId: 'ada' }, ada],
        [400, { userId: 'ada', scoreIncrement: 5, x: 1 }, ada],
        [422, { userId: 'ada', scoreIncrement: 1001 }, ada],
        [400, '{', ada]
      ] as const
    ) {
      const refused = await update(body, token)
      t.equal(refused.status, status)
      t.match(refused.body, { success: false, message: String })
      t.strictSame(Object.keys(refused.body), ['success', 'message'])
    }
    t.equal(await score('ada'), 5)
    t.equal((await node.call('GET', '/scoreboard')).status, 401, 'the scoreboard needs a token')
    t.strictSame((await node.call('GET', '/scoreboard', { token: ada })).body, [{ userId: 'ada', score: 5 }])
    t.equal((await node.call('GET', '/update-score')).status, 405)
  })

  await t.test('001: POST /api/v1/score/update, GET /api/v1/scoreboard', async (t) => {
    const update = async (body: unknown, token?: string) =>
      await node.call('POST', '/api/v1/score/update', { body, token })
    const answer = await update({ user_id: 'ada', score_increase: 50 }, ada)
    t.equal(answer.status, 200)
    t.strictSame(answer.body, { message: 'Score updated successfully', status: 'success' })
    for (
      const [status, body, token] of [
        [401, { user_id: 'ada', score_increase: 50 }, undefined],
        [403, { user_id: 'bob', score_increase: 50 }, ada],
        [400, { user_id: 'ada', score_increase: -50 }, ada],
        [422, { user_id: 'ada', score_increase: 5000 }, ada]
      ] as const
    ) {
      const refused = await update(body, token)
      t.equal(refused.status, status)
      t.match(refused.body, { message: String, status: 'error' })
      t.strictSame(Object.keys(refused.body), ['message', 'status'])
    }
    t.strictSame((await node.call('GET', '/api/v1/scoreboard')).body, [{ user_id: 'ada', score: 55 }])
  })

  await t.test('002: POST /api/scores/update with the token in the body, GET /api/scores/top', async (t) => {
    const update = async (body: unknown) => await node.call('POST', '/api/scores/update', { body })
    const action = { userId: 'ada', authToken: ada, actionId: 'level-1' }
    for (const time of ['first', 'again']) {
      const answer = await update(action)
      t.equal(answer.status, 200, time)
      t.strictSame(
        answer.body,
        { success: true, message: 'Score updated successfully.', updatedScore: 56 },
        `${time}: an action counts once`
      )
    }
    for (
      const body of [
        { userId: 'ada', authToken: ada },
        { ...action, actionId: 7 },
        { ...action, authToken: 7 },
        { ...action, extra: 1 },
        '{',
        []
      ]
    ) {
      const refused = await update(body)
      t.equal(refused.status, 400)
      t.strictSame(refused.body, { success: false, error: 'Invalid action or request format.' })
    }
    for (
      const body of [{ ...action, authToken: 'nonsense' }, { userId: 'ada', actionId: 'level-2' }, {
        ...action,
        userId: 'bob'
      }]
    ) {
      const refused = await update(body)
      t.equal(refused.status, 403)
      t.strictSame(refused.body, { success: false, error: 'Unauthorized score update attempt.' })
    }
    t.equal(await score('ada'), 56)
    t.equal(await score('bob'), 0)
    t.strictSame((await node.call('GET', '/api/scores/top')).body, { topScores: [{ userId: 'ada', score: 56 }] })
  })

  await t.test('003: POST /scores/update answers the new top ten, GET /scores', async (t) => {
    const update = async (body: unknown, token: string | undefined = ada) =>
      await node.call('POST', '/scores/update', { body, token })
    for (const time of ['first', 'again']) {
      const answer = await update({ action_id: 'quest-1', increment: 4 })
      t.equal(answer.status, 200, time)
      t.strictSame(
        answer.body,
        [{ user_id: 'ada', username: 'Ada', score: 60 }],
        `${time}: a repeated action is ignored`
      )
    }
    t.strictSame((await update({ action_id: 'quest-2' })).body, [{ user_id: 'ada', username: 'Ada', score: 61 }])
    t.equal((await update({})).body.code, 'invalid_request', 'an action has a name here')
    t.equal((await update({ action_id: 'quest-3' }, 'nonsense')).status, 401)
    t.strictSame((await node.call('GET', '/scores')).body, [{ user_id: 'ada', username: 'Ada', score: 61 }])
  })

  await t.test('004: POST /api/update-score, GET /api/top-scores', async (t) => {
    const update = async (body?: unknown, token?: string, headers = {}) =>
      await node.call('POST', '/api/update-score', { body, token, headers })
    t.strictSame((await update({ increment: 9 }, ada)).body, { status: 'success', new_score: 70 })
    t.strictSame((await update({}, ada)).body, { status: 'success', new_score: 71 })
    t.strictSame((await update(undefined, ada)).body, { status: 'success', new_score: 72 })
    for (const replayed of [null, 'true']) {
      const { body, headers } = await update({}, ada, { 'idempotency-key': 'k' })
      t.equal(body.new_score, 73, 'the Idempotency-Key works here too')
      t.equal(headers.get('idempotency-replayed'), replayed)
    }
    t.equal((await node.call('GET', '/api/update-score')).status, 405)
    for (
      const [status, error, body, token] of [
        [400, 'invalid_request', { increment: 0 }, ada],
        [400, 'increment_out_of_range', { increment: 1001 }, ada],
        [400, 'invalid_request', { increment: 1, user_id: 'bob' }, ada],
        [401, 'missing_token', {}, undefined],
        [401, 'invalid_token', {}, 'nonsense']
      ] as const
    ) {
      const refused = await update(body, token)
      t.equal(refused.status, status)
      t.match(refused.body, { error, message: String })
      t.strictSame(Object.keys(refused.body), ['error', 'message'])
    }
    t.strictSame((await node.call('GET', '/api/top-scores')).body, {
      top_scores: [{ user_id: 'ada', username: 'Ada', score: 73 }]
    })
  })
})
