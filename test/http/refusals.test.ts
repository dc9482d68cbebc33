// Every refusal: its status, its code, and a board that has not changed.
import { once } from 'node:events'
import { connect } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { STATUS, type ProblemCode } from '../../src/leaderboard/problem.ts'
import { startNode, type CallOptions } from '../harness/servers/node.ts'
import { everything, startRedis } from '../harness/servers/redis.ts'

const INCREMENTS = '/v1/boards/main/increments'

test('a bad request is refused with its code and changes nothing', async (t) => {
  const redis = await startRedis(t)
  const boardsFile = join(t.testdir({}), 'boards.json')
  await writeFile(
    boardsFile,
    JSON.stringify({
      boards: {
        main: { max_increment: 10 },
        low: { max_score: 5 },
        slow: { quota: { increments: 2, per_seconds: 3600 } }
      }
    })
  )
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: boardsFile } })
  const token = node.token('ada')
  t.equal((await node.call('POST', INCREMENTS, { token, body: { action_id: 'used', increment: 3 } })).status, 200)
  for (const board of ['low', 'slow']) {
    for (let n = 0; n < 2; n++) {
      t.equal(
        (await node.call('POST', `/v1/boards/${board}/increments`, { token, body: { increment: 2 } })).status,
        200
      )
    }
  }

  const before = await everything(redis)

  const refused = async (
    name: string,
    code: ProblemCode,
    { path = INCREMENTS, method = 'POST', ...options }: CallOptions & { path?: string, method?: string }
  ) => {
    const answer = await node.call(method, path, options)
    t.equal(answer.status, STATUS[code], `${name}: status ${answer.status}`)
    t.equal(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json', name)
    t.match(answer.body, {
      code,
      status: STATUS[code],
      type: `urn:scorewire:problem:${code}`,
      title: String,
      detail: String,
      request_id: /^[0-9a-z]+-[0-9a-z]+$/
    }, name)
    t.strictSame(await everything(redis), before, `${name}: nothing has changed`)
    return answer
  }

  for (const value of ['"5"', 'true', '[7]', '1.5', '-1', '0', '9007199254740993', '1e400', '{}', 'null']) {
    const { body } = await refused(`increment ${value}`, 'invalid_request', { token, body: `{"increment":${value}}` })
    if (value !== '1e400') t.equal(body.errors[0].path, '/increment', 'the field is named')
  }
  await refused("increment past the board's", 'increment_out_of_range', { token, body: { increment: 11 } })
  await refused('unknown field', 'invalid_request', { token, body: { increment: 1, bonus: 5 } })
  await refused('__proto__', 'invalid_request', { token, body: '{"__proto__":{"increment":5}}' })
  await refused('a list for a body', 'invalid_request', { token, body: [] })
  await refused('a number for a body', 'invalid_request', { token, body: '5' })
  await refused('broken JSON', 'invalid_request', { token, body: '{"increment":' })
  await refused('an empty JSON body', 'invalid_request', {
    token,
    headers: { 'content-type': 'application/json' },
    body: ''
  })
  await refused('control characters in an id', 'invalid_request', { token, body: { action_id: 'a\u0000b' } })
  await refused('a bidirectional override in an id', 'invalid_request', { token, body: { action_id: 'a\u202eb' } })
  await refused('an id that is no UTF-8', 'invalid_request', { token, body: { action_id: 'a\ufffd' } })
  await refused('an id that is too long', 'invalid_request', { token, body: { action_id: 'x'.repeat(129) } })
  await refused('an empty id', 'invalid_request', { token, body: { action_id: '' } })
  await refused('an unknown include', 'invalid_request', { token, path: `${INCREMENTS}?include=everything` })
  await refused('an unknown query field', 'invalid_request', { token, path: `${INCREMENTS}?dry_run=1` })
  await refused('a wrong content type', 'unsupported_media_type', {
    token,
    body: '{}',
    headers: { 'content-type': 'text/plain' }
  })
  await refused('a body of 1 MB', 'payload_too_large', { token, body: { action_id: 'x'.repeat(1_000_000) } })
  await refused('no token', 'missing_token', { body: {} })
  await refused('no token and a bad body', 'missing_token', { body: { bonus: 5 } })
  await refused("somebody else's score", 'forbidden_subject', { token, body: { user_id: 'bob' } })
  await refused('an admin is not a service', 'forbidden_subject', {
    token: node.token('root', { scope: 'admin' }),
    body: { user_id: 'bob' }
  })
  await refused('unknown board', 'unknown_board', { token, path: '/v1/boards/nope/increments', body: {} })
  await refused('a name no board can have', 'invalid_request', {
    token,
    path: '/v1/boards/No%20Board/increments',
    body: {}
  })
  await refused('reused action id', 'action_mismatch', { token, body: { action_id: 'used', increment: 4 } })
  await refused('an action id of long ago', 'action_too_old', {
    token,
    body: { action_id: '01900000-0000-7000-8000-000000000000' }
  })
  await refused("score past the board's limit", 'score_out_of_range', {
    token,
    path: '/v1/boards/low/increments',
    body: { increment: 2 }
  })
  const { headers } = await refused('quota spent', 'rate_limited', {
    token,
    path: '/v1/boards/slow/increments',
    body: {}
  })
  t.ok(Number(headers.get('retry-after')) >= 1 && Number(headers.get('retry-after')) <= 3600)
  t.equal(headers.get('ratelimit-limit'), '2')
  t.equal(headers.get('ratelimit-remaining'), '0')
  t.equal(headers.get('ratelimit-reset'), headers.get('retry-after'))

  await refused('unknown path', 'not_found', { method: 'GET', path: '/v1/nothing' })
  const wrongMethod = await refused('wrong method', 'method_not_allowed', { method: 'DELETE' })
  t.equal(wrongMethod.headers.get('allow'), 'POST')
  await refused('a malformed path', 'invalid_request', { method: 'GET', path: '/v1/boards/%zz/top' })
  await refused('limit 0', 'invalid_request', { method: 'GET', path: '/v1/boards/main/top?limit=0' })
  await refused('limit 101', 'invalid_request', { method: 'GET', path: '/v1/boards/main/top?limit=101' })
  await refused('limit that is no number', 'invalid_request', { method: 'GET', path: '/v1/boards/main/top?limit=ten' })
  await refused('a window that does not exist', 'invalid_request', {
    method: 'GET',
    path: '/v1/boards/main/top?window=decade'
  })
  await refused('a window that the board does not have', 'invalid_request', {
    method: 'GET',
    path: '/v1/boards/main/top?window=day'
  })
  for (const window of ['day:2026-13-01', 'day:2026-11-20', 'all:2026', 'x'.repeat(99)]) {
    for (const path of ['top', 'users/ada', 'entries']) {
      const { body } = await refused(`${path} of the window ${window}`, 'invalid_request', {
        method: 'GET',
        path: `/v1/boards/main/${path}?window=${window}`
      })
      t.match(body.errors[0].path, /window$/)
    }
    await refused(`a lookup in the window ${window}`, 'invalid_request', {
      path: '/v1/boards/main/lookup',
      body: { user_ids: ['ada'], window }
    })
  }
  for (
    const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'rank=0',
      'rank=1.5',
      'rank=9007199254740992',
      'score=-1&around=1',
      'score=1',
      'around=1',
      'score=1&around=51',
      'score=1&around=0',
      'score=1&around=1&limit=5',
      'rank=1&score=1&around=1',
      'rank=1&around=1',
      'offset=5',
      'cursor=',
      'cursor=x',
      'cursor=e30',
      'cursor=bnVsbA',
      `cursor=${'A'.repeat(4097)}`
    ]
  ) await refused(`entries?${query}`, 'invalid_request', { method: 'GET', path: `/v1/boards/main/entries?${query}` })
  await refused('entries of an unknown board', 'unknown_board', { method: 'GET', path: '/v1/boards/nope/entries' })
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `u${n}`)
  for (
    const body of [
      undefined,
      {},
      [],
      { user_ids: [] },
      { user_ids: 'ada' },
      { user_ids: [1] },
      { user_ids: [''] },
      { user_ids: ['a\u0000'] },
      { user_ids: ids(501) },
      { user_ids: ['ada'], limit: 1 }
    ]
  ) {
    await refused(`a lookup of ${JSON.stringify(body)?.slice(0, 40)}`, 'invalid_request', {
      path: '/v1/boards/main/lookup',
      body
    })
  }
  await refused('a lookup on an unknown board', 'unknown_board', {
    path: '/v1/boards/nope/lookup',
    body: { user_ids: ['ada'] }
  })
  await refused('a lookup of 1 MB', 'payload_too_large', {
    path: '/v1/boards/main/lookup',
    body: { user_ids: ['x'.repeat(1_000_000)] }
  })
  t.equal(
    (await refused('a lookup by GET', 'method_not_allowed', { method: 'GET', path: '/v1/boards/main/lookup' })).headers
      .get('allow'),
    'POST'
  )
  await refused('an unknown user', 'unknown_user', { method: 'GET', path: '/v1/boards/main/users/nobody' })
  await refused('around too far', 'invalid_request', { method: 'GET', path: '/v1/boards/main/users/ada?around=51' })
})

test('what is not HTTP gets an answer too', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const say = async (text: string): Promise<string> =>
    await new Promise((resolve, reject) => {
      let answer = ''
      const socket = connect(Number(new URL(node.url).port), '127.0.0.1', () => socket.end(text))
      socket.on('data', (data) => {
        answer += data
      }).on('end', () => resolve(answer)).on('error', reject)
    })
  const nonsense = await say('HELLO\r\n\r\n')
  t.match(nonsense, /^HTTP\/1\.1 400 /)
  t.match(nonsense, /application\/problem\+json/)
  t.match(await say(`GET / HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  t.match(
    await say('TRACE /v1/boards HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
    /^HTTP\/1\.1 405 [^]*allow: GET, HEAD/i
  )
})

test('a connection that never sends a request does not hold the end of a node', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
  await once(socket, 'connect')
  const gone = once(socket, 'close')
  await node.close()
  await gone
  t.pass('the node has ended, and the connection with it')
})
