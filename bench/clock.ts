const OFFSET_MS = Number(process.hrtime.bigint()) / 1_000_000 - performance.now()

/** Ms by CLOCK_MONOTONIC: the same clock in every process of a machine, which `performance.now()` alone is not. */
export function clockMs (): number {
  return performance.now() + OFFSET_MS
}
