// Before all keys of the queues. In braces, so that a cluster keeps them in one slot.
import type { ConnectionOptions, QueueOptions } from 'bullmq'
import { reconnectDelayMs } from '../leaderboard/reconnect-delay.ts'

/** Before all keys of the queues. In braces, so that a cluster keeps them in one slot. */
export const JOB_PREFIX = '{sw-jobs}'

interface JobConnection {
  readonly url: string
  readonly name: string
  /** So long Redis has to answer. */
  readonly timeoutMs: number
}

/**
 * How BullMQ reaches Redis: by connections of its own. Whoever adds a job waits for the answer and so hears soon that
 * Redis is away; a worker waits until it is back.
 */
export function jobConnection (
  { url, name, timeoutMs, waits }: JobConnection & { readonly waits: boolean }
): ConnectionOptions {
  const own = waits
    ? { maxRetriesPerRequest: null }
    : {
        maxRetriesPerRequest: 1,
        enableOfflineQueue: false,
        commandTimeout: timeoutMs,
        socketTimeout: 1.5 * timeoutMs,
        enableAutoPipelining: true
      }
  // BullMQ's own would wait for up to 20 s.
  const retryStrategy = (attempt: number) => reconnectDelayMs(attempt, Math.random())
  return { url, connectionName: name, connectTimeout: timeoutMs, retryStrategy, ...own }
}

/** Nobody reads BullMQ's own log of events. */
const MAX_EVENTS = 100

/**
 * How a queue is opened by whoever adds to it. Without BullMQ's look at the version: it keeps the failure of that
 * first look, and a queue that was opened while Redis was slow to answer would refuse everything for ever.
 */
export function queueOptions (to: JobConnection): QueueOptions {
  return {
    connection: jobConnection({ ...to, waits: false }),
    prefix: JOB_PREFIX,
    streams: { events: { maxLen: MAX_EVENTS } },
    skipVersionCheck: true
  }
}

/**
 * Cuts the connections of a queue or worker. Not by BullMQ's promise of them, which is never kept where Redis went
 * away while one was being made.
 */
export function cutConnections (of: { getBackend(): object }): void {
  const backend = of.getBackend()
  for (const name of ['connection', 'blockingConnection']) {
    const connection: object | undefined = Reflect.get(backend, name)
    const client: { disconnect(): void } | undefined = connection && Reflect.get(connection, '_client')
    client?.disconnect()
  }
}
