import fc from 'fast-check'
import { DateTime } from 'luxon'
import { test } from 'tap'
import { windowAt } from '../../src/leaderboard/window.ts'

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Africa/Cairo', 'Pacific/Apia', 'Australia/Lord_Howe']
const moment = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) })

test('the windows of any moment are those that another calendar library names', async (t) => {
  const FORMAT = { day: "'day:'yyyy-MM-dd", week: "'week:'kkkk-'W'WW", month: "'month:'yyyy-MM" }
  fc.assert(fc.property(moment, fc.constantFrom(...ZONES), fc.constantFrom('day', 'week', 'month'), (atMs, zone, kind) => {
    const window = windowAt(kind, zone, atMs)
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
    const week = windowAt('week', 'Europe/Berlin', atMs)
    names.push(week.name)
    t.equal(windowAt('week', 'Europe/Berlin', week.untilMs - 1).name, week.name)
    atMs = week.untilMs
  }
  t.strictSame(names, ['week:2026-W51', 'week:2026-W52', 'week:2026-W53', 'week:2027-W01', 'week:2027-W02', 'week:2027-W03'])
  const spring = windowAt('day', 'Europe/Berlin', Date.UTC(2026, 2, 29, 12))
  const autumn = windowAt('day', 'Europe/Berlin', Date.UTC(2026, 9, 25, 12))
  t.equal((spring.untilMs - spring.fromMs) / 3_600_000, 23)
  t.equal((autumn.untilMs - autumn.fromMs) / 3_600_000, 25)
  t.strictSame(windowAt('all', 'UTC', 0), { kind: 'all', name: 'all', fromMs: -Infinity, untilMs: Infinity })
})
