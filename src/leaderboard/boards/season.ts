import { Problem } from '../problem.ts'
import { windowNamed, type Calendar, type Season, type Window } from './window.ts'

/** A season's window, and the time in which writes count for it. */
export interface OpenSeason {
  readonly window: Window
  readonly fromMs: number
  readonly untilMs: number
}

/**
 * The season that a write counts for at `atMs`: the one that a late action names, else the one that runs, else the last while its
 * grace lasts. `named` is one of the board's.
 * @throws Problem `season_closed`
 */
export function openSeason (board: Calendar & { readonly name: string }, atMs: number, named?: string): OpenSeason {
  const candidates = board.seasons.filter(({ name }) => named === undefined || name === named)
  const season = candidates.findLast(({ start }) => Date.parse(start) <= atMs)
  if (season === undefined) throw closed(`The season ${candidates[0]!.name} of the board ${board.name} begins at ${candidates[0]!.start}.`)
  const window = windowNamed(`season:${season.name}`, board)!
  const closesMs = closeOf(season)
  if (atMs >= closesMs) throw closed(`The season ${season.name} of the board ${board.name} has ended; late actions counted until ${new Date(closesMs).toISOString()}.`)
  if (named !== undefined) return { window, fromMs: window.fromMs, untilMs: closesMs }
  const next = board.seasons[board.seasons.indexOf(season) + 1]
  return { window, fromMs: window.fromMs, untilMs: Math.min(closesMs, next === undefined ? Infinity : Date.parse(next.start)) }
}

/** From when on a season takes no late actions any more, and stays as it is for ever, in ms since 1970. */
export function closeOf ({ end, grace_seconds: graceSeconds }: Season): number {
  return Date.parse(end) + graceSeconds * 1000
}

/** The closed season whose window has this name, if it is one. */
export function closedSeason ({ seasons }: Calendar, window: string, atMs: number): Season | undefined {
  return seasons.find((season) => window === `season:${season.name}` && closeOf(season) <= atMs)
}

function closed (detail: string): Problem {
  return new Problem('season_closed', detail)
}
