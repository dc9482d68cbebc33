// A job takes Redis some 30 µs: no other client waits for longer than 1 ms.
import { Queue } from 'bullmq'
import { groupCommit } from '../../leaderboard/scoring/group-commit.ts'
import type { Clock } from '../../leaderboard/clock.ts'
import { outcomeUnknown, unavailable } from '../../leaderboard/problem.ts'
import type { Enqueue } from '../../leaderboard/scoring/queue.ts'
import { cutConnections, queueOptions } from '../connection.ts'
import { jobIdOf, jobOf, SCORES, type ScoreJob } from './score-job.ts'

/** A job takes Redis some 30 µs: no other client waits for longer than 1 ms. */
const MAX_GROUP = 32
const MAX_WAITING = 20_000
/** In the times that a call may take: nobody waits for longer before what is to be queued is sent. */
const MAX_WAIT = 1.2
/** How old what is known of the queue's length may be before it refuses anything. */
const MAX_COUNT_AGE_MS = 100
/**
 * What fails in a worker is tried again, without end: Redis can refuse for a moment to say that a job is done, or to
 * put it off, and BullMQ would give the job up for that.
 */
const TRIES = { attempts: 1_000_000, backoff: { type: 'fixed', delay: 5000 }, stackTraceLimit: 1 } as const

const UNKNOWN = 'No answer came from the queue. Send the same action_id again: it counts once.'

interface ScoreQueueOptions {
  readonly url: string
  /** So long Redis has to answer. */
  readonly timeoutMs: number
  /** Jobs that the queue holds, about. */
  readonly maxJobs: number
  readonly onError: (error: Error) => void
  readonly clock: Clock
}

/** How full the queue is. */
export interface QueueDepth {
  readonly waiting: number
  readonly active: number
  /** To be tried again later. */
  readonly delayed: number
  /** Given up, since no worker understood them for a day. */
  readonly failed: number
  /** When the first of those that wait arrived, in ms since 1970. */
  readonly oldestMs: number | undefined
  /** Processes that work on it. */
  readonly workers: number
}

export interface ScoreQueue {
  readonly enqueue: Enqueue
  /** Whether an action waits to be applied. @throws Problem `unavailable` */
  isQueued(board: string, action: { readonly userId: string, readonly actionId: string }): Promise<boolean>
  /** @throws Error while Redis is away */
  depth(): Promise<QueueDepth>
  /** Increments that were queued, and those that found the queue full. */
  readonly counts: Readonly<Record<'queued' | 'full', number>>
  close(): void
}

interface Item {
  readonly id: string
  readonly content: string
  readonly arrivedMs: number
  readonly job: ScoreJob
}

/**
 * The queue of increments as those see it who fill it. Those that arrive together are added together. Waits until
 * Redis can be reached.
 */
export async function openScoreQueue (
  { url, timeoutMs, maxJobs, onError, clock }: ScoreQueueOptions
): Promise<ScoreQueue> {
  const queue = new Queue<ScoreJob>(SCORES, queueOptions({ url, name: 'scorewire-queue', timeoutMs }))
  queue.on('error', onError)
  await queue.waitUntilReady()
  const client = await queue.getBackend().client
  const counts = { queued: 0, full: 0 }
  /** Jobs in the queue, as last counted and with those added here since; other nodes' are seen at the next count. */
  let known = 0
  let countedAt = -Infinity

  function learn (count: number): void {
    known = count
    countedAt = clock.now()
  }

  async function count (): Promise<void> {
    learn(await queue.getJobCountByTypes('waiting', 'active', 'delayed'))
  }

  /** What each job's content is, whoever added it, null for one that is gone again; and how long the queue is now. */
  async function inspect (items: readonly Item[]): Promise<ReadonlyArray<string | null>> {
    const [contents, ...lengths] = await Promise.all([
      Promise.all(items.map(async ({ id }) => await client.hget(queue.toKey(id), 'name'))),
      client.llen(queue.toKey('wait')),
      client.llen(queue.toKey('active')),
      client.zcard(queue.toKey('delayed'))
    ])
    learn(lengths[0] + lengths[1] + lengths[2])
    return contents
  }

  async function add (items: readonly Item[]): Promise<ReadonlyArray<'queued' | 'other'>> {
    await queue.addBulk(
      items.map(({ id, content, arrivedMs, job }) => ({
        name: content,
        data: job,
        opts: { ...TRIES, jobId: id, timestamp: arrivedMs }
      }))
    )
    known += items.length
    // They are in the queue: whatever becomes of the look at them.
    const contents = await inspect(items).catch(() => [])
    return items.map(({ content }, n) => (contents[n] ?? content) === content ? 'queued' : 'other')
  }

  async function send (items: readonly Item[]): Promise<ReadonlyArray<'queued' | 'other' | 'full'>> {
    if (client.status !== 'ready') throw unavailable('The queue is away; nothing was queued.')
    try {
      if (known + items.length > maxJobs && clock.now() - countedAt > MAX_COUNT_AGE_MS) await count()
    } catch (cause) {
      throw unavailable('The queue is away; nothing was queued.', { cause })
    }
    const room = Math.max(0, maxJobs - known)
    try {
      const added = room === 0 ? [] : await add(items.slice(0, room))
      return [...added, ...items.slice(room).map(() => 'full' as const)]
    } catch (cause) {
      throw outcomeUnknown(UNKNOWN, { cause })
    }
  }

  const commit = groupCommit<Item, 'queued' | 'other' | 'full'>({
    send,
    maxItems: MAX_GROUP,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT * timeoutMs,
    clock
  })
  return {
    counts,
    async enqueue (queued, { userId, content }) {
      const { board, request: { actionId }, arrivedMs } = queued
      const outcome = await commit({
        id: jobIdOf(board, { userId, actionId }),
        content,
        arrivedMs: Math.floor(arrivedMs),
        job: jobOf(queued)
      })
      if (outcome === 'full') {
        counts.full++
        throw unavailable(`The queue holds as much as it may, ${maxJobs} increments; nothing was queued.`, {
          retryAfterSeconds: 5
        })
      }
      if (outcome === 'queued') counts.queued++
      return outcome
    },
    async isQueued (board, action) {
      try {
        return await client.hexists(queue.toKey(jobIdOf(board, action)), 'name') === 1
      } catch (cause) {
        throw unavailable('The queue is away.', { cause })
      }
    },
    async depth () {
      const [{ waiting = 0, active = 0, delayed = 0, failed = 0 }, [oldest], workers] = await Promise.all([
        queue.getJobCounts('waiting', 'active', 'delayed', 'failed'),
        queue.getWaiting(0, 0),
        queue.getWorkersCount()
      ])
      return { waiting, active, delayed, failed, oldestMs: oldest?.timestamp, workers }
    },
    // BullMQ's own waits for ever where Redis is away.
    close: () => cutConnections(queue)
  }
}
