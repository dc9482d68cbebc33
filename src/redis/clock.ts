/** Redis' clock as this node knows it. Redis' own is the one that decides; this one names the keys to hand in. */
export interface RedisClock {
  /** Ms since 1970. */
  now(): number
  /** This node's own clock, which says when a call was sent. */
  own(): number
  /** Takes note of the time that a reply carried, to a call sent at `sentMs` by the own clock. */
  learn(redisMs: number, sentMs: number): void
}

export function createRedisClock (now: () => number): RedisClock {
  let aheadMs = 0
  return {
    now: () => now() + aheadMs,
    own: now,
    // It was read at some moment between sending and now: only what contradicts that is corrected, so that a late reply
    // does not set the clock back.
    learn: (redisMs, sentMs) => {
      aheadMs = Math.max(redisMs - now(), Math.min(redisMs - sentMs + 1, aheadMs))
    }
  }
}
