// What is made anew of a board whose rules have changed, and whose users have ids that look like something else.
import { test } from 'tap'
import { rebuild } from '../../src/cli/commands/rebuild.ts'
import { reconcile } from '../../src/cli/commands/reconcile.ts'
import type { Board } from '../../src/leaderboard/boards/board.ts'
import { applyBoard } from '../../src/leaderboard/boards/apply-board.ts'
import { parseRules } from '../../src/leaderboard/boards/rules.ts'
import { keepRules } from '../../src/ledger/board-rules.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { boardDigest, difference } from '../harness/models/board-digest.ts'
import { perform } from '../harness/clients/command.ts'
import { archived, startTestArchiver } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'
import { eventually } from '../harness/eventually.ts'

const HOUR_MS = 3_600_000
const USERS = [
  'ada',
  'a:b',
  ':',
  'all:ada',
  'constructor',
  '__proto__',
  'ünï 🦊',
  '{x}',
  '*',
  'o\'brien \\ "q"',
  '1e3',
  '-1',
  'ü'.repeat(64),
  'x'.repeat(128)
]

test('rules that change in the middle, and odd ids', async (t) => {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t)
  const store = await openTestStore(t, redis.url)
  const { name } = freshBoard()
  const begun = Date.now() - HOUR_MS
  const season = {
    name: 'one',
    start: new Date(begun).toISOString(),
    end: new Date(begun + 100 * HOUR_MS).toISOString(),
    grace_seconds: 3600
  }
  const actions = (max: number) => ({ jump: { points: 3, limit: { max, per: 'day' } } })
  const quota = (increments: number, hours: number) => ({ increments, per_seconds: hours * 3600 })
  const lives = [
    { windows: ['all'], quota: quota(100, 1), actions: actions(50) },
    { windows: ['all', 'day'], quota: quota(100, 1), actions: actions(50), segments: ['region'] },
    {
      windows: ['all', 'day', 'season'],
      quota: quota(200, 2),
      actions: actions(60),
      segments: ['region', 'class'],
      seasons: [season]
    },
    {
      windows: ['season', 'all', 'day', 'week'],
      quota: quota(300, 2),
      segments: ['class', 'region'],
      seasons: [{ ...season, grace_seconds: 7200 }]
    }
  ]
  startTestArchiver(t, { redis, database, boards: () => [name] })
  const act = (userId: string, n: number) => ({
    userId,
    actionId: `act-${n}-${userId}`,
    actor: 'mod',
    reason: 'a test',
    ip: '192.0.2.1',
    requestId: 'test'
  })
  let now: Board
  for (const [n, rules] of lives.entries()) {
    const parsed = parseRules({ boards: { [name]: rules } })
    if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
    now = parsed.boards[0]!
    await applyBoard(store.boards, now, store.now())
    const stored = await store.boards.read(name)
    if (stored.state !== 'there') throw new Error(stored.state)
    now = stored.board
    t.ok(await keepRules(database, stored))
    for (const [k, user] of USERS.entries()) {
      const segments = now.segments.length > 0 && k % 3 < 2
        ? now.segments.map((segment) => `${segment}:${segment}-${(k + n) % 3}`)
        : undefined
      const jump = now.actions['jump']
      const action = jump !== undefined && k % 2 === 0 ? { name: 'jump', ...jump } : undefined
      t.match(
        await store.applyIncrement(now, {
          ...increment(user, action?.points ?? 1 + k, { action, username: `${user} ${n}`.slice(0, 60) }),
          ...(segments !== undefined && { segments })
        }),
        { result: 'applied' }
      )
      if ((k + n) % 7 === 0) {
        await store.moderation.ban(now, act(user, n), { reason: 'a test', shadow: true, actor: 'mod' })
      }
      if ((k + n) % 7 === 2) await store.moderation.unban(now, act(user, n), 'any')
    }
  }
  await archived(redis, name)
  const expected = await boardDigest(redis.client, name)
  t.equal(await redis.client.xlen(boardKeys(name).deadLetters), 0)
  const cli = { REDIS_URL: redis.url, DATABASE_URL: url }
  t.match(await perform(reconcile, ['--board', name], cli), { code: 0, out: /nothing differs/ })
  await redis.client.flushall()
  const { code, out, error } = await perform(rebuild, ['--board', name], cli)
  t.equal(code, 0, out + error)
  t.equal(difference(await boardDigest(redis.client, name), expected), undefined)
  t.match(await perform(reconcile, ['--board', name], cli), { code: 0, out: /nothing differs/ })
})

test('a window that is added while the board is written to has what came after', { timeout: 120_000 }, async (t) => {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t)
  const store = await openTestStore(t, redis.url)
  const names = Array.from({ length: 10 }, () => freshBoard().name)
  startTestArchiver(t, { redis, database, boards: () => names })
  for (const name of names) {
    const apply = async (windows: string[]) => {
      const parsed = parseRules({ boards: { [name]: { windows, quota: { increments: 1000, per_seconds: 3600 } } } })
      if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
      await applyBoard(store.boards, parsed.boards[0]!, store.now())
      const stored = await store.boards.read(name)
      if (stored.state !== 'there') throw new Error(stored.state)
      await keepRules(database, stored)
      return stored.board
    }
    let now = await apply(['all'])
    let written = 0
    const write = async (user: string) => {
      for (let n = 0; n < 40; n++) {
        const action = increment(user)
        while ((await store.applyIncrement(now, action)).result !== 'applied');
        written++
      }
    }
    const writers = USERS.map(write)
    await eventually(() => written >= 10 * USERS.length, 'the writers have written', { everyMs: 1 })
    now = await apply(['all', 'day'])
    await Promise.all(writers)
    await archived(redis, name)
  }
  t.match(await perform(reconcile, [], { REDIS_URL: redis.url, DATABASE_URL: url }), {
    code: 0,
    out: /nothing differs/
  })
})
