import { hrtime } from 'node:process'

/** Ms by CLOCK_MONOTONIC: the same clock in every process of a machine, which `performance.now()` is not. */
export function clockMs (): number {
  return Number(hrtime.bigint()) / 1_000_000
}
