// How long to wait before a connection is made again.

const MAX_MS = 1000

/**
 * The delay before the `attempt`th reconnect, counted from 1: it doubles up to a second, with jitter. `random` is
 * between 0 and 1.
 */
export function reconnectDelayMs (attempt: number, random: number): number {
  return Math.min(MAX_MS, 50 * 2 ** Math.min(attempt, 5)) * (0.5 + random / 2)
}
