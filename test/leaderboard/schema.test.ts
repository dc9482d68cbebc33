// The checker of schemas: what it accepts, what it names, what it fills in.
import { test } from 'tap'
import { Type } from 'typebox'
import { checker, firstProblem, problemsFound } from '../../src/leaderboard/schema.ts'

const Row = Type.Object({
  user_id: Type.String({ minLength: 1 }),
  score: Type.Integer({ minimum: 0, default: 0 }),
  order: Type.Optional(Type.Enum(['high', 'low']))
}, { additionalProperties: false })

test('a plain checker changes nothing, and names the first problem', (t) => {
  const isRow = checker(Row)
  const row = { user_id: 'ada', score: 5 }
  t.ok(isRow(row))
  t.strictSame(row, { user_id: 'ada', score: 5 })
  t.notOk(isRow({ user_id: '', score: -1 }))
  t.equal(problemsFound(isRow).length, 1)
  t.notOk(isRow({ user_id: 'ada', score: '5' }))
  t.equal(firstProblem(isRow), '/score must be integer')
  t.end()
})

test('a complete checker fills in defaults and names every problem, but converts nothing', (t) => {
  const isRow = checker(Row, 'complete')
  const row: unknown = { user_id: 'ada' }
  t.ok(isRow(row))
  t.strictSame(row, { user_id: 'ada', score: 0 })
  t.notOk(isRow({ user_id: '', score: '5' }))
  t.strictSame(problemsFound(isRow), [
    { path: '/user_id', message: 'must NOT have fewer than 1 characters' },
    { path: '/score', message: 'must be integer' }
  ])
  t.end()
})

test('a converting checker takes text for numbers', (t) => {
  const row: unknown = { user_id: 'ada', score: '5' }
  t.ok(checker(Row, 'converting')(row))
  t.strictSame(row, { user_id: 'ada', score: 5 })
  t.end()
})

test('no checker drops an unknown field in silence, and its name is in the message; so are the values of a choice', (t) => {
  for (const reading of ['plain', 'complete', 'converting'] as const) {
    const isRow = checker(Row, reading)
    t.notOk(isRow({ user_id: 'ada', score: 1, rank: 1 }))
    t.equal(firstProblem(isRow), '/ must NOT have additional properties: rank')
    t.notOk(isRow({ user_id: 'ada', score: 1, order: 'up' }))
    t.equal(firstProblem(isRow), '/order must be one of high, low')
  }
  t.end()
})
