// The port of the archive: the ledger's streams as a worker sees them.
import type { LedgerEntry } from './ledger.ts'

/** How far the archive of a board is behind, by its stream. */
export interface Backlog {
  /** Entries that the stream holds, archived or not. */
  readonly entries: number
  /** Entries that are not archived yet. */
  readonly waiting: number
  /** How long the oldest of them has waited, in ms. */
  readonly lagMs: number
  /** When the oldest of them was written, in ms since 1970; undefined where there is none. */
  readonly oldestMs: number | undefined
  readonly deadLetters: number
}

/** An entry that will not be archived, and why. */
export interface DeadLetter {
  readonly id: string
  readonly why: string
}

/**
 * The ledger's streams as their archiver sees them. Every call may be made twice.
 * @throws Error while the store is away
 */
export interface LedgerStream {
  /** Entries that are taken at a time, at most. */
  readonly batch: number
  /** Makes sure that nothing of a board's stream is trimmed before it is archived. */
  open(board: string): Promise<void>
  /** The boards whose streams were opened and are not forgotten: deleted ones too. */
  opened(): Promise<readonly string[]>
  /** Removes the stream of a board that was deleted, if all of it is archived. Whether it is gone. */
  end(board: string): Promise<boolean>
  /** Ends `opened` for a board whose stream is gone. */
  forget(board: string): Promise<void>
  /**
   * Takes the lease of a board, or extends it: one worker archives a board at a time. False while another one holds it.
   */
  lease(board: string, lastsMs: number): Promise<boolean>
  /** Gives the lease of a board back, and leaves the group where this worker has nothing left to acknowledge. */
  release(board: string): Promise<void>
  /**
   * Counts this worker among those that share the boards, for `lastsMs`; 0 to leave. Returns how many workers there
   * are.
   */
  heartbeat(lastsMs: number): Promise<number>
  /**
   * Takes over entries, from an id on, that any worker got and did not acknowledge. `next` is where to go on, undefined
   * after the last.
   * `lost` are the ids of those that the stream does not hold any more.
   */
  claim(
    board: string,
    from: string
  ): Promise<{ entries: readonly LedgerEntry[], lost: readonly string[], next: string | undefined }>
  /** The next entries that no worker has had, oldest first; an empty list where there are none. */
  read(board: string): Promise<readonly LedgerEntry[]>
  /** How often an entry has been delivered. */
  deliveriesOf(board: string, id: string): Promise<number>
  /** Acknowledges entries that are archived, and trims what no reader needs any more. */
  ack(board: string, ids: readonly string[]): Promise<void>
  /** Moves an entry to the dead letters, with the reason. */
  deadLetter(board: string, letter: DeadLetter): Promise<void>
  /** The names that users go by, in the order given; the user id where there is none. */
  namesOf(board: string, userIds: readonly string[]): Promise<readonly string[]>
  backlog(board: string): Promise<Backlog>
}
