// The lease of a board: the right of one worker to do one kind of work on it for a while.
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import { bindScript } from '../scripts.ts'

/** Leases that one worker asks for. A key is `archiver`, `publisher` or `rebuilder` of `boardKeys`. */
interface Leases {
  /** Takes the lease for `lastsMs`, or extends it. False while another worker holds it. */
  hold(key: string, worker: string, lastsMs: number): Promise<boolean>
  /** Gives the lease back; does nothing where another worker holds it. */
  release(key: string, worker: string): Promise<void>
}

/** Takes and releases leases through `lua/boards/lease.lua`. */
export function createLeases (redis: Redis, directory?: URL): Leases {
  const lease = bindScript(redis, 'boards/lease', { reply: Type.Enum(['held', 'other', 'free']), directory })
  return {
    hold: async (key, worker, lastsMs) => await lease([key], [worker, lastsMs]) === 'held',
    async release (key, worker) {
      await lease([key], [worker, 0])
    }
  }
}
