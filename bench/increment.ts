// What does an exactly-once increment over HTTP cost, beside a bare Fastify POST with the same body and schema?
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { createSigner } from 'fast-jwt'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../src/redis/embedded.ts'
import { cpuMicros, startServer, type ServerUnderTest } from './processes.ts'

const WARM_UP_SECONDS = 5
/** As `npm start` and the image run it: room for young objects, so that fewer of them are copied. The same for both. */
const NODE_FLAGS = ['--max-semi-space-size=64']
const silent = { debug () {}, info () {}, warn () {}, error () {} }
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export interface IncrementOptions {
  readonly connections: number
  readonly users: number
  readonly seconds: number
  readonly rounds: number
  readonly onProgress: (message: string) => void
}

/** One measured run: CPU time is µs a request. */
export interface Sample {
  readonly requestsPerSecond: number
  readonly nodeMicros: number
  readonly redisMicros: number
  readonly generatorCpu: number
  readonly errors: number
}

export interface IncrementResult {
  readonly bare: readonly Sample[]
  /** The bare POST again, at the rate of the increments: a loop that is not full shares less among its requests. */
  readonly bareAtRate: readonly Sample[]
  readonly scorewire: readonly Sample[]
  /** Increments in a script call, on average. */
  readonly groupSize: number
}

/** Alternates measured runs of both, after a warm-up of each. */
export async function benchIncrement ({ connections, users, seconds, rounds, onProgress }: IncrementOptions): Promise<IncrementResult> {
  const dataDir = await mkdtemp(join(tmpdir(), 'scorewire-bench-'))
  const redis = await startEmbeddedRedis({ dataDir, path: process.env['PATH'] ?? '', log: silent })
  const secret = randomBytes(32).toString('hex')
  const probe = new Redis(redis.url)
  const [, redisPid] = /process_id:(\d+)/.exec(await probe.info('server')) ?? []
  const bare = await startServer([...NODE_FLAGS, '--import=tsx', path('peers/bare-fastify.ts')], {})
  const scorewire = await startServer([...NODE_FLAGS, path('../dist/main.js'), 'serve'], {
    NODE_ENV: 'production', PORT: '0', REDIS_URL: redis.url, JWT_SECRET: secret, RATE_LIMIT_MAX: '1000000000'
  })
  try {
    const sign = createSigner({ key: secret, algorithm: 'HS256', expiresIn: 3_600_000 })
    const authorizations = Array.from({ length: users }, (_, n) => `Bearer ${sign({ sub: `user-${n}`, name: `User ${n}` })}`)
    const load = async (server: ServerUnderTest, forSeconds: number, rate?: number) =>
      await measure(server, Number(redisPid), { connections, seconds: forSeconds, authorizations, rate })

    onProgress('warming up')
    for (const server of [bare, scorewire]) await load(server, WARM_UP_SECONDS)
    const samples = { bare: [] as Sample[], bareAtRate: [] as Sample[], scorewire: [] as Sample[] }
    for (let round = 1; round <= rounds; round++) {
      onProgress(`round ${round} of ${rounds}`)
      samples.bare.push(await load(bare, seconds))
      const sample = await load(scorewire, seconds)
      samples.scorewire.push(sample)
      samples.bareAtRate.push(await load(bare, seconds, Math.round(sample.requestsPerSecond)))
    }
    const metrics = await (await fetch(`${scorewire.url}/metrics`)).text()
    const metric = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(metrics)?.[1])
    return { ...samples, groupSize: metric('scorewire_increment_group_size_sum') / metric('scorewire_increment_group_size_count') }
  } finally {
    probe.disconnect()
    await Promise.all([bare.stop(), scorewire.stop()])
    await redis.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

interface Load { readonly connections: number, readonly seconds: number, readonly authorizations: readonly string[], readonly rate: number | undefined }

/** Closed loop, at most at a rate: each connection sends its next increment, of a random user, when the answer to the last is there. */
async function measure ({ url, pid }: ServerUnderTest, redisPid: number, { connections, seconds, authorizations, rate }: Load): Promise<Sample> {
  const run = randomBytes(4).toString('hex')
  let sent = 0
  const before = { node: cpuMicros(pid), redis: cpuMicros(redisPid), generator: cpuMicros(process.pid) }
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    ...(rate !== undefined && { overallRate: rate }),
    requests: [{
      method: 'POST',
      path: '/v1/boards/main/increments',
      setupRequest: (request) => ({
        ...request,
        headers: {
          'content-type': 'application/json',
          authorization: authorizations[Math.floor(Math.random() * authorizations.length)]!
        },
        body: JSON.stringify({ action_id: `${run}-${sent++}`, increment: 1 + sent % 10 })
      })
    }]
  })
  const requests = result['2xx']
  return {
    requestsPerSecond: requests / result.duration,
    nodeMicros: (cpuMicros(pid) - before.node) / requests,
    redisMicros: (cpuMicros(redisPid) - before.redis) / requests,
    generatorCpu: (cpuMicros(process.pid) - before.generator) / 1_000_000 / result.duration,
    errors: result.errors + result.non2xx
  }
}
