// scorewire as it is shipped, on a Redis of its own.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { Redis } from 'ioredis'
import { silent } from '../../src/leaderboard/log.ts'
import { startEmbeddedRedis } from '../../src/redis/embedded.ts'
import { NODE_FLAGS, pathOf, startServer, type ServerUnderTest } from './processes.ts'

export interface Scorewire extends ServerUnderTest {
  readonly redisPid: number
  /** The path of its Unix socket. */
  readonly redisUrl: string
  /** The `Authorization` of a user, a service that may raise anybody's score, or an operator. */
  authorize(claims: { sub: string, name?: string, scope?: 'scores:write' | 'admin', jti?: string }): string
  /** The value of a metric without labels. */
  metric(name: string): Promise<number>
}

/** The edge limit counts, and refuses nobody: all load comes from one address. */
export async function startScorewire (
  env: Record<string, string> = {},
  nodeFlags: readonly string[] = []
): Promise<Scorewire> {
  const dataDir = await mkdtemp(join(tmpdir(), 'scorewire-bench-'))
  const redis = await startEmbeddedRedis({ dataDir, path: process.env['PATH'] ?? '', log: silent })
  const end = async () => {
    await redis.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  const secret = randomBytes(32).toString('hex')
  const sign = createSigner({ key: secret, algorithm: 'HS256', expiresIn: 3_600_000 })
  try {
    const probe = new Redis(redis.url)
    const [, redisPid] = /process_id:(\d+)/.exec(await probe.info('server')) ?? []
    probe.disconnect()
    const server = await startServer([...NODE_FLAGS, ...nodeFlags, pathOf('dist/main.js'), 'serve'], {
      NODE_ENV: 'production',
      PORT: '0',
      REDIS_URL: redis.url,
      JWT_SECRET: secret,
      RATE_LIMIT_MAX: '1000000000',
      DRAIN_MS: '0',
      ...env
    })
    return {
      url: server.url,
      pid: server.pid,
      redisPid: Number(redisPid),
      redisUrl: redis.url,
      authorize: (claims) => `Bearer ${sign(claims)}`,
      async metric (name) {
        const metrics = await (await fetch(`${server.url}/metrics`)).text()
        return Number(new RegExp(`^${name} (.+)$`, 'm').exec(metrics)?.[1])
      },
      async stop () {
        await server.stop()
        await end()
      }
    }
  } catch (error) {
    await end()
    throw error
  }
}
