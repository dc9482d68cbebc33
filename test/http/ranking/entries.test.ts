// Tests of http, ranking, entries: entries.
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'

test('entries', async (t) => {
  const redis = await startRedis(t)
  const boards = { main: { windows: ['all', 'day'] }, other: {}, closed: { visibility: 'authenticated' } }
  const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards }) })}/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  const read = async (query: string, board = 'main') =>
    (await node.call('GET', `/v1/boards/${board}/entries${query}`)).body
  const usersOf = (body: { entries: { user_id: string }[] }) => body.entries.map(({ user_id: user }) => user)

  await t.test('an empty board is an empty page', async (t) => {
    t.strictSame(await read(''), { board: 'main', window: 'all', total: 0, entries: [], next_cursor: null })
    t.strictSame((await read('?rank=5')).entries, [])
    t.strictSame((await read('?score=5&around=2')).entries, [])
  })

  const points = { ada: 30, bob: 20, cyd: 20, dan: 10, 'Łucja 🦊': 5 }
  for (const [user, increment] of Object.entries(points)) {
    for (const board of ['main', 'other', 'closed']) {
      await node.call('POST', `/v1/boards/${board}/increments`, {
        token: node.token(user, { name: user.toUpperCase() }),
        body: { increment }
      })
    }
  }

  await t.test('a page looks like the top, and the last one has no cursor', async (t) => {
    const whole = await read('')
    t.strictSame(whole.entries, (await node.call('GET', '/v1/boards/main/top?limit=100')).body.top_scores)
    t.strictSame([whole.total, whole.next_cursor], [5, null])
    t.strictSame(whole.entries[2], { rank: 2, user_id: 'cyd', username: 'CYD', score: 20 })
    t.equal((await read('?limit=5')).next_cursor, null, 'a full page may be the last one')
  })

  await t.test('cursors lead through the board', async (t) => {
    const seen = []
    let query = '?limit=2'
    for (let pages = 1; ; pages++) {
      const body = await read(query)
      seen.push(...usersOf(body))
      if (body.next_cursor === null) {
        t.equal(pages, 3)
        break
      }
      t.match(body.next_cursor, /^[A-Za-z0-9_-]+$/)
      query = `?limit=2&cursor=${body.next_cursor}`
    }
    t.strictSame(seen, Object.keys(points))
  })

  await t.test('a page begins at a place, or around a score', async (t) => {
    t.strictSame(usersOf(await read('?rank=2&limit=2')), ['bob', 'cyd'])
    t.strictSame(usersOf(await read('?rank=3&limit=2')), ['cyd', 'dan'], 'a place, where equals share a rank')
    t.strictSame(usersOf(await read('?rank=5')), ['Łucja 🦊'])
    for (const rank of [6, 1000, Number.MAX_SAFE_INTEGER]) {
      t.strictSame(await read(`?rank=${rank}`), {
        board: 'main',
        window: 'all',
        total: 5,
        entries: [],
        next_cursor: null
      })
    }
    t.strictSame(usersOf(await read('?score=15&around=1')), ['cyd', 'dan'])
    t.strictSame(usersOf(await read('?score=20&around=1')), ['ada', 'bob'])
    t.strictSame(usersOf(await read(`?score=${Number.MAX_SAFE_INTEGER}&around=2`)), ['ada', 'bob'], 'nobody passes it')
    t.strictSame(
      usersOf(await read('?score=25&around=3')),
      ['ada', 'bob', 'cyd', 'dan'],
      'as many below, however few there are above'
    )
    t.strictSame(usersOf(await read('?score=0&around=2')), ['dan', 'Łucja 🦊'])
    const { next_cursor: cursor } = await read('?score=15&around=1')
    t.strictSame(usersOf(await read(`?cursor=${cursor}`)), ['Łucja 🦊'], 'and the walk goes on from there')
  })

  await t.test('a cursor is good for its own board and window alone', async (t) => {
    const { next_cursor: cursor } = await read('?limit=2')
    const { next_cursor: ofToday } = await read('?limit=2&window=day')
    const today = (await node.call('GET', '/v1/boards/main')).body.windows[1].name
    t.strictSame(
      usersOf(await read(`?window=${today}&cursor=${ofToday}`)),
      ['cyd', 'dan', 'Łucja 🦊'],
      'the running window has its name'
    )
    const content = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const changed = (place: number, value: unknown) =>
      Buffer.from(JSON.stringify(content.with(place, value))).toString('base64url')
    const wrong = [
      ['other', `?cursor=${cursor}`],
      ['main', `?window=day&cursor=${cursor}`],
      ['main', `?cursor=${ofToday}`],
      ['main', `?window=day:2026-01-01&cursor=${ofToday}`],
      ['main', `?cursor=${cursor.slice(0, -3)}`],
      ['main', `?cursor=${cursor}.`],
      ['main', `?cursor=${changed(2, -1)}`],
      ['main', `?cursor=${changed(2, '20')}`],
      ['main', `?cursor=${changed(3, '')}`],
      ['main', `?cursor=${changed(4, ['x'])}`],
      ['main', `?cursor=${changed(4, Array(129).fill('x'.repeat(11)))}`],
      ['main', `?cursor=${cursor}&rank=1`],
      ['main', `?cursor=${cursor}&score=1&around=1`]
    ] as const
    for (const [board, query] of wrong) t.equal((await read(query, board)).code, 'invalid_request', `${board} ${query}`)
    t.equal((await read(`?cursor=${changed(3, 'nobody')}`)).entries.length, 3, 'nobody has to be there any more')
  })

  await t.test('a board for those with a token wants one', async (t) => {
    t.equal((await read('', 'closed')).code, 'missing_token')
    const { body } = await node.call('GET', '/v1/boards/closed/entries', { token: node.token('ada') })
    t.equal(body.total, 5)
  })

  await t.test('while the store is away there is no page', async (t) => {
    await redis.stop()
    const { status, body } = await node.call('GET', '/v1/boards/main/entries')
    await redis.start()
    t.strictSame([status, body.code], [503, 'unavailable'])
  })
})
