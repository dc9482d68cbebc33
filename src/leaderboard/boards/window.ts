// The windows of a board: all time, days, weeks, months and seasons, and where each begins and ends.
import { Temporal } from 'temporal-polyfill'
import { Type, type Static } from 'typebox'
import { BOARD_NAME } from '../identifiers.ts'

export const WindowKind = Type.Enum(['all', 'day', 'week', 'month', 'season'], {
  description: "All time; the running day, week or month in the board's time zone; or the running or last season"
})
export type WindowKind = Static<typeof WindowKind>

type CalendarKind = Exclude<WindowKind, 'all' | 'season'>

/** The name of a window in keys: `all`, `day:2026-11-21`, `week:2026-W47`, `month:2026-11` or `season:<name>`. */
export type WindowName = 'all' | `${CalendarKind | 'season'}:${string}`

/** A window as a read asks for it: a kind means the running one, a name means a fixed one. */
export type AskedWindow = WindowKind | WindowName

/** One window of a board: its name in keys, its first moment, and the first moment after it, in ms since 1970. */
export interface Window {
  readonly kind: WindowKind
  readonly name: WindowName
  readonly fromMs: number
  readonly untilMs: number
}

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

export const WeekStart = Type.Enum([...WEEKDAYS], { default: 'monday', description: 'The first day of a week' })

/** A pattern for a date and time with seconds and an offset (RFC 3339, section 5.6). */
export const RFC_3339 = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T' +
  '[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?(Z|[+-][0-9]{2}:[0-9]{2})$'

/** Whether a date exists. `Date.parse` accepts 30 February and returns a day in March. */
export function isMoment (text: string): boolean {
  const date = text.slice(0, 10)
  return !Number.isNaN(Date.parse(text)) && new Date(date).toISOString().startsWith(date)
}

export const Season = Type.Object({
  name: Type.String({ pattern: BOARD_NAME, description: 'Its window is called season:<name>' }),
  start: Type.String({ pattern: RFC_3339, description: 'RFC 3339' }),
  end: Type.String({ pattern: RFC_3339, description: 'RFC 3339; the season ends before this moment' }),
  grace_seconds: Type.Integer({
    minimum: 0,
    maximum: 7 * 86_400,
    default: 0,
    description: 'Seconds after its end during which late actions still count'
  })
}, { additionalProperties: false })
export type Season = Static<typeof Season>

/** The rules that decide where a board's windows begin and end. */
export interface Calendar {
  /** IANA name. */
  readonly time_zone: string
  readonly week_start: typeof WEEKDAYS[number]
  /** In order and without overlap; at least one if the board has the window `season`. */
  readonly seasons: readonly Season[]
}

export const DAY_MS = 86_400_000

/**
 * The window of a kind that contains the moment `atMs`, in ms since 1970. For seasons it is the last one that has
 * begun;
 * before the first one begins, it is the first.
 */
export function windowAt (kind: WindowKind, calendar: Calendar, atMs: number): Window {
  if (kind === 'all') return { kind, name: 'all', fromMs: -Infinity, untilMs: Infinity }
  if (kind === 'season') {
    const { seasons } = calendar
    return windowOfSeason(seasons.findLast(({ start }) => Date.parse(start) <= atMs) ?? seasons[0]!)
  }
  const moment = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(calendar.time_zone)
  return windowOn(kind, calendar, moment.toPlainDate())
}

/** The name of the window that a read asks for, at the moment `atMs` in ms since 1970. */
export function windowNameAt (asked: AskedWindow, calendar: Calendar, atMs: number): WindowName {
  return isWindowKind(asked) ? windowAt(asked, calendar, atMs).name : asked
}

/** Whether a read asks for a kind, and so for the running window. */
export function isWindowKind (asked: string): asked is WindowKind {
  return asked === 'all' || asked === 'season' || Object.hasOwn(CALENDAR, asked)
}

const NAME = /^(day|week|month):(\d{4})-(?:W(\d\d)|(\d\d)(?:-(\d\d))?)$/
/** Days from the first day of a week to the day whose ISO week gives the number: Thursday, if weeks begin on Monday. */
const TO_MIDDLE = 3

/** The window of this name; undefined if the calendar has no such window. */
export function windowNamed (name: string, calendar: Calendar): Window | undefined {
  if (name.startsWith('season:')) {
    const season = calendar.seasons.find((season) => windowOfSeason(season).name === name)
    return season && windowOfSeason(season)
  }
  const [, kind, year, week, month, day = 1] = NAME.exec(name) ?? []
  if (kind === undefined) return name === 'all' ? windowAt('all', calendar, 0) : undefined
  const date = week === undefined
    ? new Temporal.PlainDate(Number(year), 1, 1).add({ months: Number(month) - 1 }).add({ days: Number(day) - 1 })
    : dayOfWeek(calendar, Number(year), Number(week))
  const window = windowOn(kind as CalendarKind, calendar, date)
  // 30 February and week 54 become later dates, so the window has another name.
  return window.name === name ? window : undefined
}

/** When the running window ends or, between seasons, the next one begins, in ms since 1970; undefined means never. */
export function nextResetMs (kind: WindowKind, calendar: Calendar, atMs: number): number | undefined {
  if (kind === 'all') return undefined
  if (kind !== 'season') return windowAt(kind, calendar, atMs).untilMs
  const bordersMs = calendar.seasons.flatMap(({ start, end }) => [Date.parse(start), Date.parse(end)])
  return bordersMs.find((borderMs) => borderMs > atMs)
}

/** The middle day of the week with this number; it lies in the ISO week of the same number. */
function dayOfWeek ({ week_start: weekStart }: Calendar, year: number, week: number): Temporal.PlainDate {
  // 4 January is always in ISO week 1.
  const fourth = new Temporal.PlainDate(year, 1, 4).add({ weeks: week - 1 })
  const middle = (WEEKDAYS.indexOf(weekStart) + TO_MIDDLE) % 7
  return fourth.add({ days: middle - (fourth.dayOfWeek - 1) })
}

function windowOfSeason ({ name, start, end }: Season): Window {
  return { kind: 'season', name: `season:${name}`, fromMs: Date.parse(start), untilMs: Date.parse(end) }
}

function windowOn (kind: CalendarKind, calendar: Calendar, date: Temporal.PlainDate): Window {
  const { first, length, label } = CALENDAR[kind](date, calendar)
  // The zone gives midnight: if a clock change skips it, the day begins at its first moment.
  const startOf = (date: Temporal.PlainDate) => date.toZonedDateTime({ timeZone: calendar.time_zone }).epochMilliseconds
  return { kind, name: `${kind}:${label}`, fromMs: startOf(first), untilMs: startOf(first.add(length)) }
}

interface Period {
  first: Temporal.PlainDate
  length: Temporal.DurationLike
  label: string
}

const CALENDAR: Record<CalendarKind, (date: Temporal.PlainDate, calendar: Calendar) => Period> = {
  day: (date) => ({ first: date, length: { days: 1 }, label: date.toString() }),
  week (date, { week_start: weekStart }) {
    const first = date.subtract({ days: (date.dayOfWeek - 1 - WEEKDAYS.indexOf(weekStart) + 7) % 7 })
    const { yearOfWeek, weekOfYear } = first.add({ days: TO_MIDDLE })
    return { first, length: { weeks: 1 }, label: `${yearOfWeek}-W${String(weekOfYear).padStart(2, '0')}` }
  },
  month: (date) => ({ first: date.with({ day: 1 }), length: { months: 1 }, label: date.toPlainYearMonth().toString() })
}
