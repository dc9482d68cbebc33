// Tests of http, ranking, reads: reads.
import { test } from 'tap'
import { defaultBoards } from '../../../src/leaderboard/boards/board.ts'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'

test('reads', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const raise = async (user: string, increment: number) =>
    await node.call('POST', '/v1/boards/main/increments', { token: node.token(user), body: { increment } })

  await t.test('an empty board has a top, and its ETag', async (t) => {
    const { status, body, headers } = await node.call('GET', '/v1/boards/main/top')
    t.equal(status, 200)
    t.match(body, { board: 'main', window: 'all', epoch: '0', version: 0, generated_at: /^\d{4}-.*Z$/ })
    t.strictSame(body.top_scores, [])
    t.equal(headers.get('etag'), '"0-0"')
  })

  for (const [user, points] of [['ada', 30], ['bob', 20], ['cyd', 20], ['dan', 10]] as const) await raise(user, points)

  await t.test('equal scores share a rank, and who was there first is listed first', async (t) => {
    const { body } = await node.call('GET', '/v1/boards/main/top')
    t.strictSame(body.top_scores, [
      { rank: 1, user_id: 'ada', username: 'ada', score: 30 },
      { rank: 2, user_id: 'bob', username: 'bob', score: 20 },
      { rank: 2, user_id: 'cyd', username: 'cyd', score: 20 },
      { rank: 4, user_id: 'dan', username: 'dan', score: 10 }
    ])
    t.equal((await node.call('GET', '/v1/boards/main/top?limit=2')).body.top_scores.length, 2)
  })

  await t.test('the ETag answers 304 until the board changes', async (t) => {
    const etag = (await node.call('GET', '/v1/boards/main/top')).headers.get('etag')!
    const conditional = async (value: string) =>
      await node.call('GET', '/v1/boards/main/top', { headers: { 'if-none-match': value } })
    const same = await conditional(etag)
    t.equal(same.status, 304)
    t.equal(same.text, '')
    t.equal(same.headers.get('etag'), etag)
    t.equal((await conditional(`"other", W/${etag}`)).status, 304)
    t.equal((await conditional('*')).status, 304)
    t.equal((await conditional('"other"')).status, 200)
    await raise('dan', 1)
    const changed = await conditional(etag)
    t.equal(changed.status, 200)
    t.not(changed.headers.get('etag'), etag)
  })

  await t.test('a user has a score, a rank, a percentile and neighbours', async (t) => {
    const { body } = await node.call('GET', '/v1/boards/main/users/cyd?around=1')
    t.strictSame(body, {
      board: 'main',
      window: 'all',
      user_id: 'cyd',
      username: 'cyd',
      score: 20,
      rank: 2,
      percentile: 75,
      total: 4,
      neighbours: [{ rank: 2, user_id: 'bob', username: 'bob', score: 20 }, {
        rank: 2,
        user_id: 'cyd',
        username: 'cyd',
        score: 20
      }, { rank: 4, user_id: 'dan', username: 'dan', score: 11 }]
    })
    t.strictSame((await node.call('GET', '/v1/boards/main/users/cyd')).body.neighbours, [])
  })

  await t.test('ids with slashes and other scripts are read as they were written', async (t) => {
    for (const user of ['a/b?c', 'Łucja 🦊', '{x}']) {
      await raise(user, 1)
      t.equal((await node.call('GET', `/v1/boards/main/users/${encodeURIComponent(user)}`)).body.user_id, user)
    }
  })

  await t.test('the boards tell their rules', async (t) => {
    const board = {
      board: 'main',
      revision: defaultBoards().default.revision,
      order: 'desc',
      operator: 'increment',
      visibility: 'public',
      time_zone: 'UTC',
      week_start: 'monday',
      seasons: [],
      retention: { day: 8, week: 35, month: 400 },
      segments: [],
      head_size: 128,
      max_increment: 1000,
      max_score: Number.MAX_SAFE_INTEGER,
      quota: { increments: 600, per_seconds: 60 },
      actions: {},
      client_increments: true,
      proof: 'none',
      windows: [{ window: 'all', name: 'all', resets_at: null }]
    }
    t.strictSame((await node.call('GET', '/v1/boards')).body, { boards: [board] })
    t.strictSame((await node.call('GET', '/v1/boards/main')).body, board)
    t.equal((await node.call('GET', '/v1/boards/nope')).body.code, 'unknown_board')
  })
})

test('timed windows are read by their kind', async (t) => {
  const redis = await startRedis(t)
  const file = `${
    t.testdir({
      'boards.json': JSON.stringify({
        boards: { daily: { windows: ['day', 'month'], time_zone: 'Asia/Tokyo' }, other: {} }
      })
    })
  }/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  await node.call('POST', '/v1/boards/daily/increments', { token: node.token('ada'), body: { increment: 3 } })
  const { body } = await node.call('GET', '/v1/boards/daily/top')
  t.equal(body.window, 'day', 'the first window is the one shown')
  t.match(body.epoch, /^[0-9a-f]+-[0-9a-f]{8}\.day:\d{4}-\d\d-\d\d$/)
  t.equal((await node.call('GET', '/v1/boards/daily/top?window=month')).body.top_scores[0].score, 3)
  t.equal((await node.call('GET', '/v1/boards/daily/users/ada?window=month&around=1')).body.neighbours.length, 1)
  t.strictSame(
    (await node.call('GET', '/api/top-scores')).body.top_scores.length,
    1,
    'the contracts speak of the first board where none is called main'
  )
  const [day] = (await node.call('GET', '/v1/boards/daily')).body.windows
  t.match(day.resets_at, /T15:00:00\.000Z$/, 'midnight in Tokyo')
})
