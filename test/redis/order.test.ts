// Tests of redis, order: scores are stored as they are, or negative where the lowest is the first.
import fc from 'fast-check'
import { test } from 'tap'
import { shown, signOf, turn } from '../../src/redis/order.ts'
import { MAX_SCORE } from '../../src/leaderboard/boards/rules.ts'
import { freshBoard } from '../harness/servers/store.ts'

const desc = freshBoard()
const asc = freshBoard({ order: 'asc' })

test('scores are stored as they are, or negative where the lowest is the first', async (t) => {
  t.strictSame([signOf(desc), signOf(asc)], ['', '-'])
  fc.assert(fc.property(fc.nat(MAX_SCORE), (score) => {
    for (const board of [desc, asc]) {
      const stored = Number(signOf(board) + String(score))
      if (!Object.is(turn(board, stored), score)) throw new Error(`${stored} is shown as ${turn(board, stored)}`)
      if (turn(board, score) !== stored) throw new Error(`${score} is looked for as ${turn(board, score)}`)
    }
  }))
  t.ok(Object.is(turn(asc, -0), 0) && Object.is(turn(asc, 0), 0), 'nothing is less than nothing')
  t.ok(turn(asc, 1) > turn(asc, 2) && turn(desc, 1) < turn(desc, 2), 'the first is the highest in store')
})

test('entries are shown with all that they have', async (t) => {
  const entries = [{ userId: 'ada', score: -5, rank: 1 }, { userId: 'bob', score: -7, rank: 2 }]
  t.strictSame(shown(asc, entries), [{ userId: 'ada', score: 5, rank: 1 }, { userId: 'bob', score: 7, rank: 2 }])
  t.equal(shown(desc, entries), entries, 'as they are, where nothing is to be done')
})
