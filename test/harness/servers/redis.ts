// On a busy machine Redis may take seconds, and no test is about that.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { ROOT } from '../paths.ts'

const READY_WITHIN_MS = 60_000
const CONF = join(ROOT, 'redis.conf')

/** On a busy machine Redis may take seconds, and no test is about that. */
export const PATIENT = { REDIS_TIMEOUT_MS: '20000' }
/** As shipped, for tests in which Redis stands still on purpose. */
export const IMPATIENT = { REDIS_TIMEOUT_MS: '1000' }

export interface TestRedis {
  /** The path of its Unix socket. */
  readonly url: string
  /** A plain connection, to look behind the service's back. */
  readonly client: Redis
  /** Sends a signal to the server process. */
  signal(name: NodeJS.Signals): void
  /** Ends the server, by default in order. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on the same data and waits until it answers. */
  start(): Promise<void>
}

/** Whether a server listens and has loaded its data. */
async function answersPing (socket: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const connection = connect(socket, () => connection.write('PING\r\n'))
    connection.once('data', (reply) => {
      resolve(reply.toString().startsWith('+PONG'))
      connection.destroy()
    })
    connection.once('error', () => resolve(false))
  })
}

/** A real Redis for one test file alone, with the project's own configuration, gone when the test ends. */
export async function startRedis (t: Test, extra: readonly string[] = []): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-test-'))
  const url = join(directory, 'redis.sock')
  let server: ChildProcess
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => {})

  const start = async () => {
    server = spawn('redis-server', [
      CONF,
      '--dir',
      directory,
      '--unixsocket',
      url,
      '--logfile',
      join(directory, 'redis.log'),
      ...extra
    ], { stdio: 'ignore' })
    for (const end = Date.now() + READY_WITHIN_MS; ;) {
      if (await answersPing(url)) break
      if (Date.now() > end || server.exitCode !== null) throw new Error("the test's redis-server does not start")
      await delay(5)
    }
    if (client.status === 'wait') await client.connect()
  }
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGCONT')
    server.kill(signal)
    await gone
  }
  t.teardown(async () => {
    client.disconnect()
    await stop('SIGKILL')
    // A child of its own, which saves, may write for a moment longer.
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  await start()
  return {
    url,
    client,
    start,
    stop,
    signal: (name) => {
      server.kill(name)
    }
  }
}

/**
 * Everything that a Redis holds, byte for byte, but for the gates, which go by themselves, and the queue, which looks
 * after itself.
 */
export async function everything ({ client }: TestRedis): Promise<Array<[key: string, dump: string]>> {
  const keys = (await client.keys('*')).filter((key) => !key.endsWith(':gate') && !key.startsWith('{sw-jobs}')).sort()
  return await Promise.all(
    keys.map(async (key): Promise<[string, string]> => [key, (await client.dumpBuffer(key)).toString('hex')])
  )
}
