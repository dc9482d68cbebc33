// Tests of leaderboard, scoring, score: a score is taken from 0 to the highest that the board allows.
import { test } from 'tap'
import { judgeScore } from '../../../src/leaderboard/scoring/score.ts'
import { codeOf, caller } from '../../harness/clients/callers.ts'
import { freshBoard } from '../../harness/servers/store.ts'

const best = freshBoard({ operator: 'best', max_score: 100 })
const closed = freshBoard({ operator: 'latest', client_increments: false })

test('a score is taken from 0 to the highest that the board allows', async (t) => {
  for (const score of [0, 1, 100]) t.equal(judgeScore(best, caller(), score), score)
  for (const score of [-1, 101]) {
    t.equal(codeOf(() => judgeScore(best, caller(), score)), 'score_out_of_range', String(score))
  }
  t.equal(codeOf(() => judgeScore(best, caller('scores:write'), 101)), 'score_out_of_range', 'from a service too')
  t.equal(
    judgeScore(freshBoard({ operator: 'best', max_increment: 1 }), caller(), 50),
    50,
    'max_increment is about points'
  )
})

test('a request without a score is told where scores go', async (t) => {
  t.throws(() => judgeScore(best, caller(), undefined), {
    code: 'invalid_request',
    message: /keeps the best score.*\/scores/
  })
})

test('where only services name scores, users do not', async (t) => {
  t.equal(codeOf(() => judgeScore(closed, caller(), 5)), 'forbidden_scope')
  t.equal(judgeScore(closed, caller('scores:write'), 5), 5)
})
