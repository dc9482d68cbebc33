// The clock that the processes of the load generator share.
import { hrtime } from 'node:process'

/** Milliseconds by CLOCK_MONOTONIC: the same clock in every process of a machine, unlike `performance.now()`. */
export function clockMs (): number {
  return Number(hrtime.bigint()) / 1_000_000
}
