import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'bullmq'

/** BullMQ's closing, forced or not, waits for ever where Redis is away. */
export class EndableWorker<Data = unknown> extends Worker<Data> {
  /** Ends after what is under way; after `withinMs` without it. */
  async end (withinMs: number): Promise<void> {
    const stopping = new AbortController()
    // Ends its look for stalled jobs, which closing does not come to where Redis is away.
    await this.pause(true)
    const closed = this.close().finally(() => stopping.abort())
    await Promise.race([closed, delay(withinMs, undefined, { signal: stopping.signal }).catch(() => {})])
    if (!stopping.signal.aborted) await this.#abandon()
  }

  /** Ends what would keep the process alive, whatever is under way. */
  async #abandon (): Promise<void> {
    await this.lockManager.close()
    const { client, blockingClient } = this.getBackend()
    for (const connection of await Promise.all([client, blockingClient])) connection?.disconnect()
  }
}
