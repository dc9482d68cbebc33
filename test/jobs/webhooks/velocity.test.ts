// Users past the velocity rule of their board.
import { setTimeout as delay } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { watchVelocity } from '../../../src/jobs/webhooks/velocity-watch.ts'
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import { SLICES } from '../../../src/leaderboard/webhooks/velocity.ts'
import { boardKeys } from '../../../src/redis/keys.ts'
import type { Store } from '../../../src/redis/store.ts'
import { addEntry, type RawEvent } from '../../harness/servers/ledger.ts'
import { startNode } from '../../harness/servers/node.ts'
import { randomFrom } from '../../harness/models/random.ts'
import { isSigned, startReceiver } from '../../harness/servers/receiver.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { freshBoard, openTestStore, silent } from '../../harness/servers/store.ts'
import { secretOf } from '../../../src/leaderboard/webhooks/webhook.ts'

const RULE = { points: 100, per_seconds: 10 }
const PERIOD_MS = 10_000

interface Watched {
  readonly board: Board
  readonly lines: string[]
  /** When the board was made, about: entries come after it, by times of their own. */
  readonly fromMs: number
  /** Writes an entry so long after the board was made, and judges it. */
  gain(atMs: number, event: RawEvent): Promise<void>
  look(): Promise<void>
  flagged(): Promise<string[]>
}

async function watchBoard (
  { redis, store, rules = { velocity: RULE } }: { redis: TestRedis, store: Store, rules?: object }
): Promise<Watched> {
  const board = freshBoard(rules)
  await store.boards.apply(board, { ifRevision: undefined, isCorrupting: false, anew: false })
  const fromMs = Date.now() + 1000
  const lines: string[] = []
  const log = {
    ...silent,
    warn: (data: object, text: string) => {
      lines.push(`${text} ${JSON.stringify(data)}`)
    }
  }
  const look = async () => await watchVelocity({ velocity: store.velocity, log, onFlagged () {} }, board)
  return {
    board,
    lines,
    fromMs,
    look,
    async gain (atMs, event) {
      await addEntry(redis, board.name, event, `${fromMs + atMs}-*`)
      await look()
    },
    flagged: async () =>
      (await store.velocity.flags(board.name)).map(({ userId, points, atMs }) => `${userId} ${points} ${atMs - fromMs}`)
        .sort()
  }
}

test('velocity', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const watching = async (rules?: object) => await watchBoard({ redis, store, ...(rules && { rules }) })

  await t.test('flags whoever gains more than the rule within the period, once a period', async (t) => {
    const { gain, flagged } = await watching()
    await gain(0, { user_id: 'ada', delta: 60 })
    await gain(1, { user_id: 'bob', delta: 100 })
    await gain(5000, { user_id: 'ada', delta: 40 })
    t.strictSame(await flagged(), [], 'as much as the rule allows')
    await gain(5001, { user_id: 'ada', delta: 1 })
    t.strictSame(await flagged(), ['ada 101 5001'])
    await gain(6000, { user_id: 'ada', delta: 500 })
    await gain(14_000, { user_id: 'ada', delta: 500 })
    t.strictSame(await flagged(), ['ada 101 5001'], 'once a period')
    await gain(15_001, { user_id: 'ada', delta: 5 })
    t.equal((await flagged()).length, 2, 'and again when it is over')
    await gain(15_002, { user_id: 'bob', delta: 100 })
    t.equal((await flagged()).length, 2, 'points of another period do not count')
  })

  await t.test("passes over what is the operator's or does not count publicly, and what nobody has written", async (t) => {
    const { gain, flagged } = await watching()
    for (const kind of ['adjust', 'import', 'score']) await gain(0, { user_id: 'ada', delta: 500, kind })
    await gain(1, { user_id: 'ada', delta: 500, hidden: '1' })
    await gain(2, { user_id: 'ada', delta: 'many' })
    t.strictSame(await flagged(), [])
    await gain(3, { user_id: 'ada', delta: 101 })
    t.strictSame(await flagged(), ['ada 101 3'])
  })

  await t.test('a worker that begins anew goes on where the last one was; of two at once each entry counts for one', async (t) => {
    const { gain, flagged, board, look, fromMs } = await watching()
    await gain(0, { user_id: 'ada', delta: 60 })
    const second = await openTestStore(t, redis.url)
    for (let n = 0; n < 40; n++) {
      await addEntry(redis, board.name, { user_id: 'ada', delta: 1 }, `${fromMs + 1000 + n}-*`)
    }
    await Promise.all([
      look(),
      watchVelocity({ velocity: second.velocity, log: silent, onFlagged () {} }, board),
      look()
    ])
    await look()
    t.strictSame(await flagged(), [], 'not twice')
    await gain(3000, { user_id: 'ada', delta: 1 })
    t.match(await flagged(), ['ada 101 3000'])
  })

  await t.test('another rule is judged by itself, over the last period too', async (t) => {
    const { gain, flagged, board, lines } = await watching()
    await gain(0, { user_id: 'ada', delta: 90 })
    const stricter = { ...board, velocity: { points: 50, per_seconds: 10 } }
    await redis.client.hset(boardKeys(board.name).rules, 'created', '1')
    await watchVelocity({ velocity: store.velocity, log: silent, onFlagged () {} }, stricter)
    t.match(await flagged(), ['ada 90 0'])
    t.strictSame(lines, [])
  })

  await t.test('says when the ledger was trimmed before it was judged, and goes on', async (t) => {
    const { gain, flagged, board, lines, look, fromMs } = await watching()
    const { ledger } = boardKeys(board.name)
    await gain(0, { user_id: 'ada', delta: 60 })
    await redis.client.xtrim(ledger, 'MAXLEN', 0)
    await gain(10, { user_id: 'ada', delta: 1 })
    t.strictSame(lines, [], 'what was judged may go')
    for (let n = 0; n < 5; n++) await addEntry(redis, board.name, { user_id: 'ada', delta: 30 }, `${fromMs + 2000}-*`)
    await redis.client.xtrim(ledger, 'MAXLEN', 2)
    await look()
    t.equal(lines.length, 1)
    t.match(lines[0], /trimmed before its velocity was judged.*"entries":3/)
    t.match(await flagged(), [/^ada 121 /], 'of the rest')
    await look()
    t.equal(lines.length, 1)
  })

  await t.test('never flags wrongly, and whoever is past the rule in a little less than the period always', async (t) => {
    const random = randomFrom(7)
    const { board, look } = await watching()
    const fromMs = Date.now() + 1000
    const events: { user: string, points: number, at: number }[] = []
    const adding = redis.client.pipeline()
    for (let n = 0, at = 0; n < 3000; n++) {
      at += Math.floor(random() * 60)
      const [user, points] = [`user-${Math.floor(random() * 30)}`, 1 + Math.floor(random() * 20)]
      events.push({ user, points, at })
      adding.xadd(
        boardKeys(board.name).ledger,
        `${fromMs + at}-*`,
        'user_id',
        user,
        'action_id',
        `a-${n}`,
        'delta',
        points,
        'score_after',
        1,
        'actor',
        user,
        'ip',
        '',
        'request_id',
        ''
      )
    }
    await adding.exec()
    await look()
    const flags = (await store.velocity.flags(board.name)).map(({ userId, points, atMs }) => ({
      userId,
      points,
      at: atMs - fromMs
    }))
    t.ok(flags.length > 20)
    const sum = (user: string, toMs: number, overMs: number) =>
      events.filter((event) => event.user === user && event.at <= toMs && event.at > toMs - overMs).reduce(
        (total, { points }) => total + points,
        0
      )
    for (const { userId, points, at } of flags) {
      t.ok(points > RULE.points && points <= sum(userId, at, PERIOD_MS), `${userId} at ${at}`)
    }
    const users = [...new Set(events.map(({ user }) => user))]
    const missed = users.filter((user) =>
      events.some((event) =>
        event.user === user && sum(user, event.at, PERIOD_MS * (SLICES - 1) / SLICES) > RULE.points
      ) && !flags.some(({ userId }) => userId === user)
    )
    t.strictSame(missed, [])
    for (const user of users) {
      const times = flags.filter(({ userId }) => userId === user).map(({ at }) => at).sort((a, b) => a - b)
      t.ok(times.every((at, n) => n === 0 || at - times[n - 1]! >= PERIOD_MS))
    }
  })
})

