// Tests of http, ranking, lookup: lookup.
import { test } from 'tap'
import { parseBoards } from '../../../src/leaderboard/boards/board.ts'
import { HEAD_SIZE } from '../../../src/leaderboard/boards/rules.ts'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { increment, openTestStore } from '../../harness/servers/store.ts'

test('lookup', async (t) => {
  const redis = await startRedis(t)
  const content = { boards: { main: { windows: ['all', 'day'] }, closed: { visibility: 'authenticated' } } }
  const file = `${t.testdir({ 'boards.json': JSON.stringify(content) })}/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  const store = await openTestStore(t, redis.url)
  const parsed = parseBoards(content)
  if ('problems' in parsed) throw new Error(parsed.problems.join())
  const main = parsed.boards.get('main')
  const lookup = async (body: object, board = 'main', token?: string) =>
    await node.call('POST', `/v1/boards/${board}/lookup`, { body, token })

  // More users than the head has, with ties at its edge.
  const users = Array.from({ length: 3 * HEAD_SIZE }, (_, n) => `${n % 2 === 0 ? 'u' : 'ü'}${n}`)
  await Promise.all(
    users.map(async (user, n) =>
      await store.applyIncrement(main, increment(user, 1 + n % 5, { username: `Player ${n}` }))
    )
  )

  await t.test("users are found in the board's order, with the ranks that single reads give", async (t) => {
    const asked = users.filter((_, n) => n % 3 !== 0)
    const { status, body } = await lookup({ user_ids: [...asked, 'nobody', 'no one'].sort() })
    t.equal(status, 200)
    t.strictSame([body.board, body.window, body.not_found], ['main', 'all', ['no one', 'nobody']])
    const order = []
    for (let query = '', cursor: string | null = ''; cursor !== null; query = `?cursor=${cursor}`) {
      const page = (await node.call('GET', `/v1/boards/main/entries${query}`)).body
      order.push(...page.entries)
      cursor = page.next_cursor
    }
    const expected = order.filter((entry) => asked.includes(entry.user_id))
    t.strictSame(body.users.map(({ group_rank: _, ...entry }: { group_rank: number }) => entry), expected)
    t.strictSame(
      body.users.map(({ group_rank: rank }: { group_rank: number }) => rank),
      expected.map(({ score }) => 1 + expected.filter((other) => other.score > score).length)
    )
    for (const { user_id: user, rank, username, score } of body.users.slice(0, 20)) {
      t.match((await node.call('GET', `/v1/boards/main/users/${encodeURIComponent(user)}`)).body, {
        rank,
        username,
        score
      })
    }
  })

  await t.test('a user named twice is answered once', async (t) => {
    const { body } = await lookup({ user_ids: ['u0', 'nobody', 'u0', 'nobody'], window: 'day' })
    t.strictSame([body.window, body.users.length, body.users[0].group_rank, body.not_found], ['day', 1, 1, ['nobody']])
  })

  await t.test('500 of the longest ids there can be fit in, however they are written', async (t) => {
    const ids = Array.from({ length: 500 }, (_, n) => '🦊'.repeat(125) + String(n).padStart(3, '0'))
    t.equal((await lookup({ user_ids: ids })).body.not_found.length, 500)
    const escaped = JSON.stringify({ user_ids: ids, window: 'all' }).replaceAll('🦊', '\\ud83e\\udd8a')
    const { status, body } = await node.call('POST', '/v1/boards/main/lookup', { body: escaped })
    t.strictSame([status, body.not_found], [200, ids])
  })

  await t.test('a board for those with a token wants one', async (t) => {
    t.equal((await lookup({ user_ids: ['u0'] }, 'closed')).body.code, 'missing_token')
    t.strictSame((await lookup({ user_ids: ['u0'] }, 'closed', node.token('ada'))).body.not_found, ['u0'])
  })
})
