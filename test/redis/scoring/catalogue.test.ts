// A model of actions with points and limits, and random histories on two nodes against it.
import fc from 'fast-check'
import { test, type Test } from 'tap'
import type { CatalogueAction } from '../../../src/leaderboard/boards/catalogue.ts'
import type { IncrementOutcome } from '../../../src/leaderboard/scoring/increment.ts'
import type { Store } from '../../../src/redis/store.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { plantFault } from '../../harness/models/scripts.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'
import { eventually } from '../../harness/eventually.ts'

const LIMIT = 2
const ACTIONS: Readonly<Record<string, CatalogueAction>> = {
  win: { name: 'win', points: 3, limit: { max: LIMIT, per: 'day' } },
  draw: { name: 'draw', points: 1 }
}

interface Sending {
  readonly userId: string
  readonly actionId: string
  /** '' for a bare increment. */
  readonly kind: string
  /** What the catalogue says at the time. */
  readonly points: number
  readonly times: number
}

class Model {
  readonly #scores = new Map<string, number>()
  readonly #seen = new Map<string, { kind: string, points: number, score: number }>()
  readonly #done = new Map<string, number>()

  expect ({ userId, actionId, kind, points }: Sending): Partial<IncrementOutcome> {
    const known = this.#seen.get(`${userId} ${actionId}`)
    if (known !== undefined) {
      if (known.kind !== kind || (kind === '' && known.points !== points)) return { result: 'mismatch' }
      return { result: 'replayed', score: known.score, ...(known.points !== points && { increment: known.points }) }
    }
    const done = this.#done.get(`${userId} ${kind}`) ?? 0
    if (ACTIONS[kind]?.limit !== undefined && done >= LIMIT) return { result: 'limit' }
    this.#done.set(`${userId} ${kind}`, done + 1)
    const score = (this.#scores.get(userId) ?? 0) + points
    this.#scores.set(userId, score)
    this.#seen.set(`${userId} ${actionId}`, { kind, points, score })
    return { result: 'applied', score }
  }

  get ledger () {
    return [...this.#seen.values()].map(({ kind }) => kind).sort()
  }
}

const sending: fc.Arbitrary<Sending> = fc.record({
  userId: fc.constantFrom('ada', 'win:ada'),
  actionId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  kind: fc.constantFrom('', 'win', 'draw'),
  points: fc.constantFrom(1, 3, 3),
  times: fc.integer({ min: 1, max: 4 })
})

async function holds (t: Test, redis: TestRedis, directory?: URL) {
  const stores: Store[] = []
  for (let n = 0; n < 2; n++) {
    stores.push(await openTestStore(t, redis.url, directory === undefined ? {} : { directory }))
  }
  return await fc.check(
    fc.asyncProperty(fc.array(sending, { minLength: 10, maxLength: 30 }), async (sendings) => {
      const board = freshBoard()
      const model = new Model()
      for (const [turn, sending] of sendings.entries()) {
        const { userId, actionId, kind, points, times } = sending
        // The copies of one sending meet in a group; those of the next come from the other node.
        const outcomes = await Promise.all(
          Array.from({ length: times }, async () =>
            await stores[turn % 2]!.applyIncrement(
              board,
              increment(userId, points, { actionId, action: ACTIONS[kind] })
            ))
        )
        for (const outcome of outcomes) {
          const { retryMs, ...said } = { retryMs: undefined, ...outcome }
          const expected = model.expect(sending)
          if (JSON.stringify(said) !== JSON.stringify(expected)) {
            throw new Error(
              `${JSON.stringify(sending)}: ${JSON.stringify(said)} instead of ${JSON.stringify(expected)}`
            )
          }
        }
      }
      const entries = await redis.client.xrange(`sw:{${board.name}}:ledger`, '-', '+')
      const kinds = entries.map(([, fields]) => fields.includes('action') ? fields[fields.indexOf('action') + 1] : '')
        .sort()
      if (JSON.stringify(kinds) !== JSON.stringify(model.ledger)) {
        throw new Error(`the ledger has ${kinds.join()} instead of ${model.ledger.join()}`)
      }
    }),
    { numRuns: 60, seed: 20261121, endOnFailure: true }
  )
}

test('every history of actions, limits, replays and changed catalogues on two nodes agrees with the model', async (t) => {
  const redis = await startRedis(t)
  const details = await holds(t, redis)
  t.notOk(
    details.failed,
    details.failed ? `${String(details.errorInstance)} ${fc.defaultReportMessage(details)}` : 'holds'
  )
})

test('the model finds faults planted in the script', async (t) => {
  const redis = await startRedis(t)
  const faults = {
    'another action passes for a replay': {
      sound: "if counted_mark ~= mark then return 'mismatch', '0' end",
      faulty: ''
    },
    'a changed catalogue makes a mismatch': {
      sound: "if action and counted ~= increment then return 'points_changed', score .. '/' .. counted end",
      faulty: ''
    },
    'a limit is one too many': { sound: 'done >= limit_max', faulty: 'done > limit_max' },
    'a limit is not counted': {
      sound: "limit and call('INCR', limit) == 1",
      faulty: "limit and call('SETNX', limit, 0) == 1"
    },
    'the ledger forgets the action': { sound: "if action then add('action', action) end", faulty: '' }
  }
  for (const [name, fault] of Object.entries(faults)) {
    const details = await holds(t, redis, await plantFault(t, { script: 'scoring/increment.lua', ...fault }))
    t.ok(details.failed, `${name}: found after ${details.numRuns} histories`)
  }
})

test('catalogue actions in Redis', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)

  await t.test('a bare increment asks for no key and leaves no byte more than before there were catalogues', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada', 5))
    const keys = (await redis.client.keys(`sw:{${board.name}}:*`)).map((key) => key.split(':')[2]).sort()
    t.strictSame(
      keys,
      ['actions', 'gate', 'head', 'ledger', 'meta', 'quota', 'user', 'z'].filter((key) => keys.includes(key))
    )
    const [slot] = await redis.client.keys(`sw:{${board.name}}:actions:*`)
    t.strictSame(await redis.client.hvals(slot!), ['5 5'], 'and so what earlier versions wrote is read as it was')
  })

