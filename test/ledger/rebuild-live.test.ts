// Boards are made anew while nodes run and users go on: nothing that was acknowledged is lost, nothing counts twice.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { rebuild } from '../../src/cli/commands/rebuild.ts'
import { reconcile } from '../../src/cli/commands/reconcile.ts'
import { openDatabase } from '../../src/ledger/database.ts'
import { boardKeys, boardPattern, draftPattern } from '../../src/redis/keys.ts'
import { boardDigest, difference } from '../harness/models/board-digest.ts'
import { perform, PLAIN } from '../harness/clients/command.ts'
import { archived } from '../harness/servers/ledger.ts'
import { startNode, type TestNode } from '../harness/servers/node.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { queue, settled } from '../harness/servers/queue.ts'
import { watch } from '../harness/clients/watcher.ts'
import { seedLedger } from '../harness/models/seed-ledger.ts'
import { silent } from '../harness/servers/store.ts'
import { MAIN } from '../harness/servers/main.ts'
import { eventually } from '../harness/eventually.ts'

/** Longer than the lock of a test is held. */
const LOCKED_MS = 300_000

const BOARDS = {
  main: {
    windows: ['all', 'day'],
    segments: ['region'],
    quota: { increments: 20, per_seconds: 86_400 },
    actions: { jump: { points: 7, limit: { max: 2, per: 'day' } } }
  }
}

