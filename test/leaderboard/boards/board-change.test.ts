// Tests of leaderboard, boards, board change: the same rules have no changes between them, in whatever words.
import { test } from 'tap'
import { parseBoards, type Board } from '../../../src/leaderboard/boards/board.ts'
import { changesBetween } from '../../../src/leaderboard/boards/board-change.ts'

const NOW = Date.parse('2026-06-15T12:00:00Z')
const season = (name: string, start: string, end: string, graceSeconds = 0) => ({
  name,
  start: `2026-${start}T00:00:00Z`,
  end: `2026-${end}T00:00:00Z`,
  grace_seconds: graceSeconds
})

function boardOf (rules: object): Board {
  const parsed = parseBoards({ boards: { main: rules } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards.default
}

/** Each change as `kind path from -> to`. */
const between = (before: object, after: object) =>
  changesBetween(boardOf(before), boardOf(after), NOW)
    .map(({ kind, path, from, to }) =>
      `${kind} ${path} ${JSON.stringify(from) ?? 'none'} -> ${JSON.stringify(to) ?? 'none'}`
    )

test('the same rules have no changes between them, in whatever words', async (t) => {
  t.strictSame(between({}, { max_increment: 1000, quota: { per_seconds: 60, increments: 600 } }), [])
})

test('rules that scores came about by are corrupting, and say why', async (t) => {
  for (
    const [rule, before, after] of [
      ['order', 'desc', 'asc'],
      ['operator', 'increment', 'best'],
      ['max_score', 100, 200],
      ['head_size', 128, 256],
      ['time_zone', 'UTC', 'Europe/Berlin'],
      ['week_start', 'monday', 'sunday']
    ] as const
  ) {
    const [change, ...more] = changesBetween(boardOf({ [rule]: before }), boardOf({ [rule]: after }), NOW)
    t.match(change, { path: `/${rule}`, from: before, to: after, kind: 'corrupting', why: /./ }, rule)
    t.strictSame(more, [], rule)
  }
})

test('what is judged anew for each request is safe', async (t) => {
  t.strictSame(
    between({}, { visibility: 'authenticated', max_increment: 5, client_increments: false, proof: 'grant' }),
    [
      'safe /visibility "public" -> "authenticated"',
      'safe /max_increment 1000 -> 5',
      'safe /client_increments true -> false',
      'safe /proof "none" -> "grant"'
    ]
  )
  t.strictSame(
    between({ actions: { jump: { points: 1 }, constructor: { points: 2 } } }, {
      actions: { jump: { points: 3 }, fly: { points: 1 } }
    }),
    [
      'safe /actions/jump {"points":1} -> {"points":3}',
      'safe /actions/constructor {"points":2} -> none',
      'safe /actions/fly none -> {"points":1}'
    ]
  )
  t.strictSame(between({}, { quota: { increments: 600, per_seconds: 1 }, retention: { day: 9 } }), [
    'safe /retention/day 8 -> 9',
    'safe /quota/per_seconds 60 -> 1'
  ])
})

test('a window may come, and not go', async (t) => {
  t.strictSame(between({ windows: ['all', 'week'] }, { windows: ['day', 'all'] }), [
    'corrupting /windows "week" -> none',
    'safe /windows none -> "day"'
  ])
  t.strictSame(between({ windows: ['all', 'day'] }, { windows: ['day'] }), ['corrupting /windows "all" -> none'])
  t.strictSame(between({ windows: ['all', 'day'] }, { windows: ['day', 'all'] }), [
    'safe /windows ["all","day"] -> ["day","all"]'
  ])
  const [removed] = changesBetween(boardOf({ windows: ['all', 'week'] }), boardOf({}), NOW)
  t.match(removed?.why, /no longer find/)
  const [added] = changesBetween(boardOf({}), boardOf({ windows: ['all', 'day'] }), NOW)
  t.match(added?.why, /from now on/)
})

test('what is kept may be kept for longer, and not for less', async (t) => {
  const windows = ['all', 'day', 'week']
  t.strictSame(between({ windows }, { windows, retention: { day: 9, week: 36 } }), [
    'safe /retention/day 8 -> 9',
    'safe /retention/week 35 -> 36'
  ])
  t.strictSame(between({ windows }, { windows, retention: { day: 7, month: 7 } }), [
    'corrupting /retention/day 8 -> 7',
    'safe /retention/month 400 -> 7'
  ], 'it has no months')
  t.strictSame(between({ windows: ['all'] }, { windows, retention: { day: 7 } }), [
    'safe /windows none -> "day"',
    'safe /windows none -> "week"',
    'safe /retention/day 8 -> 7'
  ])
})

test('a segment may come, and not go', async (t) => {
  t.strictSame(between({ segments: ['region'] }, { segments: ['region', 'clan'] }), ['safe /segments none -> "clan"'])
  t.strictSame(between({ segments: ['region', 'clan'] }, { segments: ['clan'] }), [
    'corrupting /segments "region" -> none'
  ])
  t.strictSame(between({ segments: ['a', 'b'] }, { segments: ['b', 'a'] }), ['safe /segments ["a","b"] -> ["b","a"]'])
})

test('a season may change until it begins, and its end until it is closed', async (t) => {
  const windows = ['all', 'season']
  const [closed, open, ahead] = [
    season('closed', '01-01', '03-01'),
    season('open', '06-01', '07-01'),
    season('ahead', '08-01', '09-01')
  ]
  const kinds = (before: object[], after: object[]) =>
    changesBetween(boardOf({ windows, seasons: before }), boardOf({ windows, seasons: after }), NOW).map((
      { kind, path }
    ) => `${kind} ${path}`)
  t.strictSame(kinds([closed, open], [closed, open, ahead]), ['safe /seasons/ahead'])
  t.strictSame(kinds([open, ahead], [open]), ['safe /seasons/ahead'])
  t.strictSame(kinds([open, ahead], [open, season('ahead', '08-02', '09-09', 60)]), ['safe /seasons/ahead'])
  t.strictSame(kinds([open], [season('open', '06-01', '07-09', 60)]), ['safe /seasons/open'])
  t.strictSame(
    kinds([open], [{ ...open, start: '2026-06-01T02:00:00+02:00' }]),
    ['safe /seasons/open'],
    'the same moment in other words'
  )
  t.strictSame(kinds([open], [season('open', '06-02', '07-01')]), ['corrupting /seasons/open'], 'start')
  t.strictSame(kinds([open, ahead], [ahead]), ['corrupting /seasons/open'], 'removal')
  t.strictSame(kinds([open], [{ ...open, name: 'other' }]), ['corrupting /seasons/open', 'safe /seasons/other'], 'name')
  t.strictSame(kinds([closed, open], [season('closed', '01-01', '03-02'), open]), ['corrupting /seasons/closed'], 'end')
  t.strictSame(kinds([closed, open], [{ ...closed, grace_seconds: 60 }, open]), ['corrupting /seasons/closed'], 'grace')
  t.strictSame(kinds([season('late', '06-01', '06-15', 86_400)], [season('late', '06-01', '06-16')]), [
    'safe /seasons/late'
  ], 'ended, and not closed yet')
  t.strictSame(
    changesBetween(boardOf({ windows, seasons: [open] }), boardOf({}), NOW).map(({ kind, path }) => `${kind} ${path}`),
    ['corrupting /windows', 'corrupting /seasons/open']
  )
})
