// What a Redis server must be set to, and which data it may hold; checked at the start.
import type { Redis } from 'ioredis'
import type { Log } from '../leaderboard/log.ts'
import { FORMER_REGISTRY } from './keys.ts'

const OLDEST_MAJOR = 7

/**
 * Looks whether a Redis server can keep scorewire's promises.
 * @throws Error with one clear sentence when it cannot; what is merely unwise is logged
 */
export async function checkServer (redis: Redis, log: Log): Promise<void> {
  const info = fieldsOf(await redis.info())
  const version = info['redis_version'] ?? 'unknown'
  if (!(Number.parseInt(version) >= OLDEST_MAJOR)) {
    throw new Error(`Redis ${version} is too old: scorewire needs ${OLDEST_MAJOR}.0 or later, or Valkey.`)
  }
  if (info['role'] !== 'master') {
    throw new Error(
      `Redis is a ${info['role'] ?? 'server without a role'}, not a master: point REDIS_URL at the master.`
    )
  }
  if (info['maxmemory_policy'] !== 'noeviction') {
    throw new Error(
      `Redis evicts keys (maxmemory-policy ${
        info['maxmemory_policy'] ?? 'unknown'
      }), which could make an action count twice: set it to noeviction.`
    )
  }
  if (info['aof_enabled'] !== '1') {
    log.warn(
      {},
      'Redis keeps no append-only file: scores since its last dump are lost when it stops; set appendonly yes'
    )
    return
  }
  // Not every server lets its users ask.
  const [, fsync] = await redis.config('GET', 'appendfsync').catch(() => []) as string[]
  if (fsync !== undefined && fsync !== 'always') {
    log.warn(
      { appendfsync: fsync },
      'Redis acknowledges before it has written: a killed Redis may lose the last increments; set appendfsync always'
    )
  }
}

/** Refuses data that another version wrote, rather than understand half of it. @throws Error with one clear sentence */
export async function checkFormat (redis: Redis): Promise<void> {
  if (await redis.exists(FORMER_REGISTRY) === 0) return
  throw new Error(
    'Redis holds boards of scorewire 0.1.0, which this version does not read: start with an empty Redis or DATA_DIR, or go on with 0.1.0.'
  )
}

function fieldsOf (info: string): Record<string, string> {
  return Object.fromEntries(
    info.split('\r\n').filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)])
  )
}
