// Tests of http, boards, past windows: a window is read by its name while it is kept.
import { test } from 'tap'
import { parseBoards } from '../../../src/leaderboard/boards/board.ts'
import { calendar } from '../../harness/models/calendar.ts'
import { DAY_MS, windowAt } from '../../../src/leaderboard/boards/window.ts'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { increment, openTestStore } from '../../harness/servers/store.ts'
import { watch } from '../../harness/clients/watcher.ts'

// Between these two the date is never the same: what is today in the one is yesterday or before in the other.
const [BEHIND, AHEAD] = ['Pacific/Pago_Pago', 'Pacific/Kiritimati']

test('a window is read by its name while it is kept', async (t) => {
  const redis = await startRedis(t)
  const contentIn = (zone: string) => ({ boards: { main: { windows: ['all', 'day'], time_zone: zone } } })
  const file = `${t.testdir({ 'boards.json': JSON.stringify(contentIn(AHEAD)) })}/boards.json`
  const store = await openTestStore(t, redis.url)
  const parsed = parseBoards(contentIn(BEHIND))
  if ('problems' in parsed) throw new Error(parsed.problems.join())
  const now = Date.now()
  const past = windowAt('day', calendar(BEHIND), now).name
  const today = windowAt('day', calendar(AHEAD), now).name
  await store.applyIncrement(parsed.boards.default, increment('ada', 7))
  await store.applyIncrement(parsed.boards.default, increment('bob', 9))
  // Only now the board has rules, by which those writes would be judged.
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  await node.call('POST', '/v1/boards/main/increments', { token: node.token('cyd'), body: { increment: 1 } })

  const get = async (path: string, headers = {}) => await node.call('GET', `/v1/boards/main/${path}`, { headers })
  const entries = [{ rank: 1, user_id: 'bob', username: 'bob', score: 9 }, {
    rank: 2,
    user_id: 'ada',
    username: 'ada',
    score: 7
  }]

  await t.test('top, user, entries and lookup agree on it', async (t) => {
    const { body, headers } = await get(`top?window=${past}`)
    t.strictSame([body.window, body.top_scores], [past, entries])
    t.ok(body.epoch.endsWith(`.${past}`), 'its epoch carries its name')
    t.equal((await get(`top?window=${past}`, { 'if-none-match': headers.get('etag') })).status, 304)
    t.match((await get(`users/ada?window=${past}&around=1`)).body, {
      window: past,
      rank: 2,
      total: 2,
      neighbours: entries
    })
    t.strictSame((await get(`entries?window=${past}`)).body, {
      board: 'main',
      window: past,
      total: 2,
      entries,
      next_cursor: null
    })
    const { body: found } = await node.call('POST', '/v1/boards/main/lookup', {
      body: { user_ids: ['ada', 'cyd'], window: past }
    })
    t.strictSame(found, { board: 'main', window: past, users: [{ ...entries[1], group_rank: 1 }], not_found: ['cyd'] })
  })

  await t.test('the running one has a name too, under which it is the same', async (t) => {
    const running = (await get('top?window=day')).body
    const named = (await get(`top?window=${today}`)).body
    t.strictSame(running.top_scores.map((entry: { user_id: string }) => entry.user_id), ['cyd'])
    t.strictSame([named.window, named.epoch, named.top_scores], [today, running.epoch, running.top_scores])
  })

  await t.test('one without data is an empty board, one that has not begun is refused', async (t) => {
    t.strictSame((await get('top?window=day:2001-02-03')).body.top_scores, [])
    t.match((await get('entries?window=day:2001-02-03')).body, { total: 0, entries: [], next_cursor: null })
    t.equal((await get('users/ada?window=day:2001-02-03')).body.code, 'unknown_user')
    const tomorrow = windowAt('day', calendar(AHEAD), now + DAY_MS).name
    for (const window of [tomorrow, 'day:9999-12-31', 'week:2026-W01', 'month:2026-01', 'day:2026-02-30']) {
      t.equal((await get(`top?window=${window}`)).body.code, 'invalid_request', window)
    }
    t.match((await get(`top?window=${tomorrow}`)).body.detail, 'has not begun')
    t.match((await get('top?window=week:2026-W01')).body.detail, 'has the windows all, day')
  })

  await t.test('live clients follow the running windows alone', async (t) => {
    for (const window of [past, today]) {
      t.equal((await node.call('GET', `/sse/scoreboard?window=${window}`)).status, 400)
    }
    t.match(await (await watch(t, node.url, `?window=${today}`)).closed, { code: 1008, reason: /window/ })
  })
})
