// What each route that changes a score, or takes one away, leaves in PostgreSQL.
import { test, type Test } from 'tap'
import { archived } from '../harness/servers/ledger.ts'
import { startNode } from '../harness/servers/node.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'

const BOARDS = {
  main: { windows: ['all', 'day'], segments: ['region'] },
  golf: { order: 'asc', operator: 'best' },
  daily: { windows: ['day', 'all'] }
}

async function setScene (t: Test) {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t, { migrated: false })
  const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards: BOARDS }) })}/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { DATABASE_URL: url, BOARDS_FILE: file } })
  const admin = node.token('mod', { scope: 'admin' })
  return {
    async raise (user: string, points: number, board = 'main') {
      const { status } = await node.call('POST', `/v1/boards/${board}/increments`, {
        token: node.token(user, { region: 'eu' }),
        body: { increment: points }
      })
      t.equal(status, 200)
    },
    async moderate (method: string, path: string, body?: unknown) {
      const type = typeof body === 'string' ? { headers: { 'content-type': 'application/x-ndjson' } } : {}
      const answer = await node.call(method, path, { token: admin, ...(body !== undefined && { body }), ...type })
      t.equal(answer.status, 200, answer.text)
      return answer.body
    },
    /** The last event of a board, and what it left of the user's score there. */
    async last (user: string, board = 'main') {
      await archived(redis, board)
      const [event] = await database.query(
        `
        SELECT user_id, kind, delta::integer, score_after::integer, actor, ip, length(request_id) > 8 AS requested, reason, extract(epoch FROM until)::bigint * 1000 AS until_ms, segments, in_window, hidden,
          abs(extract(epoch FROM now() - at)) < 600 AS just_now FROM score_events WHERE board = $1 ORDER BY at DESC, seq DESC LIMIT 1`,
        [board]
      )
      const [shown] = await database.query<{ score: number }>(
        'SELECT score::integer FROM users_scores WHERE board = $1 AND user_id = $2',
        [board, user]
      )
      return { ...event!, shown: shown?.score }
    },
    query: database.query
  }
}

const BY_MOD = { actor: 'mod', ip: '127.0.0.1', requested: true, just_now: true }
const NOTHING = { reason: null, until_ms: null, segments: null, in_window: null, hidden: false }

