/** Redis' clock as this node knows it. Redis' own is the one that decides; this one names the keys to hand in. */
export interface RedisClock {
  /** Ms since 1970. */
  now (): number
  /** Takes note of the time that a reply carried. */
  learn (redisMs: number): void
}

export function createRedisClock (now: () => number): RedisClock {
  let aheadMs = 0
  return {
    now: () => now() + aheadMs,
    learn: (redisMs) => { aheadMs = redisMs - now() }
  }
}
