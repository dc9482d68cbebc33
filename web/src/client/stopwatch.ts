// Measures time across sleep and changes of the clock.

/**
 * Starts a stopwatch and returns the milliseconds since then. It believes the clock that went further: one stops while
 * a laptop sleeps, and the other can be set back.
 */
export function stopwatch (): () => number {
  const wall = Date.now()
  const steady = performance.now()
  return () => Math.max(Date.now() - wall, performance.now() - steady)
}
