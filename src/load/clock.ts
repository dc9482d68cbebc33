// The clock that the processes of the load generator share.
import { hrtime } from 'node:process'

/** Both clocks are CLOCK_MONOTONIC, but `performance.now()` begins with its process. It is cheaper than a BigInt. */
const PROCESS_START_MS = Number(hrtime.bigint()) / 1_000_000 - performance.now()

/** Milliseconds by CLOCK_MONOTONIC: the same clock in every process of a machine. */
export function clockMs (): number {
  return PROCESS_START_MS + performance.now()
}
