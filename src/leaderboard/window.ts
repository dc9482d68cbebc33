import { Temporal } from 'temporal-polyfill'
import { Type, type Static } from 'typebox'

export const WindowKind = Type.Enum(['all', 'day', 'week', 'month'], {
  description: 'all time, or the running day, ISO week or month in the board\'s time zone'
})
export type WindowKind = Static<typeof WindowKind>

/** One window of a board: what it is called in keys and where it begins and ends, in ms since 1970. */
export interface Window {
  readonly kind: WindowKind
  /** `all`, `day:2026-11-21`, `week:2026-W47` or `month:2026-11`. */
  readonly name: string
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
  const today = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).toPlainDate()
  const { first, length, label } = CALENDAR[kind](today)
  // Midnight by way of the zone: where a clock change skips it, the day begins at its first moment.
  const startOf = (date: Temporal.PlainDate) => date.toZonedDateTime({ timeZone }).epochMilliseconds
  return { kind, name: `${kind}:${label}`, fromMs: startOf(first), untilMs: startOf(first.add(length)) }
}

interface Period { first: Temporal.PlainDate, length: Temporal.DurationLike, label: string }

const CALENDAR: Record<Exclude<WindowKind, 'all'>, (today: Temporal.PlainDate) => Period> = {
  day: (today) => ({ first: today, length: { days: 1 }, label: today.toString() }),
  week: (today) => ({
    first: today.subtract({ days: today.dayOfWeek - 1 }),
    length: { weeks: 1 },
    label: `${today.yearOfWeek}-W${String(today.weekOfYear).padStart(2, '0')}`
  }),
  month: (today) => ({ first: today.with({ day: 1 }), length: { months: 1 }, label: today.toPlainYearMonth().toString() })
}
