// 400 days of actions in six time zones: each lands in the windows that another calendar library names, and in no
// others.
import { DateTime } from 'luxon'
import { test, type Test } from 'tap'
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import { DAY_MS } from '../../../src/leaderboard/boards/window.ts'
import { windowByLuxon } from '../../harness/models/calendar.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import type { Fault } from '../../harness/models/scripts.ts'
import { openStoreWithClock } from '../../harness/models/set-clock.ts'
import { freshBoard, increment } from '../../harness/servers/store.ts'

const CALENDARS = [
  { time_zone: 'Europe/Berlin', week_start: 'monday' },
  { time_zone: 'America/New_York', week_start: 'sunday' },
  { time_zone: 'Africa/Cairo', week_start: 'saturday' },
  { time_zone: 'Australia/Lord_Howe', week_start: 'monday' },
  { time_zone: 'America/Santiago', week_start: 'sunday' },
  { time_zone: 'Asia/Kolkata', week_start: 'saturday' }
] as const
const KINDS = ['all', 'day', 'week', 'month'] as const
const USERS = ['ada', 'bob', 'cleo']
const RETENTION = { day: 8, week: 35, month: 400 }

/**
 * The next 1st of December, in UTC, of a year with 53 weeks: what follows has all that calendars are feared for,
 * whenever the test runs.
 */
function startOfDays (): DateTime {
  const years = Array.from({ length: 10 }, (_, n) => DateTime.utc().year + n)
  return years.map((year) => DateTime.utc(year, 12, 1)).find((first) =>
    first.weeksInWeekYear === 53 && first.toMillis() > Date.now() + DAY_MS
  )!
}

/**
 * For each of a zone's days the end of the day before, its own first ms, and one moment in between, in the order of
 * time.
 */
function momentsOf (zone: string, days: number): number[] {
  const first = startOfDays().setZone(zone, { keepLocalTime: true })
  return Array.from({ length: days }, (_, n) => {
    const day = first.plus({ days: n }).startOf('day').toMillis()
    // A store that learns the time may be a ms ahead; a real clock goes on meanwhile.
    return [day - 2, day, day + (n * 7919 + 1) % 1380 * 60_000]
  }).flat()
}

type Scores = Map<string, number>

const add = (scores: Scores, key: string, points: number) => scores.set(key, (scores.get(key) ?? 0) + points)
const sorted = (scores: Scores) => [...scores].sort(([a], [b]) => a < b ? -1 : 1)

/** All that the board's windows hold: what each user has in each, by `window user`. */
async function scoresOf ({ client }: TestRedis, { name }: Board): Promise<Scores> {
  const prefix = `sw:{${name}}:z:`
  const scores: Scores = new Map()
  for (const key of await client.keys(`${prefix}*`)) {
    const cells = await client.zrange(key, '0', '-1', 'WITHSCORES')
    for (let n = 0; n < cells.length; n += 2) {
      scores.set(`${key.slice(prefix.length)} ${cells[n]}`, Number(cells[n + 1]))
    }
  }
  return scores
}

/** Sums over the days of each month, and over all months, by `window user`. */
function sumsOf (scores: Scores): Scores {
  const sums: Scores = new Map()
  for (const [key, score] of scores) {
    const [, kind, month, user] = /^(day|month):(\d{4}-\d\d).* (.*)$/.exec(key) ?? []
    if (kind === 'day') add(sums, `month:${month} ${user}`, score)
    if (kind === 'month') add(sums, `all ${user}`, score)
  }
  return sums
}

interface Lived {
  readonly board: Board
  readonly expected: Scores
  /** When each window's key is to go. */
  readonly ends: ReadonlyMap<string, number>
  readonly refused: string[]
}

/** Does the actions of so many days on a board of each zone, which each have their own clock. */
async function live (t: Test, redis: TestRedis, { days, fault }: { days: number, fault?: Fault }): Promise<Lived[]> {
  return await Promise.all(CALENDARS.map(async (calendar) => {
    const board = freshBoard({ ...calendar, windows: KINDS, retention: RETENTION })
    const moments = momentsOf(board.time_zone, days)
    const clock = await openStoreWithClock(t, redis, moments[0]!, fault)
    const expected: Scores = new Map()
    const ends = new Map<string, number>()
    const refused: string[] = []
    for (const [n, atMs] of moments.entries()) {
      const [user, points] = [USERS[n * 5 % 7 % USERS.length]!, 1 + n % 9]
      await clock.set(atMs, n % 3 * 400)
      const { result } = await clock.store.applyIncrement(board, increment(user, points))
      if (result !== 'applied') refused.push(`at ${atMs}: ${result}`)
      for (const kind of KINDS) {
        const window = windowByLuxon(kind, board, atMs)
        add(expected, `${window.name} ${user}`, points)
        if (kind !== 'all') ends.set(`sw:{${board.name}}:z:${window.name}`, window.untilMs + RETENTION[kind] * DAY_MS)
      }
    }
    return { board, expected, ends, refused }
  }))
}

test('400 days in six time zones: every action counts in its windows and no others, and the days sum to months and to all', async (t) => {
  const redis = await startRedis(t)
  for (const { board, expected, ends, refused } of await live(t, redis, { days: 400 })) {
    t.strictSame(refused, [], `${board.time_zone}: all 1,200 actions counted`)
    const found = await scoresOf(redis, board)
    t.strictSame(sorted(found), sorted(expected), `${expected.size} scores`)
    t.strictSame(
      sorted(sumsOf(found)),
      sorted(new Map([...found].filter(([key]) => /^(month|all)/.test(key)))),
      'days sum to months, and months to all'
    )
    const kept = await Promise.all(
      [...ends.keys()].map(async (
        key
      ): Promise<[string, number]> => [key, Number(await redis.client.call('PEXPIRETIME', key))])
    )
    t.strictSame(kept, [...ends], `${ends.size} windows are kept as long as they can be read`)
    t.ok([...ends.keys()].some((key) => key.endsWith('-W53')), 'there was a week 53')
  }
})

test('a script that takes the keys of another time is found', async (t) => {
  const redis = await startRedis(t)
  for (
    const [sound, faulty] of [['now_ms < from_ms or', ''], ['or now_ms >= until_ms', ''], [
      'now_ms >= until_ms',
      'now_ms >= until_ms + 500'
    ]] as const
  ) {
    const lives = await live(t, redis, { days: 10, fault: { script: 'scoring/increment.lua', sound, faulty } })
    const found = await Promise.all(lives.map(async ({ board }) => sorted(await scoresOf(redis, board))))
    t.notSame(found, lives.map(({ expected }) => sorted(expected)), `${sound} -> ${faulty}`)
  }
})
