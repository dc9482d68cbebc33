import { Temporal } from 'temporal-polyfill'
import { Type, type Static } from 'typebox'

export const WindowKind = Type.Enum(['all', 'day', 'week', 'month'], {
  description: 'all time, or the running day, ISO week or month in the board\'s time zone'
})
export type WindowKind = Static<typeof WindowKind>

type TimedKind = Exclude<WindowKind, 'all'>

/** What a window is called in keys: `all`, `day:2026-11-21`, `week:2026-W47` or `month:2026-11`. */
export type WindowName = 'all' | `${TimedKind}:${string}`

/** A window as a read is asked for it: a kind means the running one, a name that one, whenever it was. */
export type AskedWindow = WindowKind | WindowName

/** One window of a board: what it is called in keys and where it begins and ends, in ms since 1970. */
export interface Window {
  readonly kind: WindowKind
  readonly name: WindowName
  readonly fromMs: number
  readonly untilMs: number
}

export const DAY_MS = 86_400_000

/** How long a window's scores are kept after its end. */
export const RETENTION_MS: Readonly<Record<WindowKind, number>> = {
  all: Infinity, day: 8 * DAY_MS, week: 5 * 7 * DAY_MS, month: 400 * DAY_MS
}

/** The window of a kind that holds the moment `atMs`, in an IANA time zone; weeks are those of ISO 8601. */
export function windowAt (kind: WindowKind, timeZone: string, atMs: number): Window {
  if (kind === 'all') return { kind, name: 'all', fromMs: -Infinity, untilMs: Infinity }
  return windowOn(kind, timeZone, Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).toPlainDate())
}

/** What the window that is asked for is called, at the moment `atMs`. */
export function windowNameAt (asked: AskedWindow, timeZone: string, atMs: number): WindowName {
  return isWindowKind(asked) ? windowAt(asked, timeZone, atMs).name : asked
}

/** Whether a kind is asked for, and so the running window. */
export function isWindowKind (asked: string): asked is WindowKind {
  return asked === 'all' || Object.hasOwn(CALENDAR, asked)
}

const NAME = /^(day|week|month):(\d{4})-(?:W(\d\d)|(\d\d)(?:-(\d\d))?)$/

/** The window of this name in an IANA time zone; undefined where the calendar knows none. */
export function windowNamed (name: string, timeZone: string): Window | undefined {
  const [, kind, year, week, month, day = 1] = NAME.exec(name) ?? []
  if (kind === undefined) return name === 'all' ? windowAt('all', timeZone, 0) : undefined
  const date = week === undefined
    ? new Temporal.PlainDate(Number(year), 1, 1).add({ months: Number(month) - 1 }).add({ days: Number(day) - 1 })
    : new Temporal.PlainDate(Number(year), 1, 4).add({ weeks: Number(week) - 1 }) // the 4th of January is always in week 1
  const window = windowOn(kind as TimedKind, timeZone, date)
  // A 30th of February or a week 54 is counted on into what comes after, and so has another name.
  return window.name === name ? window : undefined
}

function windowOn (kind: TimedKind, timeZone: string, date: Temporal.PlainDate): Window {
  const { first, length, label } = CALENDAR[kind](date)
  // Midnight by way of the zone: where a clock change skips it, the day begins at its first moment.
  const startOf = (date: Temporal.PlainDate) => date.toZonedDateTime({ timeZone }).epochMilliseconds
  return { kind, name: `${kind}:${label}`, fromMs: startOf(first), untilMs: startOf(first.add(length)) }
}

interface Period { first: Temporal.PlainDate, length: Temporal.DurationLike, label: string }

const CALENDAR: Record<TimedKind, (today: Temporal.PlainDate) => Period> = {
  day: (today) => ({ first: today, length: { days: 1 }, label: today.toString() }),
  week: (today) => ({
    first: today.subtract({ days: today.dayOfWeek - 1 }),
    length: { weeks: 1 },
    label: `${today.yearOfWeek}-W${String(today.weekOfYear).padStart(2, '0')}`
  }),
  month: (today) => ({ first: today.with({ day: 1 }), length: { months: 1 }, label: today.toPlainYearMonth().toString() })
}
