// Tests of http, transfer, transfer: export and import.
import { test } from 'tap'
import { startNode, type TestNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'

const BOARDS = {
  main: { windows: ['all', 'day'], segments: ['region'] },
  copy: { windows: ['all', 'day'], segments: ['region'], max_score: 1000 },
  golf: { order: 'asc', operator: 'best' },
  shop: { windows: ['season'], seasons: [{ name: 'one', start: '2020-01-01T00:00:00Z', end: '2020-02-01T00:00:00Z' }] }
}
const NAME = 'Comma, "quote"\u2009 شهرزاد 👩🏽‍🚀'

test('export and import', async (t) => {
  const redis = await startRedis(t)
  const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards: BOARDS }) })}/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  const admin = node.token('root', { scope: 'admin' })
  const service = node.token('game', { scope: 'scores:write' })
  const send = async (board: string, text: string, { query = '', type = 'application/x-ndjson', token = admin } = {}) =>
    await node.call('POST', `/v1/boards/${board}/import${query}`, {
      token,
      body: text,
      headers: { 'content-type': type }
    })
  const fetchText = async (board: string, query = '', token = admin) =>
    await node.call('GET', `/v1/boards/${board}/export${query}`, { token })
  const ledger = async (board: string) => await redis.client.xlen(`sw:{${board}}:ledger`)

  const items = Array.from({ length: 600 }, (_, n) => ({
    user_id: `user-${n}`,
    action_id: `a${n}`,
    increment: 1 + n % 90,
    ...(n % 3 === 0 && { segments: { region: n % 2 === 0 ? 'eu' : 'us' } }),
    ...(n === 7 && { username: NAME })
  }))
  const { body: { results } } = await node.call('POST', '/v1/boards/main/increments/batch', {
    token: service,
    body: { increments: items }
  })
  t.ok(results.every(({ status }: { status: number }) => status === 200))

  for (const [format, type] of [['ndjson', 'application/x-ndjson'], ['csv', 'text/csv']] as const) {
    await t.test(`what is exported as ${format} is the same board when it is imported`, async (t) => {
      const exported = await fetchText('main', `?format=${format}`)
      t.equal(exported.headers.get('content-type'), `${type}; charset=utf-8`)
      t.equal(exported.headers.get('content-disposition'), `attachment; filename="main.${format}"`)
      const { status, body } = await send('copy', exported.text, { type })
      t.strictSame([status, body.set + body.same, body.rejected, body.errors], [200, 600, 0, []], JSON.stringify(body))
      const ranks = (text: string) => text.split('\n').filter(Boolean).sort()
      t.strictSame(ranks((await fetchText('copy', `?format=${format}`)).text), ranks(exported.text))
      t.strictSame(
        ranks((await fetchText('copy', `?format=${format}&segment=region:eu`)).text),
        ranks((await fetchText('main', `?format=${format}&segment=region:eu`)).text)
      )
      const before = await ledger('copy')
      t.match((await send('copy', exported.text, { type })).body, { set: 0, same: 600 }, 'again nothing changes')
      t.equal(await ledger('copy'), before)
      t.equal((await node.call('GET', '/v1/boards/copy/users/user-7')).body.username, NAME)
      t.strictSame((await fetchText('copy', '?window=day')).text, '', 'only the window that was meant is written')
    })
  }

  await t.test('scores come down too, and the top is right at once', async (t) => {
    t.match((await send('copy', '{"user_id":"user-0","score":1000}\n{"user_id":"user-1","score":0}')).body, {
      set: 2,
      window: 'all'
    })
    const { body } = await node.call('GET', '/v1/boards/copy/top?limit=1')
    t.match(body.top_scores, [{ user_id: 'user-0', score: 1000 }])
    t.match((await node.call('GET', '/v1/boards/copy/users/user-1')).body, { score: 0, rank: 600 })
    t.equal((await send('golf', '{"user_id":"a","score":70}\n{"user_id":"b","score":65}')).body.set, 2)
    t.match((await fetchText('golf')).text.split('\n')[0], '"user_id":"b"')
  })

  await t.test('a dump of the table users_scores is taken as it is', async (t) => {
    const csv =
      '\ufeffid,user_id,username,score,created_at\r\n1,ada,Ada,41,2026-01-01\r\n2,bob,,7,"2026-01-01, noon"\r\n'
    t.match((await send('copy', csv, { type: 'text/csv' })).body, { set: 2, rejected: 0 })
    t.match((await node.call('GET', '/v1/boards/copy/users/ada')).body, { username: 'Ada', score: 41 })
  })

  await t.test('what is no row is told with its line, and stops none of the others', async (t) => {
    const lines = [
      '{"user_id":"good-1","score":5}',
      'nonsense',
      '{"user_id":"x"}',
      '{"user_id":"x","score":1.5}',
      '{"user_id":"x","score":1001}',
      '{"user_id":"x","score":1,"segments":{"hat":"red"}}',
      '{"user_id":"x","score":1,"hat":2}',
      `{"user_id":"${'x'.repeat(20_000)}","score":1}`,
      '{"user_id":"good-2","score":5}'
    ]
    const { body } = await send('copy', lines.join('\n'))
    t.strictSame([body.set, body.rejected, body.errors.map(({ line }: { line: number }) => line)], [2, 7, [
      2,
      3,
      4,
      5,
      6,
      7,
      8
    ]])
    t.match((await send('copy', 'user_id,score\na,b\n"open', { type: 'text/csv' })).body, {
      rejected: 2,
      errors: [{ line: 2 }, { message: /^is not CSV: Quote Not Closed/ }]
    })
    t.match(
      (await send('copy', `user_id,score\ngood-3,1\nb"c,2\n${'x'.repeat(20_000)},2\ngood-4,3\n`, { type: 'text/csv' }))
        .body,
      { set: 3, rejected: 1, errors: [{ line: 4 }] }
    )
    t.match((await send('copy', 'name,points\na,1\n', { type: 'text/csv' })).body, {
      rejected: 1,
      errors: [{ message: 'must have the columns user_id and score' }]
    })
    t.equal((await send('copy', 'user_id,score\n'.padEnd(100, ' '), { type: 'text/csv' })).status, 200)
    const many = (await send('copy', 'x\n'.repeat(1000))).body
    t.strictSame([many.rejected, many.errors.length], [1000, 20])
  })

  await t.test('what has no name of its own has none in an export, however long its id', async (t) => {
    const id = 'u'.repeat(100)
    t.equal((await send('golf', JSON.stringify({ user_id: id, score: 5 }))).status, 200)
    const exported = (await fetchText('golf')).text
    t.match(exported, `{"rank":1,"user_id":"${id}","score":5}`)
    t.match((await send('golf', exported)).body, { set: 0, same: 3, rejected: 0 })
    t.match((await send('golf', JSON.stringify({ user_id: 'a', username: '\u0958'.repeat(64), score: 5 }))).body, {
      rejected: 1,
      errors: [{ message: /^\/username must be 1 to 64 characters in NFC/ }]
    })
    t.match((await send('golf', JSON.stringify({ user_id: 'a', username: '\u200b', score: 5 }))).body, { rejected: 1 })
  })

  await t.test('what is refused', async (t) => {
    const row = '{"user_id":"a","score":1}'
    const refused = async (answer: ReturnType<TestNode['call']>, status: number, code: string) => {
      const { status: got, body } = await answer
      t.strictSame([got, body.code], [status, code], code)
    }
    for (const token of [service, node.token('ada')]) {
      await refused(send('main', row, { token }), 403, 'forbidden_scope')
      await refused(fetchText('main', '', token), 403, 'forbidden_scope')
    }
    await refused(node.call('GET', '/v1/boards/main/export'), 401, 'missing_token')
    await refused(
      node.call('POST', '/v1/boards/main/import', { token: admin, body: { user_id: 'a', score: 1 } }),
      415,
      'unsupported_media_type'
    )
    await refused(node.call('POST', '/v1/boards/main/import', { token: admin }), 400, 'invalid_request')
    await refused(send('main', row, { query: '?window=week' }), 400, 'invalid_request')
    await refused(send('main', row, { query: '?window=day:2020-01-01' }), 400, 'invalid_request')
    await refused(send('shop', row, { query: '?window=season:one' }), 409, 'season_closed')
    await refused(send('none', row), 404, 'unknown_board')
    await refused(fetchText('main', '?format=xml'), 400, 'invalid_request')
    await refused(fetchText('main', '?segment=clan:x'), 400, 'invalid_request')
    await refused(send('copy', `${row}\n`.repeat(330_000)), 413, 'payload_too_large')
  })

  await t.test('while the store is away', async (t) => {
    await redis.stop()
    t.equal((await send('main', '{"user_id":"a","score":1}')).status, 503)
    await t.rejects(
      fetchText('main').then(({ status }) => {
        if (status !== 200) throw new Error(String(status))
      }),
      'no part passes for the whole'
    )
  })
})
