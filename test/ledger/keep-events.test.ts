// Tests of ledger, keep events: the ledger in PostgreSQL.
import { test } from 'tap'
import type { ScoreEvent } from '../../src/leaderboard/ledger/ledger.ts'
import { keepEvents } from '../../src/ledger/keep-events.ts'
import { startPostgres } from '../harness/servers/postgres.ts'

const BORN = Date.UTC(2026, 10, 30, 23, 59, 59, 990)

function event (
  userId: string,
  {
    ms = BORN,
    seq = 0,
    actionId = `${userId}-${ms}-${seq}`,
    kind = 'increment',
    delta = 1,
    scoreAfter: score = 1,
    ...rest
  }: Partial<ScoreEvent> = {}
): ScoreEvent {
  return {
    userId,
    ms,
    seq,
    actionId,
    kind,
    delta,
    scoreAfter: score,
    actor: userId,
    ip: '192.0.2.1',
    requestId: 'r-1',
    action: null,
    reason: null,
    untilMs: null,
    season: null,
    segments: null,
    window: null,
    hidden: false,
    ...rest
  }
}

test('the ledger in PostgreSQL', async (t) => {
  const { database } = await startPostgres(t)
  const keep = async (board: string, events: ScoreEvent[]) =>
    await keepEvents(database, board, {
      events,
      nameOf: (userId) => userId.toUpperCase(),
      firstWindow: board === 'seasonal' ? 'season' : 'all'
    })
  const rows = async (board: string) =>
    await database.query(
      'SELECT user_id, action_id, delta::integer, score_after::integer FROM score_events WHERE board = $1 ORDER BY at, seq',
      [board]
    )
  const scores = async (board: string) =>
    await database.query(
      'SELECT user_id, username, score::integer FROM users_scores WHERE board = $1 ORDER BY score DESC',
      [board]
    )

  await t.test('keeps every field, and the time to the ms', async (t) => {
    await keep('whole', [event('ada', {
      seq: 7,
      actionId: 'a "quoted", {braced} \\ action',
      kind: 'adjust',
      delta: -5,
      scoreAfter: Number.MAX_SAFE_INTEGER,
      actor: 'operator',
      action: 'win',
      reason: 'oops',
      untilMs: BORN + 1,
      season: 's1',
      segments: { region: 'eu' }
    })])
    const [row] = await database.query(
      'SELECT *, (extract(epoch FROM at) * 1000)::bigint AS ms, (extract(epoch FROM until) * 1000)::bigint AS until_ms FROM score_events WHERE board = $1',
      ['whole']
    )
    t.match(row, {
      user_id: 'ada',
      action_id: 'a "quoted", {braced} \\ action',
      kind: 'adjust',
      delta: '-5',
      score_after: '9007199254740991',
      ms: String(BORN),
      seq: '7',
      actor: 'operator',
      ip: '192.0.2.1',
      request_id: 'r-1',
      source: 'stream',
      action: 'win',
      reason: 'oops',
      until_ms: String(BORN + 1),
      season: 's1',
      segments: { region: 'eu' },
      hidden: false
    })
  })

  await t.test('counts an action once, in one group, in the next one and in the next month', async (t) => {
    const first = event('ada', { actionId: 'once' })
    t.strictSame(
      await keep('once', [first, first, event('bob', { actionId: 'once' })]),
      { count: 2, repeated: [] },
      'the same event twice is no repetition'
    )
    t.strictSame(await keep('once', [first]), { count: 0, repeated: [] })
    const again = event('ada', { actionId: 'once', ms: BORN + 86_400_000, scoreAfter: 2 })
    t.strictSame(
      await keep('once', [again]),
      { count: 0, repeated: [again] },
      'the same action as another event is told'
    )
    t.equal((await rows('once')).length, 2)
    t.strictSame(await keep('elsewhere', [first]), { count: 1, repeated: [] }, 'another board is another story')
  })

  await t.test('keeps a month where an event needs one, however long ago', async (t) => {
    await keep('months', [
      event('ada', { ms: Date.UTC(1999, 0, 1) }),
      event('ada', { ms: BORN }),
      event('ada', { ms: BORN + 20 })
    ])
    const tables = await database.query<{ month: string }>(
      "SELECT tableoid::regclass::text AS month FROM score_events WHERE board = 'months' ORDER BY at"
    )
    t.strictSame(tables.map(({ month }) => month), [
      'score_events_1999_01',
      'score_events_2026_11',
      'score_events_2026_12'
    ], 'by the border in UTC')
  })

  await t.test('shows the newest score of each user, whatever order the events come in', async (t) => {
    await keep('scores', [
      event('ada', { scoreAfter: 1 }),
      event('bob', { scoreAfter: 9 }),
      event('ada', { seq: 1, scoreAfter: 3 })
    ])
    await keep('scores', [event('ada', { ms: BORN - 1, scoreAfter: 100 }), event('bob', { seq: 10, scoreAfter: 2 })])
    t.strictSame(await scores('scores'), [{ user_id: 'ada', username: 'ADA', score: 3 }, {
      user_id: 'bob',
      username: 'BOB',
      score: 2
    }])
    await keep('scores', [
      event('bob', { ms: BORN + 1, hidden: true, scoreAfter: 50 }),
      event('cid', { ms: BORN + 1, kind: 'import', scoreAfter: 4 })
    ])
    t.strictSame(
      (await scores('scores')).map(({ score }) => score),
      [4, 3, 2],
      'what does not count publicly is not shown'
    )
    await keep('scores', [
      event('cid', { ms: BORN + 1, seq: 1, kind: 'ban', scoreAfter: 4 }),
      event('cid', { ms: BORN + 1, seq: 2, hidden: true, scoreAfter: 5 })
    ])
    t.strictSame((await scores('scores')).map(({ score }) => score), [3, 2], 'nor is who is banned')
    await keep('scores', [
      event('cid', { ms: BORN + 1, seq: 3, kind: 'unban', scoreAfter: 5 }),
      event('nobody', { ms: BORN + 1, seq: 4, kind: 'unban', scoreAfter: 0 })
    ])
    t.strictSame((await scores('scores')).map(({ score }) => score), [5, 3, 2], 'until the ban is lifted')
    await keep('scores', [event('cid', { ms: BORN + 2, kind: 'delete', scoreAfter: 0 })])
    t.strictSame((await scores('scores')).map(({ score }) => score), [3, 2])
  })

  await t.test('shows the score of the season, where a late action counts in a past one', async (t) => {
    const late = event('ada', { seq: 1, season: 's1', scoreAfter: 500 })
    for (const board of ['seasonal', 'timeless']) await keep(board, [event('ada', { scoreAfter: 20 }), late])
    t.strictSame([(await scores('seasonal'))[0]!['score'], (await scores('timeless'))[0]!['score']], [20, 500])
  })

  await t.test('shows what was imported for the first window alone', async (t) => {
    const imported = (window: string, seq: number) => event('ada', { seq, kind: 'import', window, scoreAfter: seq })
    await keep('imported', [imported('all', 7), imported('day:2026-11-20', 8)])
    t.equal((await scores('imported'))[0]!['score'], 7)
  })

  await t.test('forgets an erased user, but no points, and knows the actions still', async (t) => {
    const before = [
      event('ada', { actionId: 'one', delta: 5, scoreAfter: 5 }),
      event('ada', { seq: 1, actionId: 'two', delta: 2, scoreAfter: 7 }),
      event('bob', { seq: 2, delta: 1, scoreAfter: 1 })
    ]
    const erase = event('ada', {
      ms: BORN + 5,
      actionId: 'erase',
      kind: 'erase',
      delta: 0,
      scoreAfter: 0,
      actor: 'operator'
    })
    const after = event('ada', { ms: BORN + 6, actionId: 'anew', delta: 1, scoreAfter: 1 })
    await keep('erase', [...before, erase, after])
    t.strictSame(
      await keep('erase', [...before, erase]),
      { count: 0, repeated: [] },
      'delivered again it changes nothing'
    )
    const kept = await database.query(
      'SELECT user_id, action_id, actor, ip, request_id, delta::integer FROM score_events WHERE board = $1 ORDER BY at, seq',
      ['erase']
    )
    t.equal(kept.reduce((sum, { delta }) => sum + delta, 0), 9)
    for (const row of kept.filter(({ delta }) => delta === 5 || delta === 2 || delta === 0)) {
      t.match(row, {
        user_id: /^erased:[0-9a-f-]{36}$/,
        action_id: /^erased:/,
        actor: null,
        ip: null,
        request_id: null
      })
    }
    t.notMatch(JSON.stringify(kept.slice(0, 2)), /\bada\b/)
    t.strictSame(await scores('erase'), [{ user_id: 'ada', username: 'ADA', score: 1 }, {
      user_id: 'bob',
      username: 'BOB',
      score: 1
    }], 'who comes back begins anew')
  })

  await t.test('refuses every change and deletion but that', async (t) => {
    await keep('closed', [event('ada')])
    const refused = { message: /score_events is append-only: (UPDATE|DELETE|TRUNCATE) is refused/ }
    for (
      const statement of [
        "UPDATE score_events SET delta = 100 WHERE board = 'closed'",
        "UPDATE score_events SET user_id = 'bob' WHERE board = 'closed'",
        "UPDATE score_events SET user_id = 'erased:x', action_id = 'erased:y', actor = NULL, ip = NULL, request_id = NULL, delta = 2 WHERE board = 'closed'",
        "UPDATE score_events SET user_id = 'erased:x', action_id = 'erased:y', actor = NULL, ip = NULL WHERE board = 'closed'",
        "DELETE FROM score_events WHERE board = 'closed'",
        'TRUNCATE score_events',
        'TRUNCATE score_events_2026_11'
      ]
    ) await t.rejects(database.query(statement), refused, statement)
    t.equal((await rows('closed')).length, 1)
  })
})
