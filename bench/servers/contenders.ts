// Who is measured beside whom: the same users with scores of the same distribution, each on a store of its own that
// has written to the disk what it acknowledges.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { totalmem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Test } from 'tap'
import { silent } from '../../src/leaderboard/log.ts'
import { startEmbeddedRedis } from '../../src/redis/embedded.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { startPostgres } from '../../test/harness/servers/postgres.ts'
import type { Asking } from '../generators/asking.ts'
import { INCREMENTS_PATH, LIVE_ENV, WATCH_PATH } from './board.ts'
import { childrenOf, NODE_FLAGS, pathOf, startServer, type Processes, type ServerUnderTest } from './processes.ts'
import type { Target } from '../generators/screen.ts'
import type { Scorewire } from './scorewire.ts'
import { drawScores, inBatches, userIdOf, usernameOf } from './seed.ts'
import { startSeeded } from './seeded.ts'
import { sum } from '../../src/load/report/statistics.ts'

const UPDATE_PATH = '/api/update-score'
/**
 * Of the memory, as PostgreSQL advises (https://www.postgresql.org/docs/current/runtime-config-resource.html); no
 * more than any board here needs.
 */
const SHARED_BUFFERS_MB = Math.min(1024, Math.floor(totalmem() / 4 / 2 ** 20))
export interface Contender {
  readonly name: string
  readonly url: string
  readonly asking: Asking
  readonly processes: Processes
  /** Where a screen is shown the top. */
  readonly screen: Target
  /** What all users have together. */
  points(): Promise<number>
}

export interface BenchRedis {
  /** The path of its Unix socket. */
  readonly url: string
  readonly client: Redis
  readonly pid: number
}

/** Takes whatever has to be ended, last first. */
export type Ends = Array<() => unknown>

/** scorewire as shipped, asked for one increment at a time, and for so many. */
export async function startOwn (
  users: number,
  items: number,
  ends: Ends,
  env: Record<string, string> = {}
): Promise<Contender[]> {
  const scorewire = await startSeeded(users, { ...LIVE_ENV, ...env })
  ends.unshift(scorewire.stop)
  const { url, pid, redis, redisPid, authorize } = scorewire
  const common = {
    url,
    processes: { node: () => [pid], redis: () => [redisPid] },
    screen: targetOf(scorewire, WATCH_PATH),
    points: async () => await pointsIn(redis, boardKeys('main').scores('all'))
  }
  return [
    { ...common, name: 'scorewire, one increment a request', asking: askingOwn(users, 1, authorize) },
    { ...common, name: `scorewire, ${items} in a batch`, asking: askingOwn(users, items, authorize) }
  ]
}

/** What scorewire is asked: one increment by each user's own token, or so many in a request of a service. */
export function askingOwn (users: number, items: number, authorize: Scorewire['authorize']): Asking {
  return items === 1
    ? {
        method: 'POST',
        path: INCREMENTS_PATH,
        items,
        authorizations: Array.from({ length: users }, (_, n) => authorize({ sub: userIdOf(n), name: usernameOf(n) })),
        users
      }
    : {
        method: 'POST',
        path: `${INCREMENTS_PATH}/batch`,
        items,
        authorizations: [authorize({ sub: 'bench', scope: 'scores:write' })],
        users
      }
}

/**
 * As the specifications describe it, with Redis as its cache or without.
 * @throws Error that says which server is missing
 */
export async function startSpecification (
  users: number,
  { cached }: { cached: boolean },
  ends: Ends
): Promise<Contender> {
  const t = {
    teardown: (end: () => unknown) => {
      ends.unshift(end)
    }
  } as Pick<Test, 'teardown'>
  const { url: databaseUrl } = await startPostgres(t, {
    durable: true,
    migrated: false,
    more: [`shared_buffers=${SHARED_BUFFERS_MB}MB`, 'max_wal_size=1GB', 'min_wal_size=256MB']
  })
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  database.on('error', () => {}) // it is ended before its server is, and says so
  ends.unshift(async () => await database.end())
  await seedTable(database, users)
  const cache = cached ? await startRedis(ends, { durable: false }) : undefined
  const secret = randomBytes(32).toString('hex')
  const server = await startPeer('specification', {
    DATABASE_URL: databaseUrl,
    JWT_SECRET: secret,
    ...(cache && { REDIS_URL: cache.url })
  }, ends)
  const master = Number(
    readFileSync(join(new URL(databaseUrl).searchParams.get('host')!, 'postmaster.pid'), 'utf8').split('\n', 1)[0]
  )
  return {
    name: cached ? 'specification, top 10 cached in Redis' : 'specification: Express, PostgreSQL',
    url: server.url,
    asking: askingOf(users, secret),
    processes: {
      node: () => [server.pid],
      ...(cache && { redis: () => [cache.pid] }),
      postgres: () => [master, ...childrenOf(master)]
    },
    screen: socketIoOf(server),
    points: async () => Number((await database.query('SELECT sum(score) AS points FROM users_scores')).rows[0].points)
  }
}

