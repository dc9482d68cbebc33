// Tests of http, boards, season: a season has a start, an end, a grace and an archive.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { parseBoards, type Board } from '../../../src/leaderboard/boards/board.ts'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { increment, openTestStore } from '../../harness/servers/store.ts'

const HOUR_S = 3600
const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()
const season = (name: string, fromS: number, untilS: number, graceS = 0) => ({
  name,
  start: at(fromS),
  end: at(untilS),
  grace_seconds: graceS
})

function boardsFile (t: Test, boards: object): string {
  return `${t.testdir({ 'boards.json': JSON.stringify({ boards }) })}/boards.json`
}

/** A board as it was before its season ended: what is written to it now counts for that season. */
function boardOf (name: string, rules: object): Board {
  const parsed = parseBoards({ boards: { [name]: rules } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards.default
}

test('a season has a start, an end, a grace and an archive', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const windows = ['season', 'all']
  const ended = boardOf('ended', { windows, seasons: [season('one', -HOUR_S, HOUR_S)] })
  const users = Array.from({ length: 2500 }, (_, n) => `user-${n}`)
  await Promise.all(
    users.map(async (user, n) =>
      await store.applyIncrement(ended, increment(user, 1 + n % 400, { username: `Name of ${user}` }))
    )
  )
  await store.applyIncrement(ended, increment('ada', 5, { actionId: 'last' }))
  const over = season('one', -HOUR_S, -60, 30)
  const node = await startNode(t, {
    redisUrl: redis.url,
    env: {
      BOARDS_FILE: boardsFile(t, {
        ended: { windows, seasons: [over] },
        grace: { windows, seasons: [season('one', -HOUR_S, -60, HOUR_S)] },
        next: { windows, seasons: [season('one', -HOUR_S, -60, HOUR_S), season('two', -60, HOUR_S)] },
        ahead: { windows, seasons: [season('one', HOUR_S, 2 * HOUR_S)] },
        main: {}
      })
    }
  })
  const raise = async (board: string, body: object = {}, user = 'ada') =>
    await node.call('POST', `/v1/boards/${board}/increments`, { token: node.token(user), body })
  const scoreIn = async (board: string, window: string) =>
    (await node.call('GET', `/v1/boards/${board}/users/ada?window=${window}`)).body.score

  await t.test('after its grace a write gets 409 and creates no key', async (t) => {
    const keys = async () =>
      (await redis.client.keys('sw:{ended}:*')).filter((key) => !key.includes(':archive:')).sort()
    const before = await keys()
    for (const body of [{}, { season: 'one' }]) {
      const answer = await raise('ended', body)
      t.strictSame([answer.status, answer.body.code], [409, 'season_closed'])
      t.match(answer.body.detail, /^The season one of the board ended has ended/)
    }
    t.strictSame(await keys(), before)
    t.match(
      (await raise('ended', { action_id: 'last', increment: 5 })).body,
      { applied: false, new_score: 5 },
      'what counted is still known'
    )
    t.equal((await raise('ended', { action_id: 'last', increment: 6 })).body.code, 'season_closed')
  })

  await t.test('before its start likewise', async (t) => {
    const answer = await raise('ahead')
    t.strictSame([answer.status, answer.body.code], [409, 'season_closed'])
    t.match(answer.body.detail, /begins at/)
    t.strictSame((await node.call('GET', '/v1/boards/ahead/top')).body.top_scores, [])
  })

  await t.test('within its grace late actions count for it', async (t) => {
    t.equal((await raise('grace', { increment: 2 })).body.new_score, 2)
    t.equal((await raise('grace', { increment: 3, season: 'one' })).body.new_score, 5)
    t.equal(await scoreIn('grace', 'season:one'), 5)
  })

  await t.test('when the next one runs, an action that names the last one is late, all others are of the next', async (t) => {
    t.equal((await raise('next', { increment: 2 })).status, 200)
    t.equal((await raise('next', { increment: 10, season: 'one', action_id: 'late' })).status, 200)
    t.strictSame([
      await scoreIn('next', 'season:two'),
      await scoreIn('next', 'season:one'),
      await scoreIn('next', 'all')
    ], [2, 10, 12])
    t.equal(await scoreIn('next', 'season'), 2)
    t.match((await raise('next', { increment: 10, season: 'one', action_id: 'late' })).body, { applied: false })
    t.equal(
      (await raise('next', { increment: 10, action_id: 'late' })).body.code,
      'action_mismatch',
      'the season is part of what it was'
    )
    t.equal((await raise('next', { season: 'three' })).body.code, 'invalid_request')
    t.equal((await raise('main', { season: 'one' })).body.code, 'invalid_request')
  })

  await t.test('clients see when it ends', async (t) => {
    const { body } = await node.call('GET', '/v1/boards/next/top')
    t.ok(Math.abs(Date.parse(body.resets_at) - Date.now() - HOUR_S * 1000) < 60_000)
    t.notOk('resets_at' in (await node.call('GET', '/v1/boards/next/top?window=all')).body)
  })

  await t.test('its archive is made and stays byte for byte, whatever becomes of names and boards', async (t) => {
    const archive = async (headers = {}) => await node.call('GET', '/v1/boards/ended/seasons/one/archive', { headers })
    let first = await archive()
    for (; first.status === 404; first = await archive()) await delay(50)
    t.equal(first.headers.get('content-type'), 'application/x-ndjson; charset=utf-8')
    const rows = first.text.trim().split('\n').map((line) => JSON.parse(line))
    t.equal(rows.length, users.length + 1)
    const { entries } = await store.readEntries(ended, { window: 'season:one' }, { start: { place: 0 }, limit: 300 })
    t.strictSame(
      rows.slice(0, 300),
      entries.map(({ rank, userId, username, score }) => ({ rank, user_id: userId, username, score }))
    )
    t.equal(first.headers.get('etag'), `"${createHash('sha256').update(first.text).digest('base64url')}"`)
    t.equal((await archive({ 'if-none-match': first.headers.get('etag') })).status, 304)

    const top = (await node.call('GET', '/v1/boards/ended/top?window=season:one&limit=100')).text
    await redis.client.hset('sw:{ended}:user', rows[0].user_id, 'Another Name')
    t.equal((await archive()).text, first.text)
    t.equal((await node.call('GET', '/v1/boards/ended/top?window=season:one&limit=100')).text, top)
    t.strictSame(JSON.parse(top).top_scores, rows.slice(0, 100))
    await store.seasons.build(ended, over)
    t.equal((await archive()).text, first.text)
    // Whoever came second may still be at it. The runner's time-out is for work that stays.
    const kept = async () => await redis.client.keys('sw:{ended}:archive:*')
    for (let keys = await kept(); keys.length > 1; keys = await kept()) await delay(20)
    t.strictSame(await kept(), ['sw:{ended}:archive:one'], 'nothing is left of the work')
  })

  await t.test('it is made anew where the end of the season was corrected', async (t) => {
    const corrected = boardOf('ended', { windows, seasons: [season('one', -HOUR_S, -120)] })
    t.equal(await store.seasons.about(corrected, corrected.seasons[0]!), undefined)
    await store.seasons.build(corrected, corrected.seasons[0]!)
    t.match(await store.seasons.about(corrected, corrected.seasons[0]!), { entries: users.length + 1 })
  })

  await t.test('there is none of a season that is open, or that is none', async (t) => {
    for (const path of ['grace/seasons/one', 'ended/seasons/two', 'main/seasons/one']) {
      const answer = await node.call('GET', `/v1/boards/${path}/archive`)
      t.strictSame([answer.status, answer.body.code], [404, 'not_found'], path)
    }
    t.equal((await node.call('GET', '/v1/boards/none/seasons/one/archive')).body.code, 'unknown_board')
  })
})
