// Tests of leaderboard, ranking, order entries: who was passed, and by whom.
import { test } from 'tap'
import { overtakersIn, rankHead, type RankedEntry } from '../../../src/leaderboard/ranking/order-entries.ts'

/** A top from users and scores in its order. */
const top = (...rows: [string, number][]): RankedEntry[] =>
  rankHead(rows.map(([userId, score], sequence) => ({ userId, username: userId, score, sequence })))

const all = () => true

test('who was passed, and by whom', async (t) => {
  const before = top(['ada', 10], ['bob', 9], ['cid', 8], ['dan', 8], ['eve', 1])
  const cases: [string, RankedEntry[], { userId: string, by: string, rank: number }[]][] = [
    ['nothing has changed', before, []],
    ['a higher score in the same place', top(['ada', 99], ['bob', 9], ['cid', 8], ['dan', 8], ['eve', 1]), []],
    ['one passes one', top(['bob', 11], ['ada', 10], ['cid', 8], ['dan', 8], ['eve', 1]), [{
      userId: 'ada',
      by: 'bob',
      rank: 2
    }]],
    ['one draws level: both have the rank', top(['ada', 10], ['bob', 10], ['cid', 8], ['dan', 8], ['eve', 1]), []],
    [
      'the last passes all',
      top(['eve', 20], ['ada', 10], ['bob', 9], ['cid', 8], ['dan', 8]),
      [['ada', 2], ['bob', 3], ['cid', 4], ['dan', 4]].map(([userId, rank]) => ({
        userId: String(userId),
        by: 'eve',
        rank: Number(rank)
      }))
    ],
    ['of two equals one goes ahead', top(['ada', 10], ['bob', 9], ['dan', 9], ['cid', 8], ['eve', 1]), [{
      userId: 'cid',
      by: 'dan',
      rank: 4
    }]],
    ['two pass: the one right above is named', top(['cid', 30], ['bob', 20], ['ada', 10], ['dan', 8]), [{
      userId: 'ada',
      by: 'bob',
      rank: 3
    }, { userId: 'dan', by: 'cid', rank: 4 }]],
    ['somebody new comes in above', top(['ada', 10], ['new', 9.5], ['bob', 9]), [{ userId: 'bob', by: 'new', rank: 3 }]]
  ]
  for (const [name, after, expected] of cases) t.strictSame(overtakersIn(before, after, all), expected, name)
  t.strictSame(
    overtakersIn(before, cases[4]![1], (user) => user === 'cid'),
    [{ userId: 'cid', by: 'eve', rank: 4 }],
    'only those who matter'
  )
  t.strictSame(overtakersIn([], before, all), [])
})
