// Tests of ledger, postgres away: PostgreSQL is away.
import { test } from 'tap'
import { boardKeys } from '../../src/redis/keys.ts'
import { addEntry, archived, streamOf } from '../harness/servers/ledger.ts'
import { startNode, type TestNode } from '../harness/servers/node.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis, type TestRedis } from '../harness/servers/redis.ts'
import { eventually } from '../harness/eventually.ts'

const BOUND = 2000
const OLD = 1500

/** Resolves with the first log line of this message. */
function lineOf (lines: readonly string[], message: string): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const line = lines.find((text) => text.includes(JSON.stringify(message)))
      if (line === undefined) return
      clearInterval(timer)
      resolve(JSON.parse(line))
    }, 20)
  })
}

/** Fills a stream up to a length, with entries from a time on or of now. */
async function fill (redis: TestRedis, board: string, length: number, fromMs?: number): Promise<void> {
  const there = await redis.client.xlen(boardKeys(board).ledger)
  for (let n = there; n < length; n++) {
    await addEntry(
      redis,
      board,
      { user_id: 'filler', action_id: `fill-${n}` },
      fromMs === undefined ? '*' : `${fromMs + n}-0`
    )
  }
}

/**
 * Each user scores again as soon as the last answer is there, so a busy machine has as many requests under way as any
 * other.
 */
function keepScoring (node: TestNode, users: readonly string[]) {
  const acknowledged = new Map(users.map((user) => [user, 0]))
  const failures: unknown[] = []
  const load = { isGoing: true, count: 0 }
  const writers = users.map(async (user) => {
    const token = node.token(user)
    for (let n = 0; load.isGoing;) {
      const answer = await node.call('POST', '/v1/boards/main/increments', {
        token,
        body: { action_id: `${user}-${n}` }
      })
      if (answer.status !== 200) {
        failures.push(answer.body)
        continue // the same again
      }
      acknowledged.set(user, ++n)
      load.count++
    }
  })
  return {
    acknowledged,
    failures,
    async more (some: number) {
      const goal = load.count + some
      await eventually(() => load.count >= goal, 'so much load was sent')
    },
    async stop () {
      load.isGoing = false
      await Promise.all(writers)
    }
  }
}

test('PostgreSQL is away', async (t) => {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t, { migrated: false })
  const lines: string[] = []

  await t.test('under load: writes go on, and nothing is missing in the end', async (t) => {
    const node = await startNode(t, {
      redisUrl: redis.url,
      env: { DATABASE_URL: postgres.url },
      log: (line) => lines.push(line)
    })
    const users = ['ada', 'bob', 'cid']
    const load = keepScoring(node, users)
    await load.more(100)
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
      await postgres.stop(signal)
      await load.more(400)
      t.equal((await node.call('GET', '/readyz')).status, 200, 'the node stays in')
      t.equal(
        (await node.call('GET', '/v1/boards/main/events', { token: node.token('boss', { scope: 'admin' }) })).body.code,
        'unavailable',
        'an audit has no answer'
      )
      await postgres.start()
      await load.more(100)
    }
    postgres.signal('SIGSTOP')
    await load.more(400)
    postgres.signal('SIGCONT')
    await load.stop()
    const { acknowledged, failures } = load
    t.strictSame(failures, [])
    await archived(redis, 'main')
    const rows = await postgres.database.query<{ user_id: string, n: number, sum: number, score: number }>(
      'SELECT e.user_id, count(*)::integer AS n, sum(delta)::integer AS sum, max(s.score)::integer AS score FROM score_events e JOIN users_scores s USING (board, user_id) GROUP BY 1 ORDER BY 1'
    )
    t.strictSame(
      rows,
      users.map((user) => ({
        user_id: user,
        n: acknowledged.get(user),
        sum: acknowledged.get(user),
        score: acknowledged.get(user)
      }))
    )
    await node.close()
  })

  await t.test('for too long: an alarm, then honest refusals, then all is well again', async (t) => {
    await postgres.stop()
    lines.length = 0
    const redis = await startRedis(t)
    const longAgo = Date.now() - 3_600_000
    const node = await startNode(t, {
      redisUrl: redis.url,
      env: { DATABASE_URL: postgres.url, LEDGER_MAX_ENTRIES: String(BOUND) },
      log: (line) => lines.push(line)
    })
    const token = node.token('ada')
    const raise = async (action: string) =>
      await node.call('POST', '/v1/boards/main/increments', { token, body: { action_id: action } })
    t.match(await lineOf(lines, "the ledger's database is not ready, trying again: what happens is kept in Redis"), {
      level: 40
    })

    await fill(redis, 'main', OLD, longAgo)
    const alarm = await lineOf(
      lines,
      'the ledger stream is filling up because it is not archived fast enough: writes are refused when it is full'
    )
    t.match(alarm, { level: 40, board: 'main', maxEntries: BOUND })
    t.ok(
      Number(alarm['entries']) >= BOUND / 2 && Number(alarm['entries']) <= OLD && alarm['waiting'] === alarm['entries'],
      'long before'
    )
    const first = await raise('one')
    t.equal(first.status, 200, 'writes go on')

    await fill(redis, 'main', BOUND)
    const refused = await raise('two')
    t.match(refused, { status: 503, body: { code: 'unavailable' } })
    t.ok(Number(refused.headers.get('retry-after')) > 0)
    t.match(
      await raise('one'),
      { status: 200, body: { new_score: first.body.new_score, applied: false } },
      'what counted is still known'
    )
    t.equal(await redis.client.xlen(boardKeys('main').ledger), BOUND, 'and nothing was dropped')
    const { text } = await node.call('GET', '/metrics')
    for (
      const line of [
        'scorewire_increments_total{board="main",result="full"} 1',
        `scorewire_ledger_entries{board="main"} ${BOUND}`,
        `scorewire_ledger_backlog{board="main"} ${BOUND}`,
        'scorewire_ledger_dead_letters{board="main"} 0',
        `scorewire_ledger_max_entries ${BOUND}`
      ]
    ) t.ok(text.includes(`${line}\n`), line)
    t.ok(Number(/^scorewire_ledger_lag_seconds\{board="main"\} (.+)$/m.exec(text)?.[1]) > 3500)

    await postgres.start()
    await archived(redis, 'main')
    t.match(await raise('two'), { status: 200, body: { new_score: first.body.new_score + 1 } })
    t.match(await lineOf(lines, 'the ledger stream has room again'), { level: 30, board: 'main' })
    await archived(redis, 'main')
    t.strictSame(
      await postgres.database.query(
        "SELECT count(*)::integer AS n FROM score_events WHERE action_id IN ('one', 'two') OR action_id LIKE 'fill-%'"
      ),
      [{ n: BOUND + 1 }]
    )
    const after = (await node.call('GET', '/metrics')).text
    t.ok(after.includes(`scorewire_archived_total{board="main",result="archived"} ${BOUND + 1}\n`))
  })

  await t.test('without an archiver the stream goes on, and forgets what is oldest', async (t) => {
    const plain = await startRedis(t)
    const node = await startNode(t, { redisUrl: plain.url, env: { LEDGER_MAX_ENTRIES: String(BOUND) } })
    await fill(plain, 'main', BOUND + 200, Date.now() - 3_600_000)
    t.equal((await node.call('POST', '/v1/boards/main/increments', { token: node.token('ada') })).status, 200)
    const length = await plain.client.xlen(boardKeys('main').ledger)
    t.ok(length >= BOUND && length < BOUND + 200)
    t.equal((await streamOf(plain).backlog('main')).entries, length)
  })
})
