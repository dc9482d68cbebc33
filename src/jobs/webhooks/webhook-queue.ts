// The BullMQ queue of webhooks that have something due, and the worker that takes from it.
import { Queue } from 'bullmq'
import { cutConnections, JOB_PREFIX, jobConnection, queueOptions } from '../connection.ts'
import { EndableWorker } from '../endable-worker.ts'

/** The name of the queue. */
export const WEBHOOK_QUEUE = 'webhooks'
/** Attempts of this worker at one time: each one waits for a receiver, and does little else. */
const MAX_CONCURRENT = 200
/** How long it takes to notice that a worker has died. */
const STALLED_MS = 15_000
/** The pause after an error of Redis. */
const RETRY_MS = 500

/** A webhook that has something due. */
export interface DueWebhook {
  readonly board: string
  readonly webhook: string
}

interface WebhookQueue {
  /** Schedules the deliveries of a webhook in `delayMs`; once for each `reason`, however often it is asked for. */
  schedule(due: DueWebhook, reason: string, delayMs: number): Promise<void>
  /** Calls `deliver` for what is due. The stop that it returns waits up to `withinMs` for what is under way. */
  work(deliver: (due: DueWebhook) => Promise<void>): (withinMs: number) => Promise<void>
  close(): void
}

/**
 * Opens the queue. A job only names a webhook; the deliveries themselves are kept with the board. A job that runs
 * twice sends nothing twice, and a job that is lost loses nothing.
 */
export function openWebhookQueue (
  { url, timeoutMs, onError }: { url: string, timeoutMs: number, onError: (error: Error) => void }
): WebhookQueue {
  const queue = new Queue<DueWebhook>(WEBHOOK_QUEUE, {
    ...queueOptions({ url, name: 'scorewire-webhooks', timeoutMs }),
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true }
  })
  queue.on('error', onError)

  return {
    async schedule ({ board, webhook }, reason, delayMs) {
      const delay = Math.max(0, Math.ceil(delayMs))
      await queue.add('deliver', { board, webhook }, { jobId: `${board}.${webhook}.${reason}`, delay })
    },
    work (deliver) {
      const worker = new EndableWorker<DueWebhook>(WEBHOOK_QUEUE, async ({ data }) => await deliver(data), {
        connection: jobConnection({ url, name: 'scorewire-webhooks-work', timeoutMs, waits: true }),
        prefix: JOB_PREFIX,
        concurrency: MAX_CONCURRENT,
        stalledInterval: STALLED_MS,
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        runRetryDelay: RETRY_MS
      })
      worker.on('error', onError)
      return async (withinMs) => await worker.end(withinMs)
    },
    // BullMQ's own close waits for ever while Redis is away.
    close: () => cutConnections(queue)
  }
}
