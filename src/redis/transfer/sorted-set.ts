// Reads a sorted set of another Redis, for `scorewire import --from-zset`.
import type { Redis } from 'ioredis'
import { silent } from '../../leaderboard/log.ts'
import { closeConnection, connectFirst, openConnection } from '../connection.ts'
import { runningEmbeddedRedis } from '../embedded.ts'

const SCAN_COUNT = 500

/** A sorted set of any Redis, as somebody else keeps it. */
interface SortedSet {
  readonly size: number
  /** Its members with their scores as text; one that changes meanwhile may come twice. */
  members(): AsyncGenerator<readonly [string, string]>
  close(): void
}

/** Opens the sorted set at a key. @throws Error when the server is away or holds something else there */
export async function openSortedSet (
  { url, dataDir, key, timeoutMs }: { url: string | undefined, dataDir: string, key: string, timeoutMs: number }
): Promise<SortedSet> {
  const address = url ?? await runningEmbeddedRedis(dataDir)
  const redis = openConnection({ url: address, name: 'scorewire-import', timeoutMs, log: silent })
  try {
    await connectFirst(redis, address)
    const type = await redis.type(key)
    if (type !== 'zset') {
      throw new Error(
        type === 'none' ? `There is nothing at the key ${key}.` : `The key ${key} holds a ${type} and no sorted set.`
      )
    }
    const size = await redis.zcard(key)
    return { size, members: () => scan(redis, key), close: () => closeConnection(redis) }
  } catch (error) {
    closeConnection(redis)
    throw error
  }
}

async function * scan (redis: Redis, key: string): AsyncGenerator<readonly [string, string]> {
  for (let cursor = '0'; ;) {
    const [next, cells] = await redis.zscan(key, cursor, 'COUNT', SCAN_COUNT)
    for (let n = 0; n < cells.length; n += 2) yield [cells[n]!, cells[n + 1]!]
    if (next === '0') return
    cursor = next
  }
}
