import fc from 'fast-check'
import { DateTime } from 'luxon'
import { test } from 'tap'
import { calendar } from '../harness/calendar.ts'
import { isWindowKind, windowAt, windowNameAt, windowNamed } from '../../src/leaderboard/window.ts'

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Africa/Cairo', 'Pacific/Apia', 'Australia/Lord_Howe']
const moment = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) })

test('the windows of any moment are those that another calendar library names', async (t) => {
  const FORMAT = { day: "'day:'yyyy-MM-dd", week: "'week:'kkkk-'W'WW", month: "'month:'yyyy-MM" }
  fc.assert(fc.property(moment, fc.constantFrom(...ZONES), fc.constantFrom('day', 'week', 'month'), (atMs, zone, kind) => {
    const window = windowAt(kind, calendar(zone), atMs)
    const local = DateTime.fromMillis(atMs, { zone })
    const expected = { name: local.toFormat(FORMAT[kind]), fromMs: local.startOf(kind).toMillis(), untilMs: local.startOf(kind).plus({ [kind]: 1 }).startOf(kind).toMillis() }
    const found = { name: window.name, fromMs: window.fromMs, untilMs: window.untilMs }
    if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
  }), { numRuns: 5000 })
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
  t.strictSame(names, ['week:2026-W51', 'week:2026-W52', 'week:2026-W53', 'week:2027-W01', 'week:2027-W02', 'week:2027-W03'])
  const spring = windowAt('day', calendar('Europe/Berlin'), Date.UTC(2026, 2, 29, 12))
  const autumn = windowAt('day', calendar('Europe/Berlin'), Date.UTC(2026, 9, 25, 12))
  t.equal((spring.untilMs - spring.fromMs) / 3_600_000, 23)
  t.equal((autumn.untilMs - autumn.fromMs) / 3_600_000, 25)
  t.strictSame(windowAt('all', calendar('UTC'), 0), { kind: 'all', name: 'all', fromMs: -Infinity, untilMs: Infinity })
})

test('every window is found again by its name, and no other text names one', async (t) => {
  fc.assert(fc.property(moment, fc.constantFrom(...ZONES), fc.constantFrom('all', 'day', 'week', 'month'), (atMs, zone, kind) => {
    const window = windowAt(kind, calendar(zone), atMs)
    const found = windowNamed(window.name, calendar(zone))
    if (JSON.stringify(found) !== JSON.stringify(window)) throw new Error(`${window.name} in ${zone}: ${JSON.stringify(found)}`)
  }), { numRuns: 2000 })
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(day|week|month):[0-9]{4}-W?[0-9]{2}(-[0-9]{2})?$/)), (text) => {
    const found = windowNamed(text, calendar('UTC'))
    if (found !== undefined && windowAt(found.kind, calendar('UTC'), found.fromMs).name !== text) throw new Error(`${text} is taken for ${found.name}`)
  }), { numRuns: 2000 })
  for (const text of [
    '', 'day', 'day:', 'all:2026', 'day:2026-11', 'day:2026-02-29', 'day:2026-00-10', 'day:2026-11-00', 'day:2026-13-01', 'day:2026-11-31', 'day:20261120',
    'day:2026-11-20T00', ' day:2026-11-20', 'day:2026-11-20\n', 'day:12026-11-20', 'day:-2026-11-20', 'day:2026-W47', 'week:2026-47', 'week:2026-W00',
    'week:2025-W53', 'week:2026-W54', 'week:2026-00-10', 'day:0000-00-00', 'month:2026-11-20', 'month:2026-00', 'month:2026-13', 'year:2026', 'season:1', 'day:٢٠٢٦-١١-٢٠', '__proto__'
  ]) t.equal(windowNamed(text, calendar('UTC')), undefined, JSON.stringify(text))
  t.equal(windowNamed('week:2026-W53', calendar('UTC'))?.untilMs, Date.UTC(2027, 0, 4))
  t.equal(windowNamed('day:2026-11-20', calendar('Asia/Tokyo'))?.fromMs, Date.UTC(2026, 10, 19, 15))
  t.ok(windowNamed('day:0000-01-01', calendar('UTC')) && windowNamed('week:9999-W52', calendar('UTC')), 'at either end of four digits too')
})

test('a kind means the running window, and a name is one', async (t) => {
  const noon = Date.UTC(2026, 10, 21, 12)
  t.equal(windowNameAt('day', calendar('UTC'), noon), 'day:2026-11-21')
  t.equal(windowNameAt('day:2026-11-20', calendar('UTC'), noon), 'day:2026-11-20')
  t.equal(windowNameAt('all', calendar('UTC'), noon), 'all')
  t.strictSame(['all', 'day', 'day:2026-11-20', 'constructor'].map(isWindowKind), [true, true, false, false])
})
