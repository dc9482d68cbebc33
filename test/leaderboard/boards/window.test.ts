// Tests of leaderboard, boards, window: the windows of any moment are those that another calendar library names.
import fc from 'fast-check'
import { DateTime } from 'luxon'
import { test } from 'tap'
import { calendar, windowByLuxon } from '../../harness/models/calendar.ts'
import {
  DAY_MS,
  isWindowKind,
  windowAt,
  windowNameAt,
  windowNamed,
  type Season
} from '../../../src/leaderboard/boards/window.ts'

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Tokyo',
  'Asia/Kathmandu',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Pacific/Apia',
  'Australia/Lord_Howe'
]
const moment = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) })

test('the windows of any moment are those that another calendar library names', async (t) => {
  const FORMAT = { day: "'day:'yyyy-MM-dd", week: "'week:'kkkk-'W'WW", month: "'month:'yyyy-MM" }
  fc.assert(
    fc.property(moment, fc.constantFrom(...ZONES), fc.constantFrom('day', 'week', 'month'), (atMs, zone, kind) => {
      const window = windowAt(kind, calendar(zone), atMs)
      const local = DateTime.fromMillis(atMs, { zone })
      const expected = {
        name: local.toFormat(FORMAT[kind]),
        fromMs: local.startOf(kind).toMillis(),
        untilMs: local.startOf(kind).plus({ [kind]: 1 }).startOf(kind).toMillis()
      }
      const found = { name: window.name, fromMs: window.fromMs, untilMs: window.untilMs }
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
      }
    }),
    { numRuns: 5000 }
  )
  t.pass('5,000 moments in nine zones')
})

test('each window ends where the next begins, also where the clocks change and years have 53 weeks', async (t) => {
  const names = []
  for (let atMs = Date.UTC(2026, 11, 20); atMs < Date.UTC(2027, 0, 20);) {
    const week = windowAt('week', calendar('Europe/Berlin'), atMs)
    names.push(week.name)
    t.equal(windowAt('week', calendar('Europe/Berlin'), week.untilMs - 1).name, week.name)
    atMs = week.untilMs
  }
  t.strictSame(names, [
    'week:2026-W51',
    'week:2026-W52',
    'week:2026-W53',
    'week:2027-W01',
    'week:2027-W02',
    'week:2027-W03'
  ])
  const spring = windowAt('day', calendar('Europe/Berlin'), Date.UTC(2026, 2, 29, 12))
  const autumn = windowAt('day', calendar('Europe/Berlin'), Date.UTC(2026, 9, 25, 12))
  t.equal((spring.untilMs - spring.fromMs) / 3_600_000, 23)
  t.equal((autumn.untilMs - autumn.fromMs) / 3_600_000, 25)
  t.strictSame(windowAt('all', calendar('UTC'), 0), { kind: 'all', name: 'all', fromMs: -Infinity, untilMs: Infinity })
})

test('every window is found again by its name, and no other text names one', async (t) => {
  fc.assert(
    fc.property(
      moment,
      fc.constantFrom(...ZONES),
      fc.constantFrom('all', 'day', 'week', 'month'),
      (atMs, zone, kind) => {
        const window = windowAt(kind, calendar(zone), atMs)
        const found = windowNamed(window.name, calendar(zone))
        if (JSON.stringify(found) !== JSON.stringify(window)) {
          throw new Error(
            `${window.name} in ${zone}: ${JSON.stringify(found)}`
          )
        }
      }
    ),
    { numRuns: 2000 }
  )
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^(day|week|month):[0-9]{4}-W?[0-9]{2}(-[0-9]{2})?$/)),
      (text) => {
        const found = windowNamed(text, calendar('UTC'))
        if (found !== undefined && windowAt(found.kind, calendar('UTC'), found.fromMs).name !== text) {
          throw new Error(
            `${text} is taken for ${found.name}`
          )
        }
      }
    ),
    { numRuns: 2000 }
  )
  for (
    const text of [
      '',
      'day',
      'day:',
      'all:2026',
      'day:2026-11',
      'day:2026-02-29',
      'day:2026-00-10',
      'day:2026-11-00',
      'day:2026-13-01',
      'day:2026-11-31',
      'day:20261120',
      'day:2026-11-20T00',
      ' day:2026-11-20',
      'day:2026-11-20\n',
      'day:12026-11-20',
      'day:-2026-11-20',
      'day:2026-W47',
      'week:2026-47',
      'week:2026-W00',
      'week:2025-W53',
      'week:2026-W54',
      'week:2026-00-10',
      'day:0000-00-00',
      'month:2026-11-20',
      'month:2026-00',
      'month:2026-13',
      'year:2026',
      'season:1',
      'day:٢٠٢٦-١١-٢٠',
      '__proto__'
    ]
  ) t.equal(windowNamed(text, calendar('UTC')), undefined, JSON.stringify(text))
  t.equal(windowNamed('week:2026-W53', calendar('UTC'))?.untilMs, Date.UTC(2027, 0, 4))
  t.equal(windowNamed('day:2026-11-20', calendar('Asia/Tokyo'))?.fromMs, Date.UTC(2026, 10, 19, 15))
  t.ok(
    windowNamed('day:0000-01-01', calendar('UTC')) && windowNamed('week:9999-W52', calendar('UTC')),
    'at either end of four digits too'
  )
})

