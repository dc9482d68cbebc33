// A model of the board as one map, and random histories of increments, duplicates, restarts and lost scripts against
// it.
import fc from 'fast-check'
import { test, type Test } from 'tap'
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import type { Store } from '../../../src/redis/store.ts'
import { isStall } from '../../harness/models/faults.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { plantFault } from '../../harness/models/scripts.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'
import { eventually } from '../../harness/eventually.ts'

/** No midnight ends it during a test. */
const SEASONS = [{ name: 'ever', start: '2020-01-01T00:00:00Z', end: '2100-01-01T00:00:00Z' }]

interface Model {
  readonly scores: Map<string, number>
  /** Every applied action, by user and action id. */
  readonly actions: Map<string, { points: number, score: number }>
}

interface Real {
  readonly redis: TestRedis
  readonly store: Store
  readonly board: Board
}

const keyOf = (userId: string, actionId: string) => JSON.stringify([userId, actionId])

function same (what: string, found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
  }
}

/** An increment; sent more than once at a time, or again, it is a duplicate, and with other points a mismatch. */
class Send implements fc.AsyncCommand<Model, Real> {
  readonly #userId: string
  readonly #actionId: string
  readonly #points: number
  readonly #times: number

  constructor (userId: string, actionId: string, points: number, times: number) {
    this.#userId = userId
    this.#actionId = actionId
    this.#points = points
    this.#times = times
  }

  check (): boolean {
    return true
  }

  async run (model: Model, { store, board }: Real): Promise<void> {
    const outcomes = await Promise.all(
      Array.from(
        { length: this.#times },
        async () =>
          await store.applyIncrement(board, increment(this.#userId, this.#points, { actionId: this.#actionId }))
      )
    )
    for (const outcome of outcomes) same(this.toString(), outcome, this.#expect(model))
  }

  #expect ({ scores, actions }: Model) {
    const known = actions.get(keyOf(this.#userId, this.#actionId))
    if (known !== undefined) {
      return known.points === this.#points
        ? { result: 'replayed', score: known.score }
        : { result: 'mismatch' }
    }
    const score = (scores.get(this.#userId) ?? 0) + this.#points
    scores.set(this.#userId, score)
    actions.set(keyOf(this.#userId, this.#actionId), { points: this.#points, score })
    return { result: 'applied', score }
  }

  toString () {
    return `${this.#times} × ${this.#userId}/${this.#actionId} +${this.#points}`
  }
}

class Restart implements fc.AsyncCommand<Model, Real> {
  readonly #signal: NodeJS.Signals
  constructor (signal: NodeJS.Signals) {
    this.#signal = signal
  }

  check (): boolean {
    return true
  }

  async run (_model: Model, { redis, store }: Real): Promise<void> {
    await redis.stop(this.#signal)
    await redis.start()
    await eventually(() => store.isReady(), 'the store is ready')
  }

  toString () {
    return `restart after ${this.#signal}`
  }
}

class ScriptFlush implements fc.AsyncCommand<Model, Real> {
  check (): boolean {
    return true
  }

  async run (_model: Model, { redis }: Real): Promise<void> {
    await redis.client.script('FLUSH')
  }

  toString () {
    return 'SCRIPT FLUSH'
  }
}

class Compare implements fc.AsyncCommand<Model, Real> {
  check (): boolean {
    return true
  }

  async run (model: Model, { redis, store, board }: Real): Promise<void> {
    await compare(model, { redis, store, board })
  }

  toString () {
    return 'compare'
  }
}

/** Every window, receipt and ledger entry against the model. */
async function compare ({ scores, actions }: Model, { redis, store, board }: Real): Promise<void> {
  for (const kind of board.windows) {
    const { entries } = await store.readTop(board, { window: kind })
    same(
      kind,
      Object.fromEntries(entries.map(({ userId, score }) => [userId, score]).sort()),
      Object.fromEntries([...scores].sort())
    )
  }
  for (const [key, { points, score }] of actions) {
    const [userId, actionId] = JSON.parse(key)
    same(`receipt ${key}`, await store.readReceipt(board, { userId, actionId }), { increment: points, score })
  }
  same('ledger entries', await redis.client.xlen(`sw:{${board.name}}:ledger`), actions.size)
}

const user = fc.constantFrom('ada', 'bob', 'cleo')
const action = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const points = fc.integer({ min: 1, max: 3 })
const times = fc.integer({ min: 1, max: 4 })

function history (restarts: boolean) {
  const send = fc.tuple(user, action, points, times).map((send) => new Send(...send))
  const seldom = restarts
    ? [
        fc.constantFrom<NodeJS.Signals>('SIGTERM', 'SIGKILL').map((signal) => new Restart(signal)),
        fc.constant(new ScriptFlush())
      ]
    : []
  return fc.commands([send, send, send, fc.constant(new Compare()), ...seldom], { size: '+1', maxCommands: 40 })
}

async function holds (
  t: Test,
  redis: TestRedis,
  { runs, directory, restarts }: { runs: number, directory?: URL, restarts: boolean }
) {
  const store = await openTestStore(t, redis.url, directory === undefined ? {} : { directory })
  return await fc.check(
    fc.asyncProperty(history(restarts), async (commands) => {
      const board = freshBoard({ windows: ['all', 'season'], seasons: SEASONS })
      const model = { scores: new Map(), actions: new Map() }
      const real = { redis, store, board }
      await fc.asyncModelRun(() => ({ model, real }), commands)
      await compare(model, real)
    }),
    { numRuns: runs, seed: 20261121, endOnFailure: true }
  )
}

test('every history of sends, duplicates, mismatches, restarts and lost scripts agrees with the model', async (t) => {
  const redis = await startRedis(t)
  const details = await holds(t, redis, { runs: 60, restarts: true })
  t.notOk(
    details.failed,
    details.failed ? `${String(details.errorInstance)} ${fc.defaultReportMessage(details)}` : 'holds'
  )
})

test('the model finds faults planted in the script', async (t) => {
  const redis = await startRedis(t)
  const faults = {
    'an action is not remembered': {
      script: 'lib/actions.lua',
      sound: "call('HSET', records, digest, increment .. ' ' .. score .. mark)",
      faulty: ''
    },
    'another increment passes for a replay': {
      sound: "if counted ~= increment then return 'mismatch', '0' end",
      faulty: ''
    },
    'a replay answers with the score of now': {
      sound: "return 'replayed', score",
      faulty: "return 'replayed', call('ZSCORE', windows[1].scores, user)"
    },
    'a window is left out': {
      sound: 'local score = write(window, user, increment, sign)',
      faulty: 'local score = w == 2 and first or write(window, user, increment, sign)'
    },
    'a point is lost': {
      script: 'lib/operators.lua',
      sound: "call('ZINCRBY', window.scores, increment, user)",
      faulty: "call('ZINCRBY', window.scores, math.min(2, amount), user)"
    },
    'the ledger hears of replays': {
      sound: "return 'replayed', score",
      faulty: "call('XADD', ledger, '*', 'kind', 'replay') return 'replayed', score"
    }
  }
  for (const [name, fault] of Object.entries(faults)) {
    const directory = await plantFault(t, { script: 'scoring/increment.lua', ...fault })
    const details = await holds(t, redis, { runs: 60, directory, restarts: false })
    if (isStall(details.errorInstance)) throw details.errorInstance
    t.ok(details.failed, `${name}: found after ${details.numRuns} histories`)
  }
})
