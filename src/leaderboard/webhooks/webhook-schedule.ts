// When a failed webhook delivery is tried again.
const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000]

/**
 * Until the next attempt, after each that failed: the schedule of the Standard Webhooks specification, three days in
 * all.
 */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR
]
/** Retries are spread over this share of the delay, so that what failed together does not come back together. */
const JITTER = 0.2
/** No receiver can put off a retry for longer. */
export const MAX_RETRY_AFTER_MS = 24 * HOUR
/** How long a receiver that is overloaded, and does not say for how long, is left alone. */
const THROTTLE_MS = 30 * SECOND
/** A webhook that has failed without a break for so long is disabled. */
export const FAILING_MS = 72 * HOUR

/**
 * How long to wait after an attempt that failed as the `round`th of the schedule, 0 for the first; undefined after
 * the last. `random` lies between 0 and 1.
 */
export function retryDelayMs (round: number, random: number): number | undefined {
  const base = RETRY_DELAYS_MS[round]
  return base === undefined ? undefined : Math.round(base * (1 + JITTER * random))
}

/**
 * What `Retry-After` asks for in ms: seconds, or a date (RFC 9110, section 10.2.3); undefined where it says nothing.
 * Never more than a day.
 */
export function retryAfterMs (header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * SECOND : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms))
}

/** What an answer means for the delivery, and for how long nothing else goes there. */
export function judgeAnswer (
  { status, retryAfter }: { status?: number | undefined, retryAfter?: string | undefined },
  { round, nowMs, random }: { round: number, nowMs: number, random: number }
): { outcome: 'delivered' | 'failed' | 'refused', delayMs: number | undefined, restMs: number } {
  if (status !== undefined && status >= 200 && status < 300) {
    return { outcome: 'delivered', delayMs: undefined, restMs: 0 }
  }
  if (status === 410) return { outcome: 'refused', delayMs: undefined, restMs: 0 }
  const delayMs = retryDelayMs(round, random)
  const asked = status === 429 || status === 503 ? retryAfterMs(retryAfter, nowMs) : undefined
  const isOverloaded = status === 429 || status === 502 || status === 503 || status === 504
  const restMs = asked ?? (isOverloaded ? THROTTLE_MS : 0)
  return { outcome: 'failed', delayMs: delayMs === undefined ? undefined : Math.max(delayMs, restMs), restMs }
}
