// Tests of ledger, rollback: on a board that adds, each window loses what was gained in it.
import { test, type Test } from 'tap'
import { rebuild } from '../../src/cli/commands/rebuild.ts'
import { reconcile } from '../../src/cli/commands/reconcile.ts'
import { rollback } from '../../src/cli/commands/rollback.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { boardDigest, difference } from '../harness/models/board-digest.ts'
import { perform } from '../harness/clients/command.ts'
import { know } from '../harness/servers/know.ts'
import { addEntry, archived, startTestArchiver } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'

const DAY_MS = 86_400_000
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)

async function setScene (t: Test, rules: object) {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['all', 'day'], segments: ['region'], ...rules })
  const { name } = board
  await know(database, board)
  await store.boards.apply(board, { ifRevision: undefined, isCorrupting: false, anew: false })
  const nowMs = Date.now()
  // What happened in the last days, as the ledger tells it; the board is made from that.
  const kind = board.operator === 'increment' ? undefined : 'score'
  const segments = '["region:eu"]'
  const past = [[3, 10], [2, 20], [1, 40]] as const
  let score = 0
  for (const [days, amount] of past) {
    score = board.operator === 'increment' ? score + amount : amount
    await addEntry(
      redis,
      name,
      { user_id: 'ada', delta: amount, score_after: score, kind, segments },
      `${nowMs - days * DAY_MS}-0`
    )
  }
  startTestArchiver(t, { redis, database, boards: () => [name] })
  const cli = { REDIS_URL: redis.url, DATABASE_URL: url }
  t.match(await perform(rebuild, [], cli), { code: 0 })
  const keys = boardKeys(name)
  const scores = async () => {
    const windows = ['all', ...[3, 2, 1, 0].map((days) => `day:${day(nowMs - days * DAY_MS)}`)]
    return await Promise.all(windows.map(async (window) => {
      const [whole, part] = await Promise.all([
        redis.client.zscore(keys.scores(window), 'ada'),
        redis.client.zscore(keys.scores(window, 'region:eu'), 'ada')
      ])
      return whole === part ? whole && Math.abs(Number(whole)) : `${whole} and ${part}`
    }))
  }
  const since = (days: number) => new Date(nowMs - days * DAY_MS - 1000).toISOString()
  const run = async (days: number, ...more: string[]) =>
    await perform(rollback, ['--board', name, '--user', 'ada', '--since', since(days), ...more], cli)
  const isComplete = async () => {
    await archived(redis, name)
    t.match(await perform(reconcile, [], cli), { code: 0, out: /nothing differs/ })
    const before = await boardDigest(redis.client, name)
    t.match(await perform(rebuild, ['--replace'], cli), { code: 0 })
    t.equal(difference(await boardDigest(redis.client, name), before), undefined, 'and a rebuild gives the same')
  }
  return { redis, database, store, board, cli, scores, run, isComplete }
}

test('on a board that adds, each window loses what was gained in it', async (t) => {
  const { redis, database, store, board, scores, run, isComplete } = await setScene(t, {})
  await store.applyIncrement(board, { ...increment('ada', 5, { actionId: 'today' }), segments: ['region:eu'] })
  t.strictSame(await scores(), [75, 10, 20, 40, 5])
  t.match(await run(2, '--dry-run'), { code: 0, out: /dry run\. 3 events would/ })
  t.strictSame(await scores(), [75, 10, 20, 40, 5])
  const { code, out, error } = await run(2, '--reason', 'a bot')
  t.equal(code, 0, error)
  t.match(out, /^all: 75 -> 10\n(day:[\d-]+: \d+ -> none\n){3}3 events of ada on .* taken back\./)
  t.strictSame(await scores(), [10, 10, null, null, null])
  t.match(await run(2), { code: 0, out: /Nothing to take back/ }, 'a second run does nothing')
  t.strictSame(await scores(), [10, 10, null, null, null])
  t.match(await store.applyIncrement(board, increment('ada', 5, { actionId: 'today' })), {
    result: 'replayed',
    score: 75
  }, 'receipts stay')
  await store.applyIncrement(board, { ...increment('ada', 2), segments: ['region:eu'] })
  t.strictSame(await scores(), [12, 10, null, null, 2])
  await archived(redis, board.name)
  const events = await database.query(
    "SELECT kind, delta::integer, in_window, reason, actor FROM score_events WHERE board = $1 AND actor = 'scorewire rollback' ORDER BY at, seq",
    [board.name]
  )
  t.match(events, [{ kind: 'adjust', delta: -65, in_window: 'all', reason: 'a bot' }, { kind: 'delete', delta: 0 }, {
    kind: 'delete'
  }, { kind: 'delete' }])
  t.strictSame(await database.query('SELECT score::integer FROM users_scores WHERE board = $1', [board.name]), [{
    score: 12
  }])
  await isComplete()
})

test('of somebody who is banned it takes what is hidden', async (t) => {
  const { redis, store, board, scores, run, isComplete } = await setScene(t, {})
  const act = { userId: 'ada', actionId: 'ban', actor: 'mod', reason: 'bots', ip: '192.0.2.1', requestId: 'test' }
  await store.moderation.ban(board, act, { reason: 'bots', actor: 'mod' })
  t.match(await run(1), { code: 0 })
  t.strictSame(await scores(), [null, null, null, null, null])
  t.equal(await redis.client.zscore(boardKeys(board.name).hidden('all'), 'ada'), '30')
  await store.moderation.unban(board, { ...act, actionId: 'unban' }, 'any')
  t.strictSame(await scores(), [30, 10, 20, null, null])
  await isComplete()
})

for (
  const [operator, order, left] of [['best', 'desc', 20], ['best', 'asc', 10], ['latest', 'desc', 20], [
    'latest',
    'asc',
    20
  ]] as const
) {
  test(`on a board of the ${operator} score, ${order}, it is that of the scores that are left`, async (t) => {
    const { scores, run, isComplete } = await setScene(t, { operator, order })
    t.match(await run(1), { code: 0 })
    t.strictSame(await scores(), [left, 10, 20, null, null])
    t.match(await run(1), { code: 0, out: /Nothing to take back/ })
    await isComplete()
  })
}

test('says what it does not understand, or does not know', async (t) => {
  const { run, cli, board } = await setScene(t, {})
  const words = (more: Record<string, string>) =>
    Object.entries({ '--board': board.name, '--user': 'ada', '--since': '2026-01-01', ...more }).flat()
  t.equal((await perform(rollback, [], cli)).code, 2)
  t.match(await perform(rollback, words({ '--since': 'yesterday' }), cli), {
    code: 2,
    error: /--since yesterday is not a time/
  })
  t.match(await perform(rollback, words({ '--reason': 'a\nb' }), cli), { code: 2, error: /--reason/ })
  t.match(await perform(rollback, words({ '--user': 'nobody' }), cli), { code: 1, error: /knows no user "nobody"/ })
  t.match(await perform(rollback, words({ '--board': 'none' }), cli), {
    code: 1,
    error: /knows no board called "none"/
  })
  t.match(await run(-1), { code: 0, out: /Nothing to take back/ })
})
