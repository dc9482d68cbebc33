/** Ms by CLOCK_MONOTONIC: the same clock in every process of a machine, which `performance.now()` is not. */
export function clockMs (): number {
  return Number(process.hrtime.bigint()) / 1_000_000
}
