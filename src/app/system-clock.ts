// The real clock: that of Node.
import type { Clock } from '../leaderboard/clock.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout (callback, ms) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
  setInterval (callback, ms) {
    const timer = setInterval(callback, ms).unref()
    return () => clearInterval(timer)
  },
  setImmediate (callback) {
    setImmediate(callback)
  }
}
