// Which season a write counts for, and when a season closes.
import { Problem } from '../problem.ts'
import { windowNamed, type Calendar, type Season, type Window } from './window.ts'

/** A season's window, and the time during which writes count for it, in ms since 1970. */
interface OpenSeason {
  readonly window: Window
  readonly fromMs: number
  readonly untilMs: number
}

/**
 * The season that a write counts for at `atMs`, in ms since 1970: the one that a late action names, otherwise the
 * running one, otherwise the last one during its grace period. `named` must be a season of the board.
 * @throws Problem `season_closed`
 */
export function openSeason (board: Calendar & { readonly name: string }, atMs: number, named?: string): OpenSeason {
  const candidates = board.seasons.filter(({ name }) => named === undefined || name === named)
  const season = candidates.findLast(({ start }) => Date.parse(start) <= atMs)
  if (season === undefined) {
    throw closed(`The season ${candidates[0]!.name} of the board ${board.name} begins at ${candidates[0]!.start}.`)
  }
  const window = windowNamed(`season:${season.name}`, board)!
  const closesMs = closeOf(season)
  if (atMs >= closesMs) {
    const ended = `The season ${season.name} of the board ${board.name} has ended`
    throw closed(`${ended}; late actions counted until ${new Date(closesMs).toISOString()}.`)
  }
  if (named !== undefined) return { window, fromMs: window.fromMs, untilMs: closesMs }
  const next = board.seasons[board.seasons.indexOf(season) + 1]
  const nextMs = next === undefined ? Infinity : Date.parse(next.start)
  return { window, fromMs: window.fromMs, untilMs: Math.min(closesMs, nextMs) }
}

/** When a season closes, in ms since 1970: from then on it takes no late actions and its results are final. */
export function closeOf ({ end, grace_seconds: graceSeconds }: Season): number {
  return Date.parse(end) + graceSeconds * 1000
}

/** The season whose window has this name, if it is closed at `atMs`; otherwise undefined. */
export function closedSeason ({ seasons }: Calendar, window: string, atMs: number): Season | undefined {
  return seasons.find((season) => window === `season:${season.name}` && closeOf(season) <= atMs)
}

function closed (detail: string): Problem {
  return new Problem('season_closed', detail)
}