  await t.test('the record of an action costs five bytes more, and its receipt is read like any', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada', 3, { actionId: 'one', action: ACTIONS['win'] }))
    const [slot] = await redis.client.keys(`sw:{${board.name}}:actions:*`)
    t.match((await redis.client.hvals(slot!))[0], /^3 3 [\w-]{4}$/)
    t.strictSame(await store.readReceipt(board, { userId: 'ada', actionId: 'one' }), { increment: 3, score: 3 })
  })

  await t.test('a hundred records in a slot cost less than 40 B each', async (t) => {
    const record = (n: number) => [`${n}`.padStart(16, 'd'), `50 ${1000 + n} aBcD`] as const
    await redis.client.hset('slot', ...Array.from({ length: 100 }, (_, n) => record(n)).flat())
    const bytes = Number(await redis.client.memory('USAGE', 'slot', 'SAMPLES', 0)) / 100
    t.ok(bytes < 40, `${bytes} B`)
  })

  await t.test('a limit comes back when its period is over, and counts for each user and action alone', async (t) => {
    const board = freshBoard()
    const often: CatalogueAction = { name: 'jump', points: 1, limit: { max: 1, per: 'hour' } }
    t.equal((await store.applyIncrement(board, increment('ada', 1, { action: often }))).result, 'applied')
    const refused = await store.applyIncrement(board, increment('ada', 1, { actionId: 'again', action: often }))
    t.ok(refused.result === 'limit' && refused.retryMs > 0 && refused.retryMs <= 3_600_000)
    t.equal((await store.applyIncrement(board, increment('bob', 1, { action: often }))).result, 'applied')
    t.equal((await store.applyIncrement(board, increment('ada', 1))).result, 'applied')
    t.equal(
      (await store.applyIncrement(board, increment('ada', 1, { action: { ...often, name: 'run' } }))).result,
      'applied'
    )
    await redis.client.pexpire(`sw:{${board.name}}:limit:jump:ada`, 20) // the hour is nearly over
    await eventually(
      async () => await redis.client.exists(`sw:{${board.name}}:limit:jump:ada`) !== 1,
      'the period of the limit has ended'
    )
    t.strictSame(await store.applyIncrement(board, increment('ada', 1, { actionId: 'again', action: often })), {
      result: 'applied',
      score: 4
    })
  })

  await t.test('the quota counts actions too, and what it refuses costs no limit', async (t) => {
    const board = freshBoard({ quota: { increments: 1, per_seconds: 3600 } })
    await store.applyIncrement(board, increment('ada', 1))
    t.equal((await store.applyIncrement(board, increment('ada', 3, { action: ACTIONS['win'] }))).result, 'quota')
    t.strictSame(await redis.client.keys(`sw:{${board.name}}:limit:*`), [])
  })
})