/** @throws Error that says which server is missing */
export async function startRedisRank (users: number, ends: Ends): Promise<Contender> {
  const { url, client, pid } = await startRedis(ends, { durable: true })
  const scores = drawScores(users, Math.random)
  await inBatches(
    users,
    async (from, till) =>
      await client.zadd(
        'scoreboard',
        ...Array.from({ length: till - from }, (_, n) => [scores[from + n]!, userIdOf(from + n)]).flat()
      )
  )
  const secret = randomBytes(32).toString('hex')
  const server = await startPeer('redis-rank', { REDIS_URL: url, JWT_SECRET: secret }, ends)
  return {
    name: 'redis-rank behind Fastify',
    url: server.url,
    asking: askingOf(users, secret),
    processes: { node: () => [server.pid], redis: () => [pid] },
    screen: socketIoOf(server),
    points: async () => await pointsIn(client, 'scoreboard')
  }
}

/** A Redis with the project's redis.conf, which writes to the disk before it answers; a cache keeps nothing there. */
export async function startRedis (ends: Ends, { durable }: { durable: boolean }): Promise<BenchRedis> {
  const dataDir = await mkdtemp(join(tmpdir(), 'scorewire-bench-'))
  ends.unshift(async () => await rm(dataDir, { recursive: true, force: true }))
  const { url, stop } = await startEmbeddedRedis({ dataDir, path: process.env['PATH'] ?? '', log: silent })
  ends.unshift(stop)
  const client = new Redis(url)
  ends.unshift(() => client.disconnect())
  await client.config('SET', 'auto-aof-rewrite-percentage', 0) // as where scorewire is measured
  if (!durable) await client.config('SET', 'appendonly', 'no')
  return { url, client, pid: Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]) }
}

/** As it stands in the specifications, an index on the score included. */
async function seedTable (database: pg.Client, users: number): Promise<void> {
  await database.query(
    'CREATE TABLE users_scores (user_id text PRIMARY KEY, username text NOT NULL, score bigint NOT NULL DEFAULT 0)'
  )
  const numbers = [...Array(users).keys()]
  await database.query('INSERT INTO users_scores SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])', [
    numbers.map(userIdOf),
    numbers.map(usernameOf),
    [...drawScores(users, Math.random)]
  ])
  await database.query('CREATE INDEX users_scores_by_score ON users_scores (score DESC)')
  await database.query('VACUUM ANALYZE users_scores')
  await database.query('CHECKPOINT')
}

/** Tokens of the same claims, by the same algorithm, as those of scorewire. */
function askingOf (users: number, secret: string): Asking {
  const sign = createSigner({ key: secret, algorithm: 'HS256', expiresIn: 3_600_000 })
  const authorizations = Array.from(
    { length: users },
    (_, n) => `Bearer ${sign({ sub: userIdOf(n), name: usernameOf(n) })}`
  )
  return { method: 'POST', path: UPDATE_PATH, items: 1, authorizations, users }
}

async function startPeer (name: string, env: Record<string, string>, ends: Ends): Promise<ServerUnderTest> {
  const server = await startServer([...NODE_FLAGS, '--import=tsx', pathOf(`bench/servers/peers/${name}.ts`)], {
    NODE_ENV: 'production',
    ...env
  })
  ends.unshift(server.stop)
  return server
}

async function pointsIn (redis: Redis, key: string): Promise<number> {
  const cells = await redis.zrange(key, '0', '-1', 'WITHSCORES')
  return sum(cells.filter((_, n) => n % 2 === 1).map(Number))
}

export function targetOf ({ url }: { readonly url: string }, path: string): Target {
  return { port: Number(new URL(url).port), path, engineIo: false, deflate: false }
}

function socketIoOf (server: ServerUnderTest): Target {
  return { ...targetOf(server, '/socket.io/?EIO=4&transport=websocket'), engineIo: true }
}
