// BullMQ's closing, forced or not, waits for ever where Redis is away.
import { Worker } from 'bullmq'
import { cutConnections } from './connection.ts'
import { within } from './within.ts'

/** BullMQ's closing, forced or not, waits for ever where Redis is away. */
export class EndableWorker<Data = unknown> extends Worker<Data> {
  /** Ends after what is under way; after `withinMs` without it. */
  async end (withinMs: number): Promise<void> {
    // Ends its look for stalled jobs, which closing does not come to where Redis is away.
    await this.pause(true)
    if (await within(withinMs, this.close())) return
    // Whatever is under way: nothing is to keep the process alive.
    this.lockManager.close().catch(() => {})
    cutConnections(this)
  }
}