test('a rule needs points, and a board without one is as it was', async (t) => {
  t.equal(freshBoard().velocity, undefined)
  t.throws(() => freshBoard({ operator: 'best', velocity: RULE }), { message: /velocity is for points/ })
  for (
    const velocity of [{}, { points: 5 }, { points: 0, per_seconds: 5 }, { points: 5, per_seconds: 0 }, {
      points: 5,
      per_seconds: 86_401
    }, { points: 5, per_seconds: 5, ban: true }]
  ) t.throws(() => freshBoard({ velocity }), JSON.stringify(velocity))
})

async function flaggedByService (t: Test) {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const token = node.token('boss', { scope: 'admin' })
  const { body: { revision } } = await node.call('GET', '/v1/boards/main')
  t.equal(
    (await node.call('PUT', '/v1/boards/main', { token, body: { velocity: { points: 20, per_seconds: 3600 } } })).body
      .velocity.points,
    20
  )
  return { redis, node, token, revision }
}

test('user.flagged reaches every webhook that wants it, once, and bans nobody', async (t) => {
  const { node, token, revision } = await flaggedByService(t)
  const secret = secretOf(Buffer.alloc(32, 1))
  const [first, second, other] = await Promise.all([startReceiver(t), startReceiver(t), startReceiver(t)])
  for (
    const [name, { url }, events] of [['first', first, ['user.flagged']], ['second', second, ['user.flagged']], [
      'other',
      other,
      ['season.closed']
    ]] as const
  ) {
    await node.call('PUT', `/v1/boards/main/webhooks/${name}`, { token, body: { url, events, secret } })
  }
  const raise = async (action: string) =>
    await node.call('POST', '/v1/boards/main/increments', {
      token: node.token('ada'),
      body: { action_id: action, increment: 7 }
    })
  for (const action of ['a', 'b', 'c']) t.equal((await raise(action)).status, 200)
  const got = await first.until(() => true)
  t.ok(isSigned(got, secret))
  t.match(got.body, {
    type: 'user.flagged',
    data: { board: 'main', user_id: 'ada', action_id: 'c', points: 21, rule: { points: 20, per_seconds: 3600 } }
  })
  t.equal(got.body.timestamp, got.body.data.at)
  t.equal((await second.until(() => true)).id, got.id, 'one event has one id')
  t.equal((await raise('d')).status, 200, 'the user plays on')
  await delay(1500) // several looks
  t.strictSame([first.received.length, second.received.length, other.received.length], [1, 1, 0])
  t.match((await node.call('GET', '/metrics')).text, 'scorewire_flags_total{board="main"} 1')
  await node.call('PUT', '/v1/boards/main', { token, body: {} })
  t.equal(
    (await node.call('GET', '/v1/boards/main')).body.revision,
    revision,
    'without the rule the board is the one that it was'
  )
})