test('the ledger holds what each kind of act says', async (t) => {
  const { raise, moderate, last, query } = await setScene(t)

  await t.test('adjust', async (t) => {
    await raise('ada', 10)
    await moderate('POST', '/v1/boards/main/adjustments', { user_id: 'ada', increment: -4, reason: 'a bug' })
    t.strictSame(await last('ada'), {
      user_id: 'ada',
      kind: 'adjust',
      delta: -4,
      score_after: 6,
      ...BY_MOD,
      ...NOTHING,
      reason: 'a bug',
      shown: 6
    })
    await moderate('POST', '/v1/boards/golf/adjustments', { user_id: 'ada', score: 70, reason: 'a typing error' })
    t.strictSame(await last('ada', 'golf'), {
      user_id: 'ada',
      kind: 'adjust',
      delta: 70,
      score_after: 70,
      ...BY_MOD,
      ...NOTHING,
      reason: 'a typing error',
      shown: 70
    })
  })

  await t.test('ban', async (t) => {
    const until = Math.ceil(Date.now() / 1000) * 1000 + 3_600_000
    await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'bots', until: new Date(until).toISOString() })
    t.strictSame(await last('ada'), {
      user_id: 'ada',
      kind: 'ban',
      delta: 0,
      score_after: 6,
      ...BY_MOD,
      ...NOTHING,
      reason: 'bots',
      until_ms: String(until),
      segments: { region: 'eu' },
      shown: undefined
    })
    await moderate('PUT', '/v1/boards/main/bans/stranger', { reason: 'known from elsewhere' })
    t.strictSame(await last('stranger'), {
      user_id: 'stranger',
      kind: 'ban',
      delta: 0,
      score_after: 0,
      ...BY_MOD,
      ...NOTHING,
      reason: 'known from elsewhere',
      hidden: true,
      shown: undefined
    })
  })

  await t.test('unban', async (t) => {
    await moderate('DELETE', '/v1/boards/main/bans/ada', { reason: 'she was right' })
    t.strictSame(await last('ada'), {
      user_id: 'ada',
      kind: 'unban',
      delta: 0,
      score_after: 6,
      ...BY_MOD,
      ...NOTHING,
      reason: 'she was right',
      shown: 6
    })
  })

  await t.test('what a shadow ban sets hidden, and gives back', async (t) => {
    await moderate('PUT', '/v1/boards/main/bans/ada', { reason: 'bots', shadow: true })
    await raise('ada', 5)
    const origin = { actor: 'ada', ip: '127.0.0.1', requested: true, just_now: true }
    t.strictSame(await last('ada'), {
      user_id: 'ada',
      kind: 'increment',
      delta: 5,
      score_after: 11,
      ...origin,
      ...NOTHING,
      segments: { region: 'eu' },
      hidden: true,
      shown: undefined
    })
    await moderate('POST', '/v1/boards/main/adjustments', { user_id: 'ada', increment: 1, reason: 'a gift' })
    t.match(await last('ada'), { kind: 'adjust', score_after: 12, hidden: true, shown: undefined })
    await moderate('DELETE', '/v1/bans/ada')
    t.match(await last('ada'), { kind: 'unban', score_after: 12, reason: null, shown: 12 })
  })

  await t.test('import', async (t) => {
    const { window } = await moderate('POST', '/v1/boards/main/import?window=day', '{"user_id":"bob","score":41}\n')
    t.strictSame(await last('bob'), {
      user_id: 'bob',
      kind: 'import',
      delta: 41,
      score_after: 41,
      ...BY_MOD,
      ...NOTHING,
      in_window: window,
      shown: undefined
    })
    await moderate('POST', '/v1/boards/main/import', '{"user_id":"bob","score":50}\n')
    t.strictSame(await last('bob'), {
      user_id: 'bob',
      kind: 'import',
      delta: 50,
      score_after: 50,
      ...BY_MOD,
      ...NOTHING,
      in_window: 'all',
      shown: 50
    })
  })

  await t.test('delete', async (t) => {
    await moderate('DELETE', '/v1/boards/main/users/ada', { reason: 'left' })
    t.strictSame(await last('ada'), {
      user_id: 'ada',
      kind: 'delete',
      delta: 0,
      score_after: 0,
      ...BY_MOD,
      ...NOTHING,
      reason: 'left',
      segments: { region: 'eu' },
      shown: undefined
    })
    await raise('ada', 3)
    t.match(await last('ada'), { kind: 'increment', score_after: 3, shown: 3 })
  })

  await t.test('erase', async (t) => {
    t.strictSame((await moderate('DELETE', '/v1/users/ada', { reason: 'asked for it' })).boards.sort(), [
      'golf',
      'main'
    ])
    const forgotten = { actor: null, ip: null, requested: null, just_now: true }
    for (const board of ['main', 'golf']) {
      const { user_id: pseudonym, ...event } = await last('ada', board) as unknown as { user_id: string }
      t.match(pseudonym, /^erased:[0-9a-f-]{36}$/)
      t.strictSame(event, { kind: 'erase', delta: 0, score_after: 0, ...forgotten, ...NOTHING, shown: undefined })
    }
    t.strictSame(
      await query("SELECT kind FROM score_events WHERE score_events::text ~ '\\mada\\M'"),
      [],
      'and no other event knows who it was'
    )
    t.equal(
      Number(
        (await query<{ n: string }>(
          "SELECT count(*) AS n FROM score_events WHERE board = 'main' AND user_id LIKE 'erased:%'"
        ))[0]!.n
      ),
      11
    )
  })

  await t.test('of a board whose first window passes, the last score in that window', async (t) => {
    await raise('cid', 5, 'daily')
    await moderate('POST', '/v1/boards/daily/import?window=all', '{"user_id":"cid","score":900}\n')
    t.match(await last('cid', 'daily'), { kind: 'import', score_after: 900, shown: 5 })
  })
})
