// The top 10 in Redis, beside a database that has the truth: a sorted set of ten, as the specifications have it ("if
// the user's score qualifies for the top 10, the scoreboard cache is updated") and as Redis' own guide to
// leaderboards does it: ZADD, trim, ZRANGE REV, in one transaction and one round trip
// (https://redis.io/docs/latest/develop/use-cases/leaderboard/nodejs/ and
// https://github.com/redis/ioredis#transaction). To throw the cache away at each update instead, and fill it from the
// next SELECT (https://redis.io/docs/latest/develop/use-cases/cache-aside/nodejs/), would cost the SELECT that it is
// to save, since each update reads the top. A user's name is part of the member, which saves a look-up of ten names.
// Scores only rise, so that ZADD GT keeps the later of two that overtake each other. The cache needs no durability,
// and its Redis keeps nothing on the disk.
import { Redis } from 'ioredis'

const KEY = 'scoreboard:top'
const SIZE = 10

export interface Row {
  readonly user_id: string
  readonly username: string
  readonly score: number
}

export interface TopCache {
  fill(rows: readonly Row[]): Promise<void>
  /** Takes over a new score, and answers with the top after it. */
  raise(row: Row): Promise<Row[]>
  read(): Promise<Row[]>
}

/** @throws Error that says that there is no Redis */
export async function openTopCache (url: string): Promise<TopCache> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => {}) // seen by its consequence
  await redis.connect().catch(() => {
    throw new Error(`there is no Redis at ${url}`)
  })
  return {
    async fill (rows) {
      await redis.del(KEY)
      if (rows.length > 0) await redis.zadd(KEY, ...rows.flatMap((row) => [row.score, memberOf(row)]))
    },
    async raise (row) {
      const replies = await redis.multi().zadd(KEY, 'GT', row.score, memberOf(row)).zremrangebyrank(KEY, 0, -SIZE - 1)
        .zrevrange(KEY, 0, -1, 'WITHSCORES').exec()
      const [error, cells] = replies!.at(-1)!
      if (error !== null) throw error
      return rowsOf(cells as string[])
    },
    read: async () => rowsOf(await redis.zrevrange(KEY, 0, -1, 'WITHSCORES'))
  }
}

const memberOf = ({ user_id: userId, username }: Row) => JSON.stringify([userId, username])

function rowsOf (cells: readonly string[]): Row[] {
  const rows: Row[] = []
  for (let n = 0; n < cells.length; n += 2) {
    const [userId, username] = JSON.parse(cells[n]!) as [string, string]
    rows.push({ user_id: userId, username, score: Number(cells[n + 1]) })
  }
  return rows
}