test('a kind means the running window, and a name is one', async (t) => {
  const noon = Date.UTC(2026, 10, 21, 12)
  t.equal(windowNameAt('day', calendar('UTC'), noon), 'day:2026-11-21')
  t.equal(windowNameAt('day:2026-11-20', calendar('UTC'), noon), 'day:2026-11-20')
  t.equal(windowNameAt('all', calendar('UTC'), noon), 'all')
  t.strictSame(['all', 'day', 'day:2026-11-20', 'constructor'].map(isWindowKind), [true, true, false, false])
})

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

test('whatever day weeks begin with, each has one name and each name one week', async (t) => {
  for (const [n, weekStart] of WEEKDAYS.entries()) {
    const weeks = calendar('UTC', { week_start: weekStart })
    const names = new Set<string>()
    const wrong: string[] = []
    const endMs = Date.UTC(2041, 0)
    for (let atMs = Date.UTC(2000, 0, 15); atMs < endMs;) {
      const week = windowAt('week', weeks, atMs)
      if (
        week.fromMs > atMs || week.untilMs - week.fromMs !== 7 * DAY_MS ||
        new Date(week.fromMs).getUTCDay() !== (n + 1) % 7
      ) wrong.push(`where ${week.name} lies`)
      if (names.has(week.name)) wrong.push(`${week.name} twice`)
      if (JSON.stringify(windowNamed(week.name, weeks)) !== JSON.stringify(week)) wrong.push(`${week.name} by its name`)
      names.add(week.name)
      atMs = week.untilMs
    }
    const years = Array.from({ length: 40 }, (_, n) => 2001 + n)
    const all = years.flatMap((year) =>
      Array.from(
        { length: DateTime.utc(year, 6).weeksInWeekYear },
        (_, week) => `week:${year}-W${String(week + 1).padStart(2, '0')}`
      )
    )
    t.strictSame([wrong, all.filter((name) => !names.has(name))], [[], []], `${names.size} weeks from ${weekStart} on`)
    t.strictSame(
      years.flatMap((year) => windowNamed(`week:${year}-W${DateTime.utc(year, 6).weeksInWeekYear + 1}`, weeks) ?? []),
      [],
      'and no year has one more'
    )
  }
})

test('weeks begin on the day that another calendar library begins them with', async (t) => {
  fc.assert(
    fc.property(
      moment,
      fc.constantFrom(...ZONES),
      fc.constantFrom('monday', 'saturday', 'sunday'),
      (atMs, zone, weekStart) => {
        const zoned = calendar(zone, { week_start: weekStart })
        const { name, fromMs, untilMs } = windowAt('week', zoned, atMs)
        const expected = windowByLuxon('week', zoned, atMs)
        if (JSON.stringify({ name, fromMs, untilMs }) !== JSON.stringify(expected)) {
          throw new Error(
            `${name} instead of ${JSON.stringify(expected)}`
          )
        }
        if (JSON.stringify(windowNamed(name, zoned)) !== JSON.stringify(windowAt('week', zoned, atMs))) {
          throw new Error(
            `${name} in ${zone}`
          )
        }
      }
    ),
    { numRuns: 2000 }
  )
  t.pass('2,000 moments in nine zones')
})

test("a season's window is the one that runs or has begun last", async (t) => {
  const season = (name: string, start: string, end: string): Season => ({ name, start, end, grace_seconds: 60 })
  const seasons = calendar('Asia/Tokyo', {
    seasons: [
      season('one', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
      season('two', '2026-03-01T00:00:00+01:00', '2026-04-01T00:00:00Z')
    ]
  })
  const at = (text: string) => windowAt('season', seasons, Date.parse(text)).name
  t.equal(at('2025-12-31T23:59:59.999Z'), 'season:one', 'before the first')
  t.equal(at('2026-01-01T00:00:00Z'), 'season:one')
  t.equal(at('2026-02-28T22:59:59.999Z'), 'season:one', 'between the two')
  t.equal(at('2026-02-28T23:00:00Z'), 'season:two', 'from its start in whatever offset')
  t.equal(at('2030-01-01T00:00:00Z'), 'season:two', 'after the last')
  t.strictSame(windowNamed('season:two', seasons), windowAt('season', seasons, Date.UTC(2026, 2, 15)))
  t.strictSame(windowNamed('season:two', seasons), {
    kind: 'season',
    name: 'season:two',
    fromMs: Date.UTC(2026, 1, 28, 23),
    untilMs: Date.UTC(2026, 3, 1)
  })
  t.strictSame(['season:', 'season:three', 'season:two ', 'season'].map((name) => windowNamed(name, seasons)), [
    undefined,
    undefined,
    undefined,
    undefined
  ])
})
