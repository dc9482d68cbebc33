// How long to wait before the next connection.
import { isOverloaded } from './connection-end.ts'

const BASE_MS = 500
const MAX_MS = 15_000
/** The least time before an overloaded service is asked again. */
const OVERLOADED_MS = 5000

/**
 * A random delay in ms after `failures` connections in a row that did not last ("full jitter", AWS Architecture Blog,
 * "Exponential Backoff and Jitter"): a thousand pages that lose the same node do not come back at the same moment.
 */
export function retryDelayMs (failures: number, code: number): number {
  if (isOverloaded(code)) return OVERLOADED_MS + Math.random() * MAX_MS
  return Math.random() * Math.min(MAX_MS, BASE_MS * 2 ** failures)
}

/** A random short delay in ms, for a connection that replaces one without a failure. */
export function shortDelayMs (): number {
  return Math.random() * BASE_MS
}
