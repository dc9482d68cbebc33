// Tests of http, boards, segments: segments.
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { watch } from '../../harness/clients/watcher.ts'

const BOARDS = { main: { windows: ['all', 'day'], segments: ['region', 'clan'] }, plain: {} }

test('segments', async (t) => {
  const redis = await startRedis(t)
  const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards: BOARDS }) })}/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  const service = node.token('game', { scope: 'scores:write' })
  const raise = async (user: string, increment: number, claims: object = {}) =>
    await node.call('POST', '/v1/boards/main/increments', { token: node.token(user, claims), body: { increment } })
  const top = async (segment: string, window = 'all') =>
    (await node.call('GET', `/v1/boards/main/top?window=${window}&segment=${encodeURIComponent(segment)}`)).body
      .top_scores
      ?.map(({ rank, user_id: user, score }: Record<string, unknown>) => `${rank} ${user} ${score}`)

  await t.test('come with the claims of the token, and every read takes them', async (t) => {
    await raise('ada', 5, { region: 'eu', clan: 'Die Ärzte', shoe: 'large' })
    await raise('bob', 7, { region: 'us' })
    await raise('cyd', 9, { region: 'eu' })
    t.strictSame(await top('region:eu'), ['1 cyd 9', '2 ada 5'])
    t.strictSame(await top('region:us', 'day'), ['1 bob 7'])
    t.strictSame(await top('clan:Die Ärzte'), ['1 ada 5'])
    t.strictSame(await top('region:nowhere'), [])
    t.match((await node.call('GET', '/v1/boards/main/users/ada?segment=region:eu&around=1')).body, {
      segment: 'region:eu',
      rank: 2,
      total: 2
    })
    t.equal((await node.call('GET', '/v1/boards/main/users/bob?segment=region:eu')).body.code, 'unknown_user')
    t.match((await node.call('GET', '/v1/boards/main/entries?segment=region:eu&limit=1')).body, {
      total: 2,
      entries: [{ user_id: 'cyd' }]
    })
    const { body } = await node.call('POST', '/v1/boards/main/lookup', {
      body: { user_ids: ['ada', 'bob'], segment: 'region:eu' }
    })
    t.match(body, { users: [{ user_id: 'ada', rank: 2, group_rank: 1 }], not_found: ['bob'] })
  })

  await t.test('without them a write goes where the user is', async (t) => {
    await raise('ada', 1)
    t.strictSame([await top('region:eu'), await top('clan:Die Ärzte')], [['1 cyd 9', '2 ada 6'], ['1 ada 6']])
  })

  await t.test('who moves is in one only, with the whole score', async (t) => {
    const answer = await node.call('POST', '/v1/boards/main/increments', {
      token: service,
      body: { user_id: 'ada', increment: 10, segments: { region: 'us' }, username: 'Ada Lovelace' }
    })
    t.equal(answer.body.new_score, 16)
    for (const window of ['all', 'day']) {
      t.strictSame([await top('region:eu', window), await top('region:us', window)], [['1 cyd 9'], [
        '1 ada 16',
        '2 bob 7'
      ]])
    }
    t.strictSame(await top('clan:Die Ärzte'), ['1 ada 16'], 'the other segment stays')
    t.equal((await node.call('GET', '/v1/boards/main/users/ada')).body.username, 'Ada Lovelace')
  })

  await t.test('a cursor of one segment is none of another', async (t) => {
    await raise('dan', 1, { region: 'us' })
    const { body } = await node.call('GET', '/v1/boards/main/entries?segment=region:us&limit=2')
    t.equal(
      (await node.call('GET', `/v1/boards/main/entries?segment=region:us&cursor=${body.next_cursor}`)).body.entries[0]
        .user_id,
      'dan'
    )
    t.equal(
      (await node.call('GET', `/v1/boards/main/entries?segment=region:eu&cursor=${body.next_cursor}`)).body.code,
      'invalid_request'
    )
    t.equal((await node.call('GET', `/v1/boards/main/entries?cursor=${body.next_cursor}`)).body.code, 'invalid_request')
  })

  await t.test('are watched', async (t) => {
    const client = await watch(t, node.url, '?segment=region:eu')
    t.match(await client.until(({ event }) => event === 'snapshot'), {
      board: 'main',
      window: 'all',
      segment: 'region:eu',
      top_scores: [{ user_id: 'cyd' }]
    })
    await raise('bob', 100)
    await raise('cyd', 1)
    await client.until(({ top_scores: rows }) => rows[0]?.score === 10)
    t.strictSame(client.messages.map(({ event }) => event), ['snapshot', 'update'], 'and others do not disturb')
  })

  await t.test('what is refused', async (t) => {
    for (
      const path of [
        'top?segment=shoe:large',
        'top?segment=region',
        'top?segment=region:',
        'users/ada?segment=:eu',
        'entries?segment=a%00:b'
      ]
    ) {
      t.equal((await node.call('GET', `/v1/boards/main/${path}`)).body.code, 'invalid_request', path)
    }
    t.equal((await node.call('GET', '/v1/boards/plain/top?segment=region:eu')).body.code, 'invalid_request')
    const write = async (token: string, body: object) =>
      (await node.call('POST', '/v1/boards/main/increments', { token, body })).body
    t.equal((await write(node.token('ada'), { segments: { region: 'eu' } })).code, 'forbidden_scope')
    t.equal((await write(node.token('ada'), { username: 'Root' })).code, 'forbidden_scope')
    for (const username of ['   ', '\u200b', '\u0958'.repeat(64)]) {
      t.match(await write(service, { user_id: 'ada', username }), {
        code: 'invalid_request',
        errors: [{ path: '/username' }]
      })
    }
    t.match(await write(service, { user_id: 'ada', segments: { shoe: 'large' } }), {
      code: 'invalid_request',
      errors: [{ path: '/segments/shoe' }]
    })
    for (const segments of [{ region: '' }, { region: 5 }, { region: 'x'.repeat(65) }, { region: 'a\nb' }, ['eu']]) {
      t.equal((await write(service, { user_id: 'ada', segments })).code, 'invalid_request', JSON.stringify(segments))
    }
  })
})
