// Four full groups of a board: while one is under way the next ones gather.
import { DelayedError, UnrecoverableError, type Job } from 'bullmq'
import type { ApplyQueued, QueuedOutcome } from '../../leaderboard/scoring/apply-queued.ts'
import { JOB_PREFIX, jobConnection } from '../connection.ts'
import { EndableWorker } from '../endable-worker.ts'
import { queuedOf, SCORES } from './score-job.ts'

/** Four full groups of a board: while one is under way the next ones gather. */
const CONCURRENCY = 128
/** A killed worker's jobs are taken over when their locks have run out and two looks have seen it: within 20 s. */
const LOCK_MS = 10_000
const STALLED_EVERY_MS = 5000
/** After an answer that Redis did not give, by default 15 s. */
const AGAIN_MS = 500
/** How long a job waits for a worker that understands it, and how long between two looks. */
const STRANGER_MS = 86_400_000
const STRANGER_AGAIN_MS = 30_000
/**
 * A write ends within 2.5 s; what is under way after that waits for a Redis that is away, and goes on in another
 * worker.
 */
const CLOSE_WITHIN_MS = 4000

interface ScoreWorkerOptions {
  readonly url: string
  /** So long Redis has to answer. */
  readonly timeoutMs: number
  readonly apply: ApplyQueued
  readonly onError: (error: Error) => void
  /** Told of what failed in a way that nobody foresaw. */
  readonly onFault: (jobId: string, cause: unknown) => void
}

interface ScoreWorker {
  /** What became of what it tried; `failed` is what this version does not understand. */
  readonly counts: Readonly<Record<QueuedOutcome['result'] | 'failed', number>>
  /** Ends after what is under way. */
  close(): Promise<void>
}

/** Applies what is queued, again and again where it must, each exactly once. */
export async function startScoreWorker (
  { url, timeoutMs, apply, onError, onFault }: ScoreWorkerOptions
): Promise<ScoreWorker> {
  const counts = { applied: 0, replayed: 0, refused: 0, retry: 0, failed: 0 }

  async function perform (job: Job<unknown>, token: string | undefined): Promise<void> {
    const queued = queuedOf(job.data, job.timestamp)
    if (queued === undefined) return await leave(job, token)
    const outcome = await apply(queued, job.attemptsStarted)
    counts[outcome.result]++
    if ('problem' in outcome && outcome.problem.code === 'internal_error') onFault(job.id!, outcome.problem.cause)
    if (outcome.result === 'retry') await postpone(job, outcome.afterMs, token)
  }

  /** While versions change a newer worker understands what this one does not. */
  async function leave (job: Job<unknown>, token: string | undefined): Promise<void> {
    counts.failed++
    const error = new UnrecoverableError('the job is none that this version understands')
    if (Date.now() - job.timestamp > STRANGER_MS) throw error
    onFault(job.id!, error)
    await postpone(job, STRANGER_AGAIN_MS, token)
  }

  const worker = new EndableWorker(SCORES, perform, {
    connection: jobConnection({ url, name: 'scorewire-worker', timeoutMs, waits: true }),
    prefix: JOB_PREFIX,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_EVERY_MS,
    // That workers died says nothing against the jobs that they had.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: AGAIN_MS,
    // What was applied is remembered by the store, and so is what was refused.
    removeOnComplete: { count: 0 },
    removeOnFail: { age: 7 * 86_400, count: 1000 }
  })
  worker.on('error', onError)
  worker.on('failed', (job, error) => {
    onFault(job?.id ?? '', error)
  })
  await worker.waitUntilReady()
  return {
    counts,
    close: async () => await worker.end(CLOSE_WITHIN_MS)
  }
}

/** @throws DelayedError, which tells BullMQ that the job is in its place already */
async function postpone (job: Job<unknown>, afterMs: number, token: string | undefined): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token)
  throw new DelayedError()
}
