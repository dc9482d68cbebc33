// Tests of leaderboard, boards, season: a write counts for the season that runs, and for the last while its grace.
import { test } from 'tap'
import { openSeason } from '../../../src/leaderboard/boards/season.ts'
import { calendar } from '../../harness/models/calendar.ts'
import { codeOf } from '../../harness/clients/callers.ts'

const season = (name: string, start: string, end: string, graceSeconds = 0) => ({
  name,
  start,
  end,
  grace_seconds: graceSeconds
})
const board = {
  name: 'cup',
  ...calendar('UTC', {
    seasons: [
      season('spring', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z', 3600),
      season('summer', '2026-06-01T00:00:00Z', '2026-07-01T00:00:00Z', 86_400),
      season('july', '2026-07-01T00:00:00Z', '2026-08-01T00:00:00Z')
    ]
  })
}
const ms = Date.parse
const open = (at: string, named?: string) => {
  const { window, fromMs, untilMs } = openSeason(board, ms(at), named)
  return [window.name, new Date(fromMs).toISOString(), new Date(untilMs).toISOString()]
}

test('a write counts for the season that runs, and for the last while its grace lasts', async (t) => {
  const spring = ['season:spring', '2026-03-01T00:00:00.000Z', '2026-04-01T01:00:00.000Z']
  t.strictSame(open('2026-03-01T00:00:00Z'), spring, 'from its first ms')
  t.strictSame(open('2026-04-01T00:59:59.999Z'), spring, 'to the last of its grace')
  t.strictSame(
    open('2026-06-15T00:00:00Z'),
    ['season:summer', '2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z'],
    'and no longer than until the next begins'
  )
  t.strictSame(
    open('2026-07-01T00:00:00Z'),
    ['season:july', '2026-07-01T00:00:00.000Z', '2026-08-01T00:00:00.000Z'],
    'grace or not'
  )
})

test('outside of seasons nothing is open', async (t) => {
  for (
    const at of ['2026-02-28T23:59:59.999Z', '2026-04-01T01:00:00Z', '2026-05-31T23:59:59.999Z', '2026-08-01T00:00:00Z']
  ) {
    t.equal(codeOf(() => open(at)), 'season_closed', at)
  }
})

test('a late action counts for the season that it names while the grace lasts, also when the next one runs', async (t) => {
  const summer = ['season:summer', '2026-06-01T00:00:00.000Z', '2026-07-02T00:00:00.000Z']
  t.strictSame(open('2026-07-01T12:00:00Z', 'summer'), summer)
  t.strictSame(open('2026-06-15T00:00:00Z', 'summer'), summer, 'and while it runs')
  t.strictSame(open('2026-07-01T12:00:00Z', 'july')[0], 'season:july')
  for (
    const [at, named] of [['2026-07-02T00:00:00Z', 'summer'], ['2026-05-31T23:59:59.999Z', 'summer'], [
      '2026-06-15T00:00:00Z',
      'spring'
    ], ['2026-06-15T00:00:00Z', 'july']] as const
  ) {
    t.equal(codeOf(() => open(at, named)), 'season_closed', `${named} at ${at}`)
  }
})

test('the refusal says when', async (t) => {
  t.throws(() => open('2026-01-01T00:00:00Z'), {
    message: 'The season spring of the board cup begins at 2026-03-01T00:00:00Z.'
  })
  t.throws(() => open('2026-05-01T00:00:00Z'), {
    message: 'The season spring of the board cup has ended; late actions counted until 2026-04-01T01:00:00.000Z.'
  })
})
