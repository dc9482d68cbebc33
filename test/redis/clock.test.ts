// Tests of redis, clock: the clock follows Redis, and a late reply does not set it back.
import { test } from 'tap'
import { createRedisClock } from '../../src/redis/clock.ts'

test('the clock follows Redis, and a late reply does not set it back', async (t) => {
  let own = 1000
  const clock = createRedisClock(() => own)
  t.equal(clock.now(), 1000)
  const call = (redisMs: number, roundTripMs: number) => {
    const sentMs = own
    own += roundTripMs
    clock.learn(redisMs, sentMs)
  }
  call(5001, 2)
  t.ok(clock.now() >= 5001 && clock.now() <= 5003, 'it is right within a round trip')
  const before = clock.now() - own
  call(own + before + 1, 80)
  t.ok(Math.abs(clock.now() - own - before) <= 1, 'a reply that took 80 ms contradicts nothing')
  call(100_000, 1)
  t.ok(Math.abs(clock.now() - 100_000) <= 2, 'a step forward is followed')
  call(3000, 1)
  t.ok(Math.abs(clock.now() - 3000) <= 2, 'and a step back')
})
