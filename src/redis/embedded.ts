// The embedded Redis of `npm start`: a redis-server of its own on a Unix socket.
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, constants, mkdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import type { Log } from '../leaderboard/log.ts'
import { lockData } from './data-lock.ts'

const CONF = fileURLToPath(new URL('../../redis.conf', import.meta.url))
const SERVERS = ['redis-server', 'valkey-server']
const USUAL_PLACES = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/usr/local/sbin', '/usr/sbin']
/** The kernel's limit for the path of a Unix socket is 108 bytes on Linux and 104 on macOS, the final NUL included. */
const SOCKET_PATH_MAX_BYTES = 103
/** Long enough to load an append-only file of some gigabytes. */
const READY_WITHIN_MS = 120_000
/** It may be busy for a while before it hears that it is to end, and then writes what it has. */
const GONE_WITHIN_MS = 30_000
const RESTART_AFTER_MS = 200

export interface EmbeddedRedis {
  /** The path of its Unix socket. */
  readonly url: string
  /** Writes everything to disk and ends it. */
  stop(): Promise<void>
}

interface EmbeddedRedisOptions {
  /** Where the data is kept; made when it is not there. */
  readonly dataDir: string
  /** The directories to look for a server in, as in `PATH`. */
  readonly path: string
  readonly log: Log
}

/**
 * Runs a Redis of our own as a child process, with the project's `redis.conf`, on a Unix socket. A Redis that an
 * earlier crash left running on the same data is stopped first, and one that dies is started again.
 * @throws Error with a clear sentence when there is no server, it does not come up, or another scorewire uses the data
 */
export async function startEmbeddedRedis ({ dataDir, path, log }: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const directory = resolve(dataDir)
  const server = await findServer(path)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const release = await lockData(directory)
  const socket = socketPath(directory)
  const logFile = join(directory, 'redis.log')

  let child: ChildProcess | undefined
  let restart: NodeJS.Timeout | undefined
  const start = (): ChildProcess => {
    const started = spawn(server, [CONF, '--dir', directory, '--unixsocket', socket, '--logfile', logFile], {
      stdio: 'ignore',
      // A process group of its own: Ctrl-C in a terminal reaches the service alone, which ends its Redis last.
      detached: true
    })
    started.on('error', () => {}) // seen by its consequence: there is no process
    return started
  }
  const supervise = (current: ChildProcess): void => {
    child = current
    const again = (reason: object) => {
      if (child !== current) return
      child = undefined
      log.error({ ...reason, log: logFile }, 'the embedded Redis ended by itself, starting it again')
      restart = setTimeout(() => supervise(start()), RESTART_AFTER_MS)
    }
    current.once('error', (error) => again({ error: error.message }))
    current.once('exit', (code, signal) => again({ code, signal }))
  }
  const stop = async (): Promise<void> => {
    clearTimeout(restart)
    const last = child
    child = undefined
    if (last?.pid !== undefined && last.exitCode === null && last.signalCode === null) {
      const gone = once(last, 'exit')
      last.kill('SIGTERM') // Redis' orderly end: it writes what it has and leaves
      await gone
    }
    await rm(socket, { force: true })
    release()
  }

  try {
    await endLeftover(socket, log)
    child = start()
    await ready(child, socket, directory)
    supervise(child)
  } catch (error) {
    await stop()
    throw error
  }
  log.info(
    { server, pid: child.pid, data: directory },
    'embedded Redis is running; the scores are kept in its data directory'
  )
  return { url: socket, stop }
}

/** Where the Redis listens that a service on this data directory runs. @throws Error when none does */
export async function runningEmbeddedRedis (dataDir: string): Promise<string> {
  const directory = resolve(dataDir)
  const socket = socketPath(directory)
  if (await canConnect(socket)) return socket
  throw new Error(
    `No scorewire is running on the data directory ${directory}: start it, or set DATA_DIR or REDIS_URL to the service's.`
  )
}

async function findServer (path: string): Promise<string> {
  for (const name of SERVERS) {
    for (const place of [...path.split(delimiter), ...USUAL_PLACES]) {
      const file = join(place, name)
      if (await access(file, constants.X_OK).then(() => true, () => false)) return file
    }
  }
  throw new Error(
    `Found neither ${
      SERVERS.join(' nor ')
    }: install Redis 7 or later (Debian: apt-get install redis-server; macOS: brew install redis), or set REDIS_URL.`
  )
}

/** The Unix socket of the Redis that keeps its data in a directory, whose path is absolute. */
export function socketPath (directory: string): string {
  const path = join(directory, 'redis.sock')
  if (Buffer.byteLength(path) <= SOCKET_PATH_MAX_BYTES) return path
  return join(tmpdir(), `scorewire-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}.sock`)
}

function peek (socket: string): Redis {
  const redis = new Redis(socket, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 1000,
    commandTimeout: 2000
  })
  redis.on('error', () => {})
  return redis
}

/** Ends a Redis that outlived the service it belonged to. The data is locked: whoever listens here is nobody's. */
async function endLeftover (socket: string, log: Log): Promise<void> {
  if (!await canConnect(socket)) return await rm(socket, { force: true }) // at most the socket's file is left
  log.warn({ socket }, 'an earlier scorewire left its Redis behind, stopping that one first')
  for (const end = Date.now() + GONE_WITHIN_MS; await canConnect(socket);) {
    if (Date.now() > end) throw new Error('The Redis left behind on this data directory does not stop: end it by hand.')
    // Again and again: one that is busy does not hear the first time.
    const redis = peek(socket)
    // It answers by closing the connection
    await redis.connect().then(async () => await redis.shutdown()).catch(() => {})
    redis.disconnect()
    await delay(20)
  }
}

/** Whether somebody listens, answering or not. */
async function canConnect (socket: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const connection = connect(socket, () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(false)
      else reject(error)
    })
  })
}

/** Whether a Redis has loaded its data and answers. */
async function canServe (socket: string): Promise<boolean> {
  const redis = peek(socket)
  const connected = await redis.connect().then(() => true, () => false)
  redis.disconnect()
  return connected
}

async function ready (child: ChildProcess, socket: string, directory: string): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  for (const end = Date.now() + READY_WITHIN_MS; ;) {
    if (await canServe(socket)) return
    if (failure !== undefined || child.exitCode !== null || child.signalCode !== null || Date.now() > end) {
      const log = await readFile(join(directory, 'redis.log'), 'utf8').catch(() => '')
      const tail = log.trim().split('\n').slice(-3).join('\n')
      throw new Error(
        `The embedded Redis does not start in ${directory}: ${failure?.message ?? (tail || 'it said nothing')}`
      )
    }
    await delay(10)
  }
}