async function setScene (t: Test, boards: object = BOARDS) {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t, { migrated: false })
  const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards }) })}/boards.json`
  const env = { DATABASE_URL: postgres.url, BOARDS_FILE: file }
  const node = await startNode(t, { redisUrl: redis.url, env })
  const cli = { REDIS_URL: redis.url, DATABASE_URL: postgres.url }
  const known = async (name: string) => {
    await eventually(
      async () =>
        (await postgres.database.query('SELECT FROM board_rules WHERE board = $1', [name]).catch(() => [])).length !==
          0,
      'the rules are kept'
    )
  }
  for (const name of Object.keys(boards)) await known(name)
  return { redis, postgres, node, env, cli, admin: node.token('root', { scope: 'admin' }) }
}

const raise = async (node: TestNode, user: string, body: object, claims: object = {}) =>
  await node.call('POST', '/v1/boards/main/increments', {
    token: node.token(user, { name: `Name of ${user}`, region: 'eu', ...claims }),
    body
  })

test('a Redis that has lost everything', async (t) => {
  const { redis, node, env, cli, admin } = await setScene(t)
  const { messages } = await watch(t, node.url)
  const shows = async (scores: number[]) => {
    for (;;) {
      const top = messages.findLast((message) => 'top_scores' in message)?.top_scores
      if (JSON.stringify(top?.map(({ score }) => score)) === JSON.stringify(scores)) return
      await delay(10)
    }
  }

  const first = await raise(node, 'ada', { increment: 10, action_id: 'one' })
  for (let n = 0; n < 2; n++) t.equal((await raise(node, 'bob', { action: 'jump' })).status, 200)
  for (let n = 1; n < 20; n++) await raise(node, 'cid', {})
  for (const user of ['dot', 'eve']) await raise(node, user, { increment: 5 })
  await node.call('PUT', '/v1/boards/main/bans/eve', { token: admin, body: { reason: 'bots', shadow: true } })
  await node.call('PUT', '/v1/bans/fay', { token: admin, body: { reason: 'everywhere' } })
  await shows([19, 14, 10, 5])
  await archived(redis, 'main')
  const expected = await boardDigest(redis.client, 'main')
  const changed = await redis.client.hget(boardKeys('main').rules, 'revision')

  await redis.client.flushall()
  await shows([])
  t.match(await perform(rebuild, ['--board', 'other'], cli), {
    code: 1,
    error: /knows no board called "other"; it knows main/
  })
  const { code, out, error } = await perform(rebuild, [], cli)
  t.equal(code, 0, out + error)
  t.match(
    out,
    /^main: rebuilt from 2\d events in \d+\.\d s: 5 users, 24 remembered actions\n1 bans from all boards restored\n$/
  )
  t.equal(difference(await boardDigest(redis.client, 'main'), expected), undefined)
  t.equal(await redis.client.hget(boardKeys('main').rules, 'revision'), changed)
  await shows([19, 14, 10, 5])
  t.strictSame(await redis.client.keys(draftPattern('main')), [])

  await t.test('what counted is known', async (t) => {
    t.match(await raise(node, 'ada', { increment: 10, action_id: 'one' }), {
      status: 200,
      body: { new_score: first.body.new_score, applied: false }
    })
    t.match(await raise(node, 'ada', { increment: 11, action_id: 'one' }), {
      status: 422,
      body: { code: 'action_mismatch' }
    })
    t.match(await raise(node, 'ada', { increment: 1, action_id: 'two' }), { status: 200, body: { new_score: 11 } })
  })
  await t.test('so are quotas and limits', async (t) => {
    t.match(await raise(node, 'bob', { action: 'jump' }), { status: 429 })
    t.match(await raise(node, 'cid', {}), { status: 200, body: { new_score: 20 } })
    t.match(await raise(node, 'cid', {}), { status: 429 })
  })
  await t.test("and bans, the board's and those from all boards", async (t) => {
    t.match((await node.call('GET', '/v1/boards/main/bans/eve', { token: admin })).body, {
      reason: 'bots',
      shadow: true
    })
    t.match((await node.call('GET', '/v1/bans', { token: admin })).body, {
      bans: [{ user_id: 'fay', reason: 'everywhere' }]
    })
  })
  await t.test('a board with scores is not replaced without a word', async (t) => {
    const before = await boardDigest(redis.client, 'main')
    const { code, out } = await perform(rebuild, [], cli)
    t.equal(code, 1)
    t.match(out, /main: not rebuilt: it has scores in Redis\. .* --replace/)
    t.equal(difference(await boardDigest(redis.client, 'main'), before), undefined)
    await archived(redis, 'main')
    t.match(await perform(rebuild, ['--replace'], cli), { code: 0 })
    t.equal(difference(await boardDigest(redis.client, 'main'), before), undefined)
  })
  await t.test('a node that starts on an empty Redis makes the boards that the ledger knows, not those of its file', async (t) => {
    await node.close()
    await redis.client.flushall()
    const { BOARDS_FILE: _, ...plain } = env
    const other = await startNode(t, { redisUrl: redis.url, env: plain })
    t.strictSame(
      (await other.call('GET', '/v1/boards')).body.boards.map((
        { name, windows }: any
      ) => [name, windows.map((window: any) => window.name ?? window)]).length,
      1
    )
    t.equal(await redis.client.hget(boardKeys('main').rules, 'revision'), changed)
  })
})

/** Users who send an action until it has counted, and remember how each call ended. */
function keepScoring (node: TestNode, users: readonly string[]) {
  const applied = new Map<string, number>()
  const ends = new Map<string, number>()
  const load = { isGoing: true }
  const writers = users.map(async (user) => {
    const token = node.token(user)
    for (let n = 0; load.isGoing; n++) {
      for (let isCounted = false; !isCounted;) {
        const { status, body } = await node.call('POST', '/v1/boards/main/increments', {
          token,
          body: { action_id: `${user}-${n}` }
        })
        const end = status === 200 ? (body.applied ? 'applied' : 'replayed') : `${status} ${body.code}`
        ends.set(end, (ends.get(end) ?? 0) + 1)
        isCounted = status === 200
        if (!isCounted) await delay(20)
      }
      applied.set(user, n + 1)
      if (n % 5 === 0) {
        await node.call('POST', '/v1/boards/main/increments', { token, body: { action_id: `${user}-${n}` } }).then(
          ({ body }) => {
            if (body.applied === true) { throw new Error('an action counted twice') }
          }
        )
      }
    }
  })
  return {
    ends,
    async stop () {
      load.isGoing = false
      await Promise.all(writers)
      return applied
    }
  }
}

test('users who write meanwhile', async (t) => {
  const { redis, postgres, node, cli } = await setScene(t, {
    main: { windows: ['all', 'day'], quota: { increments: 1_000_000, per_seconds: 60 } }
  })
  await seedLedger(postgres.url, 'main', 4000)
  const users = ['ada', 'bob', 'cid', 'dot']
  const load = keepScoring(node, users)
  for (let n = 0; n < 4; n++) {
    const { code, out, error } = await perform(rebuild, ['--replace'], cli)
    t.equal(code, 0, out + error)
    await delay(100)
  }
  const applied = await load.stop()
  t.comment(Object.fromEntries(load.ends))
  t.strictSame([...load.ends.keys()].filter((end) => !['applied', 'replayed', '503 unavailable'].includes(end)), [])
  t.ok((load.ends.get('503 unavailable') ?? 0) > 0, 'some were told to come back')
  await archived(redis, 'main')
  const scores = await redis.client.zmscore(boardKeys('main').scores('all'), ...users)
  t.strictSame(scores.map(Number), users.map((user) => applied.get(user)), 'each action counted once')
  t.equal(await redis.client.zcard(boardKeys('main').scores('all')), 4004)
  const rows = await postgres.database.query(
    'SELECT user_id, count(*)::integer AS n FROM score_events WHERE user_id = ANY ($1) GROUP BY 1 ORDER BY 1',
    [users]
  )
  t.strictSame(rows, users.map((user) => ({ user_id: user, n: applied.get(user) })))
  t.equal(await redis.client.xlen(boardKeys('main').deadLetters), 0)
})

test('increments that are queued, and an import, meanwhile', async (t) => {
  const { redis, postgres, node, cli, admin } = await setScene(t, {
    main: { windows: ['all', 'day'], quota: { increments: 1_000_000, per_seconds: 60 } }
  })
  await seedLedger(postgres.url, 'main', 4000)
  const token = node.token('ada')
  const users = ['bob', 'cid', 'dot']
  let queued = 0
  const load = { isGoing: true }
  const queueing = (async () => {
    while (load.isGoing) {
      const { status } = await queue(node, '/v1/boards/main/increments', {
        token,
        body: { action_id: `queued-${queued}` }
      })
      if (status === 202) queued++
      else if (status === 503) await delay(20) // the same again
      else throw new Error(`queued ${queued}: ${status}`)
    }
  })()
  const importing = (async () => {
    for (let n = 1; load.isGoing; n++) {
      const rows = users.map((user) => JSON.stringify({ user_id: user, score: n })).join('\n')
      await node.call('POST', '/v1/boards/main/import', {
        token: admin,
        body: rows,
        headers: { 'content-type': 'application/x-ndjson' }
      })
    }
  })()
  for (let n = 0; n < 3; n++) {
    const { code, out, error } = await perform(rebuild, ['--replace'], cli)
    t.equal(code, 0, out + error)
    await delay(100)
  }
  load.isGoing = false
  await Promise.all([queueing, importing])
  t.ok(queued > 5, `${queued} queued`)
  t.match((await settled(node, `/v1/boards/main/users/ada/actions/queued-${queued - 1}`, token)).body, {
    status: 'applied'
  })
  for (let n = 0; n < queued; n++) {
    const { body } = await settled(node, `/v1/boards/main/users/ada/actions/queued-${n}`, token)
    if (body.status !== 'applied') t.fail(`queued-${n}: ${JSON.stringify(body)}`)
  }
  t.equal(await redis.client.zscore(boardKeys('main').scores('all'), 'ada'), String(queued), 'each counted once')
  await archived(redis, 'main')
  t.match(await perform(reconcile, [], cli), { code: 0, out: /nothing differs/ })
})

test('a rebuild that is killed leaves the board as it was, and can be run again', async (t) => {
  const { redis, postgres, node, cli } = await setScene(t, { main: { windows: ['all', 'day'] } })
  for (const user of ['ada', 'bob']) await raise(node, user, { increment: 5 })
  await archived(redis, 'main')
  await seedLedger(postgres.url, 'main', 30_000)
  const scores = async () => await redis.client.zrange(boardKeys('main').scores('all'), '0', '-1', 'WITHSCORES')
  const before = await scores()
  const database = openDatabase({ url: postgres.url, log: silent, statementMs: LOCKED_MS })
  t.teardown(database.close)
  for (const until of [boardKeys('main').rebuilder, draftPattern('main')]) {
    await archived(redis, 'main')
    await database.transaction(async (query) => {
      await query('LOCK TABLE user_names IN ACCESS EXCLUSIVE MODE') // it reads the names last, and so cannot end before it is killed
      const child = spawn(process.execPath, [...MAIN, 'rebuild', '--replace'], {
        env: { ...PLAIN, ...cli },
        stdio: 'ignore'
      })
      const ended = once(child, 'exit')
      await eventually(async () => (await redis.client.keys(until)).length !== 0, 'the rebuild has come so far', {
        everyMs: 2
      })
      child.kill('SIGKILL')
      await ended
    })
    t.match(
      await raise(node, 'ada', {}),
      { status: 503, body: { code: 'unavailable', detail: /being made anew/ } },
      'closed as long as it might live'
    )
    t.strictSame(await scores(), before)
    await redis.client.del(boardKeys('main').rebuilder) // as if its time had run out
    const { status, body } = await raise(node, 'ada', {})
    t.equal(status, 200, 'and opened by the next write')
    before[before.indexOf('ada') + 1] = String(body.new_score)
    before.push(...before.splice(before.indexOf('ada'), 2))
    t.strictSame(await scores(), before)
    for (const key of await redis.client.keys(draftPattern('main'))) {
      t.ok(await redis.client.pttl(key) > 0, 'what is left ends by itself')
    }
  }
  const { code, out, error } = await perform(rebuild, ['--replace'], cli)
  t.equal(code, 0, out + error)
  t.equal(await redis.client.zcard(boardKeys('main').scores('all')), 30_002)
  t.strictSame(await redis.client.zmscore(boardKeys('main').scores('all'), 'ada', 'bob'), ['7', '5'])
  t.strictSame(await redis.client.keys(draftPattern('main')), [])
  t.ok((await redis.client.keys(boardPattern('main'))).length > 5)
})
