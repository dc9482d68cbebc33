// Tests of ledger, reconcile: reconcile.
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { reconcile } from '../../src/cli/commands/reconcile.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { boardDigest, difference } from '../harness/models/board-digest.ts'
import { perform } from '../harness/clients/command.ts'
import { know } from '../harness/servers/know.ts'
import { archived, startTestArchiver } from '../harness/servers/ledger.ts'
import { startNode } from '../harness/servers/node.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'
import { watch } from '../harness/clients/watcher.ts'
import { eventually } from '../harness/eventually.ts'

const origin = { ip: '192.0.2.1', requestId: 'test' }

test('reconcile', async (t) => {
  const redis = await startRedis(t)
  const { url, database } = await startPostgres(t)
  const store = await openTestStore(t, redis.url)
  const cli = { REDIS_URL: redis.url, DATABASE_URL: url }
  const act = (userId: string) => ({ ...origin, userId, actionId: `ban-${userId}`, actor: 'mod', reason: 'bots' })

  for (const order of ['desc', 'asc'] as const) {
    await t.test(`finds each kind of drift and repairs it, on a board that ranks ${order}`, async (t) => {
      const board = freshBoard({ windows: ['all', 'day'], segments: ['region'], order })
      const { name } = board
      const sign = order === 'asc' ? -1 : 1
      await know(database, board)
      await store.boards.apply(board, { ifRevision: undefined, isCorrupting: false, anew: false })
      startTestArchiver(t, { redis, database, boards: () => [name] })
      for (const [n, user] of ['ada', 'bob', 'cid', 'dot', 'eve', 'fay', 'gus'].entries()) {
        await store.applyIncrement(board, {
          ...increment(user, 5 + n, { username: `Name of ${user}` }),
          segments: ['region:eu']
        })
      }
      await store.moderation.ban(board, act('eve'), { reason: 'bots', shadow: true, actor: 'mod' })
      await store.moderation.ban(board, act('fay'), { reason: 'bots', actor: 'mod' })
      await archived(redis, name)
      const before = await boardDigest(redis.client, name)
      const run = async (...words: string[]) => await perform(reconcile, ['--board', name, '--json', ...words], cli)
      t.match(await run(), { code: 0, out: '' })
      const keys = boardKeys(name)
      const day = (await redis.client.keys(keys.scores('day:*'))).find((key) => !key.includes('region'))!.slice(
        keys.scores('').length
      )

      const { client } = redis
      const plants: [string, () => Promise<unknown>, object][] = [
        ['another score', () => client.zadd(keys.scores('all'), 100 * sign, 'ada'), {
          user_id: 'ada',
          what: 'score',
          window: 'all',
          segment: null,
          redis: 100,
          ledger: 5
        }],
        ['another score in a segment', () => client.zadd(keys.scores(day, 'region:eu'), 1 * sign, 'bob'), {
          user_id: 'bob',
          what: 'score',
          window: day,
          segment: 'region:eu',
          redis: 1,
          ledger: 6
        }],
        ['a user who is not there', () => client.zrem(keys.scores('all'), 'cid'), {
          user_id: 'cid',
          what: 'score',
          window: 'all',
          segment: null,
          redis: null,
          ledger: 7
        }],
        ['a user whom nobody knows', () => client.zadd(keys.scores(day), 3 * sign, 'zoe'), {
          user_id: 'zoe',
          what: 'score',
          window: day,
          segment: null,
          redis: 3,
          ledger: null
        }],
        ['a user in a foreign segment', () => client.zadd(keys.scores('all', 'region:us'), 8 * sign, 'dot'), {
          user_id: 'dot',
          what: 'score',
          window: 'all',
          segment: 'region:us',
          redis: 8,
          ledger: null
        }],
        ['other segments', () => client.hset(keys.currentSegments, 'dot', 'region:mars'), {
          user_id: 'dot',
          what: 'segments',
          window: null,
          redis: 'region:mars',
          ledger: 'region:eu'
        }],
        ['another name', () => client.hset(keys.names, 'ada', 'Nobody'), {
          user_id: 'ada',
          what: 'name',
          redis: 'Nobody',
          ledger: 'Name of ada'
        }],
        ['another hidden score', () => client.zadd(keys.hidden('all'), 1 * sign, 'eve'), {
          user_id: 'eve',
          what: 'hidden',
          window: 'all',
          segment: null,
          redis: 1,
          ledger: 9
        }],
        ['no ban', () => client.hdel(keys.banned, 'fay'), { user_id: 'fay', what: 'ban', redis: null }],
        ['a ban that nobody gave', () => client.hset(keys.banned, 'gus', '{"reason":"x","actor":"y","since_ms":1}'), {
          user_id: 'gus',
          what: 'ban',
          ledger: null
        }]
      ]
      for (const [what, plant, drift] of plants) {
        await plant()
        const found = await run()
        t.equal(found.code, 1, what)
        const lines = found.out.trim().split('\n').map((line) => JSON.parse(line))
        t.equal(lines.length, 1, found.out)
        t.match(lines[0], { board: name, repaired: false, ...drift })
        const { code, out } = await run('--apply')
        t.equal(code, 0, out)
        t.match(JSON.parse(out), { ...drift, repaired: true })
        t.match(await run(), { code: 0, out: '' }, 'and then nothing')
      }
      await archived(redis, name)
      const after = await boardDigest(redis.client, name)
      for (const digest of [before, after]) {
        for (const key of Object.keys(digest)) {
          if (key.includes(':head:')) {
            digest[key] = Array.isArray(digest[key])
              ? digest[key].toSorted()
              : digest[key]
          }
        }
      }
      t.equal(difference(after, before), undefined, 'all is as it was')
      t.match(
        await database.query(
          "SELECT count(*)::integer AS n, sum(delta)::integer AS delta FROM score_events WHERE board = $1 AND kind = 'repair'",
          [name]
        ),
        [{ n: plants.length, delta: 0 }],
        'the repairs are told, and count nothing'
      )
    })
  }

  await t.test('tells screens what it has repaired', async (t) => {
    const redis = await startRedis(t)
    const { url, database } = await startPostgres(t)
    const node = await startNode(t, { redisUrl: redis.url, env: { DATABASE_URL: url } })
    await eventually(async () => (await database.query('SELECT FROM board_rules')).length !== 0, 'the rules are kept')
    await node.call('POST', '/v1/boards/main/increments', { token: node.token('ada'), body: { increment: 5 } })
    const { until } = await watch(t, node.url)
    await until(({ top_scores: top }) => top?.[0]?.score === 5)
    await redis.client.zadd(boardKeys('main').scores('all'), 50, 'ada')
    await redis.client.hincrby(boardKeys('main').meta, 'version', 1)
    await until(({ top_scores: top }) => top?.[0]?.score === 50)
    const { code, out } = await perform(reconcile, ['--apply'], { REDIS_URL: redis.url, DATABASE_URL: url })
    t.equal(code, 0)
    t.match(
      out,
      /^main {2}ada {2}score in all: 50 in Redis, 5 in the ledger \(repaired\)\nmain: 1 users compared, 1 differences, 1 repaired\n$/
    )
    for (let version = 0; version === 0;) {
      const top = (await node.call('GET', '/v1/boards/main/top')).body.top_scores
      if (top[0].score === 5) version++
      else await delay(10)
    }
  })

  await t.test('finds nothing while users go on, and what is planted then', async (t) => {
    const board = freshBoard({ windows: ['all', 'day'], segments: ['region'] })
    const { name } = board
    await know(database, board)
    await store.boards.apply(board, { ifRevision: undefined, isCorrupting: false, anew: false })
    startTestArchiver(t, { redis, database, boards: () => [name] })
    const load = { isGoing: true }
    let writes = 0
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let n = 0; load.isGoing; n++) {
        const user = `user-${w}-${n % 40}`
        await store.applyIncrement(board, {
          ...increment(user, 1, { username: `${user} ${n % 3}` }),
          segments: [`region:${n % 2 === 0 ? 'eu' : 'us'}`]
        })
        if (n % 50 === 7) {
          await store.moderation.ban(board, { ...act(user), actionId: `b-${w}-${n}` }, {
            reason: 'bots',
            shadow: true,
            actor: 'mod'
          })
        }
        if (n % 50 === 30) {
          await store.moderation.unban(board, { ...act(`user-${w}-${(n - 23) % 40}`), actionId: `u-${w}-${n}` }, 'any')
        }
        writes++
        await delay(2)
      }
    })
    const run = async (...words: string[]) => await perform(reconcile, ['--board', name, ...words], cli)
    for (let n = 0; n < 4; n++) {
      const before = writes
      const { code, out, error } = await run()
      t.match(out, /nothing differs/, error)
      t.equal(code, 0)
      t.ok(writes > before + 20, `${writes - before} writes meanwhile`)
    }
    await redis.client.zincrby(boardKeys(name).scores('all'), 1000, 'user-3-1')
    t.match(await run(), { code: 1, out: / {2}user-3-1 {2}score/ })
    t.match(await run('--apply'), { code: 0, out: /repaired/ })
    load.isGoing = false
    await Promise.all(writers)
    t.match(await run(), { code: 0, out: /nothing differs/ })
  })

  await t.test('says what is missing', async (t) => {
    t.match(await perform(reconcile, [], { REDIS_URL: redis.url }), { code: 1, error: /DATABASE_URL is required/ })
    t.match(await perform(reconcile, ['--board', 'none'], cli), {
      code: 1,
      error: /The ledger knows no board called "none"/
    })
    t.match(await perform(reconcile, [], { ...cli, DATABASE_URL: 'postgres://127.0.0.1:1/none' }), {
      code: 1,
      error: /cannot be reached at 127\.0\.0\.1:1\/none/
    })
    t.match(await perform(reconcile, [], { ...cli, REDIS_URL: '/nowhere.sock' }), {
      code: 1,
      error: /Redis cannot be reached/
    })
    const empty = await startPostgres(t, { migrated: false })
    t.match(await perform(reconcile, [], { ...cli, DATABASE_URL: empty.url }), {
      code: 1,
      error: /is not up to date: run scorewire migrate/
    })
    t.equal((await perform(reconcile, ['main'], cli)).code, 2)
  })
})
