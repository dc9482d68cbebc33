// Connections to Redis: how they are opened, tried again and closed, and how a failed write is classified.
import { type Redis, ReplyError } from 'ioredis'
import { type Log, messageOf, silent } from '../leaderboard/log.ts'
import { reconnectDelayMs } from '../leaderboard/reconnect-delay.ts'
import { outcomeUnknown, Problem, unavailable } from '../leaderboard/problem.ts'
import { PatientRedis } from './deadline-redis.ts'

interface ConnectionOptions {
  /** `redis://…`, `rediss://…`, or the path of a Unix socket. */
  readonly url: string
  /** What `CLIENT LIST` shows. */
  readonly name: string
  readonly log: Log
  /** So long Redis has to answer; a second if nothing is said. */
  readonly timeoutMs?: number | undefined
  /** Whether ioredis subscribes again by itself after a lost connection. */
  readonly autoResubscribe?: boolean
}

/** So long Redis has to answer, where nobody says otherwise. */
export const TIMEOUT_MS = 1000

/** Answers that mean "this server cannot take it now": nothing was executed, and the next connection may be better. */
const REFUSALS: ReadonlySet<string> = new Set([
  'READONLY',
  'NOREPLICAS',
  'MASTERDOWN',
  'LOADING',
  'OOM',
  'MISCONF',
  'BUSY',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'NOAUTH',
  'NOPERM'
])
const RECONNECT_ON: ReadonlySet<string> = new Set(['READONLY', 'NOREPLICAS', 'MASTERDOWN', 'LOADING'])

/** How often a connection has been made: commands that were under way at the last time were sent again. */
const connects = new WeakMap<Redis, number>()
const connectsOf = (redis: Redis): number => connects.get(redis) ?? 0

/** Connections that are closed on purpose: nothing is lost when they go. */
const closing = new WeakSet<Redis>()

/**
 * Opens a connection that fails fast while Redis is away and finds it again by itself. Commands cut off by a lost
 * connection are sent again, which is safe because every write is a script that knows what it has seen.
 */
export function openConnection (
  { url, name, log, timeoutMs = TIMEOUT_MS, autoResubscribe = true }: ConnectionOptions
): Redis {
  const redis = new PatientRedis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    timeoutMs,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => reconnectDelayMs(attempt, Math.random()),
    reconnectOnError: (error) => RECONNECT_ON.has(errorCode(error)),
    autoResubscribe
  })
  let state: 'new' | 'there' | 'away' = 'new'
  const onLoss = (reason: string) => {
    if (state !== 'there' || closing.has(redis)) return
    state = 'away'
    log.warn({ connection: name, reason }, 'lost Redis, trying again')
  }
  redis.on('error', (error) => onLoss(error.message))
  redis.on('close', () => onLoss('the connection was closed'))
  redis.on('ready', () => {
    connects.set(redis, connectsOf(redis) + 1)
    if (state === 'away') log.info({ connection: name }, 'Redis is back')
    state = 'there'
  })
  return redis
}

/** Connects for the first time. @throws Error that says where Redis should be and why it is not */
export async function connectFirst (redis: Redis, url: string): Promise<void> {
  let reason: string | undefined
  redis.once('error', (error) => {
    reason = error.message
  })
  try {
    await redis.connect()
  } catch (error) {
    const where = url.startsWith('/') ? url : new URL(url).host // never the password
    throw new Error(`Redis cannot be reached at ${where}: ${reason ?? messageOf(error)}`)
  }
}

/**
 * A connection for one piece of work that tells by itself what goes wrong.
 * @throws Error when Redis cannot be reached
 */
export async function openForWork (
  { url, name, timeoutMs }: Omit<ConnectionOptions, 'log'>
): Promise<{ readonly redis: Redis, end(): void }> {
  const redis = openConnection({ url, name, timeoutMs, log: silent })
  const end = () => closeConnection(redis)
  try {
    await connectFirst(redis, url)
  } catch (error) {
    end()
    throw error
  }
  return { redis, end }
}

/** Closes a connection whatever state it is in. */
export function closeConnection (redis: Redis): void {
  closing.add(redis)
  redis.disconnect()
}

/** The word a Redis error reply begins with (RESP: "the first word is the kind of the error"). */
function errorCode (error: Error): string {
  return error.message.slice(0, Math.max(0, error.message.indexOf(' ')))
}

/** Whether Redis has answered with an error that begins with these words. */
export function isReply (error: unknown, words: string): boolean {
  return error instanceof ReplyError && (error as Error).message.startsWith(words)
}

const UNKNOWN = 'No answer came from the score store. Send the same action_id again: it counts once.'

/** The sentence for a write that has no action id and may be repeated. */
export const SEND_AGAIN = 'No answer came from the score store. Send the same again: it does no harm twice.'

/**
 * Sends one call that writes and tells the two kinds of failure apart: `unavailable` when it surely did not run, and
 * `outcome_unknown`, with the sentence `unknown`, when it was sent and no answer came.
 * @throws Problem
 */
export async function callWrite<T> (redis: Redis, call: () => Promise<T>, unknown = UNKNOWN): Promise<T> {
  if (redis.status !== 'ready') throw unavailable('The score store is away; nothing was applied.')
  const before = connectsOf(redis)
  try {
    return await call()
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    // A refusal of what was sent again says nothing of the first time.
    if (cause instanceof ReplyError && REFUSALS.has(errorCode(cause as Error)) && connectsOf(redis) === before) {
      throw unavailable('The score store cannot take this now; nothing was applied.', { cause })
    }
    throw outcomeUnknown(unknown, { cause })
  }
}
