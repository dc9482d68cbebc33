// The calendar of a board in a time zone, with weeks from Monday and no seasons.
import { DateTime } from 'luxon'
import type { Calendar, WindowKind } from '../../../src/leaderboard/boards/window.ts'

/** The calendar of a board in a time zone, with weeks from Monday and no seasons. */
export const calendar = (timeZone: string, more: Partial<Calendar> = {}): Calendar => ({
  time_zone: timeZone,
  week_start: 'monday',
  seasons: [],
  ...more
})

/** Where weeks begin with a day, by a region in which they do. */
const REGION = { monday: 'en-GB', saturday: 'ar-EG', sunday: 'en-US' } as const
const FORMAT = { day: "'day:'yyyy-MM-dd", month: "'month:'yyyy-MM" } as const

/** The window of a kind that holds a moment, by another calendar library; weeks begin on Monday, Saturday or Sunday. */
export function windowByLuxon (
  kind: Exclude<WindowKind, 'season'>,
  { time_zone: zone, week_start: weekStart }: Calendar,
  atMs: number
) {
  if (kind === 'all') return { name: 'all', fromMs: -Infinity, untilMs: Infinity }
  const local = DateTime.fromMillis(atMs, { zone, locale: REGION[weekStart as keyof typeof REGION] })
  const start = (moment: DateTime) => moment.startOf(kind, { useLocaleWeeks: true })
  const first = start(local)
  const until = start(first.plus({ [kind]: 1 }))
  const name = kind === 'week'
    ? first.plus({ days: 3 }).reconfigure({ locale: 'en-GB' }).toFormat("'week:'kkkk-'W'WW")
    : local.reconfigure({ locale: 'en-GB' }).toFormat(FORMAT[kind])
  return { name, fromMs: first.toMillis(), untilMs: until.toMillis() }
}
