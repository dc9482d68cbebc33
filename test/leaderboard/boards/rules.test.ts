// Tests of leaderboard, boards, rules: absent rules take their defaults.
import { test } from 'tap'
import { HEAD_SIZE, MAX_SCORE, parseRules } from '../../../src/leaderboard/boards/rules.ts'

const parse = (rules: unknown) => parseRules({ boards: { cup: rules } })
const problemsOf = (rules: unknown): string[] => {
  const parsed = parse(rules)
  return 'problems' in parsed ? parsed.problems : []
}
const revisionOf = (rules: unknown) => {
  const parsed = parse(rules)
  return 'boards' in parsed ? parsed.boards[0]!.revision : undefined
}
const season = (start: string, end: string, name = 'one') => ({ name, start, end })
const seasons = (...seasons: object[]) => ({ windows: ['season'], seasons })

test('absent rules take their defaults', async (t) => {
  t.match(parse({}), {
    boards: [{
      name: 'cup',
      order: 'desc',
      operator: 'increment',
      windows: ['all'],
      time_zone: 'UTC',
      week_start: 'monday',
      seasons: [],
      retention: { day: 8, week: 35, month: 400 },
      segments: [],
      visibility: 'public',
      max_increment: 1000,
      max_score: MAX_SCORE,
      quota: { increments: 600, per_seconds: 60 },
      actions: {},
      client_increments: true,
      proof: 'none',
      head_size: HEAD_SIZE
    }]
  })
  t.match(
    parse({ retention: { day: 3 } }),
    { boards: [{ retention: { day: 3, week: 35, month: 400 } }] },
    'inside of rules too'
  )
  const content = { boards: { cup: {} } }
  parseRules(content)
  t.strictSame(content, { boards: { cup: {} } }, 'and what came stays as it is')
})

test('a revision names the rules, whatever their order', async (t) => {
  t.equal(revisionOf({ order: 'asc', max_score: 5 }), revisionOf({ max_score: 5, order: 'asc' }))
  t.equal(revisionOf({}), revisionOf({ order: 'desc', quota: { per_seconds: 60, increments: 600 } }))
  const others = [
    { order: 'asc' },
    { operator: 'best' },
    { windows: ['all', 'day'] },
    { windows: ['day', 'all'] },
    { max_score: 5 },
    { segments: ['a'] },
    { retention: { day: 7 } }
  ]
  t.equal(new Set([{}, ...others].map(revisionOf)).size, others.length + 1)
  t.match(revisionOf({}), /^[\w-]{16}$/)
})

test('rules that contradict each other are all named', async (t) => {
  const january = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'] as const
  const february = ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'] as const
  const table: Array<[object, string[]]> = [
    [{ time_zone: 'Mars/Olympus' }, ['/boards/cup/time_zone is not an IANA time zone: Mars/Olympus']],
    [{ windows: ['season'] }, ['/boards/cup/seasons and the window season need each other']],
    [{ seasons: [season(...january)] }, ['/boards/cup/seasons and the window season need each other']],
    [seasons(season(...january), season(...february, 'two')), []],
    [seasons(season(...january), season(...february)), ['/boards/cup/seasons must have different names']],
    [seasons(season(...february), season(...january, 'two')), [
      '/boards/cup/seasons/1/start must not be before the end of the season before'
    ]],
    [seasons(season(january[0], february[1]), season(...february, 'two')), [
      '/boards/cup/seasons/1/start must not be before the end of the season before'
    ]],
    [seasons(season(january[1], january[0])), ['/boards/cup/seasons/0/end must be after its start']],
    [seasons(season(january[0], january[0])), ['/boards/cup/seasons/0/end must be after its start']],
    [seasons(season('2026-02-30T00:00:00Z', '2026-04-01T00:00:00Z')), [
      '/boards/cup/seasons/0 has a start or end that is no date of the calendar'
    ]],
    [seasons(season('2026-01-01T00:00:00Z', '2026-04-31T00:00:00+01:00')), [
      '/boards/cup/seasons/0 has a start or end that is no date of the calendar'
    ]],
    [seasons(season('2026-01-01T00:00:00Z', '2026-13-01T00:00:00Z')), [
      '/boards/cup/seasons/0 has a start or end that is no date of the calendar'
    ]],
    [seasons(season('2026-01-01T25:00:00Z', '2026-02-01T00:00:00Z')), [
      '/boards/cup/seasons/0 has a start or end that is no date of the calendar'
    ]],
    [seasons(season('2026-01-01T00:00:00+25:00', '2026-02-01T00:00:00Z')), [
      '/boards/cup/seasons/0 has a start or end that is no date of the calendar'
    ]],
    [{ operator: 'best', actions: { win: { points: 1 } } }, [
      '/boards/cup/actions give points, and a board with the operator best takes scores'
    ]],
    [{ operator: 'latest', proof: 'grant', time_zone: '' }, [
      '/boards/cup/time_zone is not an IANA time zone: ',
      '/boards/cup/proof is for points, and a board with the operator latest takes scores'
    ]]
  ]
  for (const [rules, problems] of table) t.strictSame(problemsOf(rules), problems, JSON.stringify(rules))
})

test('what no rule can be is refused with its path', async (t) => {
  const table: Array<[object, RegExp]> = [
    [{ order: 'up' }, /^\/boards\/cup\/order .*desc, asc/],
    [{ operator: 'max' }, /operator/],
    [{ windows: [] }, /windows/],
    [{ windows: ['all', 'all'] }, /windows/],
    [{ windows: ['year'] }, /windows\/0/],
    [{ week_start: 'Monday' }, /week_start/],
    [{ segments: ['Region'] }, /segments\/0/],
    [{ segments: ['a', 'a'] }, /segments/],
    [{ segments: ['a', 'b', 'c', 'd', 'e'] }, /segments/],
    [{ retention: { day: 0 } }, /retention\/day/],
    [{ retention: { day: 401 } }, /retention\/day/],
    [{ retention: { all: 1 } }, /retention .*all/],
    [{ head_size: 99 }, /head_size/],
    [{ head_size: 257 }, /head_size/],
    [{ max_score: MAX_SCORE + 1 }, /max_score/],
    [{ max_increment: 0 }, /max_increment/],
    [{ max_increment: 1.5 }, /max_increment/],
    [{ max_increment: '5' }, /max_increment/],
    [{ quota: { increments: 1 } }, /quota/],
    [seasons(season('2026-01-01', '2026-02-01')), /seasons\/0\/start/],
    [seasons({ ...season('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'), grace_seconds: 604_801 }), /grace/],
    [{ proof: true }, /proof/],
    [{ colour: 'red' }, /colour/]
  ]
  for (const [rules, problem] of table) t.match(problemsOf(rules)[0], problem, JSON.stringify(rules))
  for (
    const content of [undefined, null, [], {}, { boards: {} }, { boards: { Cup: {} } }, { boards: { cup: null } }, {
      boards: { cup: {} },
      more: 1
    }]
  ) {
    t.ok('problems' in parseRules(content), JSON.stringify(content))
  }
})
