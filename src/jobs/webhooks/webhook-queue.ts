import { Queue } from 'bullmq'
import { cutConnections, JOB_PREFIX, jobConnection, queueOptions } from '../connection.ts'
import { EndableWorker } from '../endable-worker.ts'

export const WEBHOOK_QUEUE = 'webhooks'
/** Attempts of this worker at one time: each one waits for a receiver, and little else. */
const MAX_CONCURRENT = 200
/** A worker that dies is noticed within so long. */
const STALLED_MS = 15_000
/** After an answer that Redis did not give. */
const AGAIN_MS = 500

/** A webhook that something is due for. */
export interface Wake {
  readonly board: string
  readonly webhook: string
}

export interface WebhookQueue {
  /** Has a webhook looked after in `delayMs`; once for each `reason`, whoever asks. */
  wake (wake: Wake, reason: string, delayMs: number): Promise<void>
  /** Takes up what is due, until the stop that it returns, which waits `withinMs` for what is under way. */
  work (look: (wake: Wake) => Promise<void>): (withinMs: number) => Promise<void>
  close (): void
}

/**
 * The queue of webhooks that something is due for. A job says no more than where to look: what is to be sent stands with the board, so that
 * a job which runs twice, or is lost, sends nothing twice and loses nothing.
 */
export function openWebhookQueue ({ url, timeoutMs, onError }: { url: string, timeoutMs: number, onError: (error: Error) => void }): WebhookQueue {
  const queue = new Queue<Wake>(WEBHOOK_QUEUE, {
    ...queueOptions({ url, name: 'scorewire-webhooks', timeoutMs }),
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true }
  })
  queue.on('error', onError)

  return {
    async wake ({ board, webhook }, reason, delayMs) {
      await queue.add('wake', { board, webhook }, { jobId: `${board}.${webhook}.${reason}`, delay: Math.max(0, Math.ceil(delayMs)) })
    },
    work (look) {
      const worker = new EndableWorker<Wake>(WEBHOOK_QUEUE, async ({ data }) => await look(data), {
        connection: jobConnection({ url, name: 'scorewire-webhooks-work', timeoutMs, waits: true }),
        prefix: JOB_PREFIX,
        concurrency: MAX_CONCURRENT,
        stalledInterval: STALLED_MS,
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        runRetryDelay: AGAIN_MS
      })
      worker.on('error', onError)
      return async (withinMs) => await worker.end(withinMs)
    },
    // BullMQ's own waits for ever where Redis is away.
    close: () => cutConnections(queue)
  }
}
