import type { Calendar } from '../../src/leaderboard/window.ts'

/** The calendar of a board in a time zone, with weeks from Monday and no seasons. */
export const calendar = (timeZone: string, more: Partial<Calendar> = {}): Calendar => ({ time_zone: timeZone, week_start: 'monday', seasons: [], ...more })
