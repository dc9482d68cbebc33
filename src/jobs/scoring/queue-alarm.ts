// Says so when increments are queued and nobody works on them, and when somebody does again. Returns the stop.
import type { QueueDepth } from './score-queue.ts'

const EVERY_MS = 10_000

interface QueueAlarmOptions {
  readonly depth: () => Promise<QueueDepth>
  readonly log: { warn(data: object, message: string): void, info(data: object, message: string): void }
  readonly everyMs?: number
}

/** Says so when increments are queued and nobody works on them, and when somebody does again. Returns the stop. */
export function startQueueAlarm ({ depth, log, everyMs = EVERY_MS }: QueueAlarmOptions): () => void {
  /** A worker that is just starting, or that has lost Redis for a moment, is no reason yet. */
  let alone = 0

  async function look (): Promise<void> {
    const { waiting, delayed, workers } = await depth()
    const queued = waiting + delayed
    if (queued > 0 && workers === 0) {
      if (++alone === 2) {
        log.warn({ queued }, 'increments are queued and no worker runs: start one, with scorewire worker or ROLES')
      }
      return
    }
    if (alone >= 2) log.info({ queued, workers }, 'the queue is worked on again')
    alone = 0
  }

  const timer = setInterval(() => {
    look().catch(() => {})
  }, everyMs) // a Redis that is away is said elsewhere
  timer.unref()
  return () => clearInterval(timer)
}
