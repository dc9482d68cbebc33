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

/** The ledger's streams as their archiver sees them. Every call may be made twice. @throws Error while the store is away */
export interface LedgerStream {
  /** Entries that are taken at a time, at most. */
  readonly batch: number
  /** Makes sure that nothing of a board's stream is trimmed before it is archived. */
  open (board: string): Promise<void>
  /** The boards whose streams were opened and are not forgotten: deleted ones too. */
  opened (): Promise<readonly string[]>
  /** Removes the stream of a board that was deleted, if all of it is archived. Whether it is gone. */
  end (board: string): Promise<boolean>
  forget (board: string): Promise<void>
  /** Takes a board for so long, or keeps it: one worker archives a board at a time. False while another one has it. */
  take (board: string, lastsMs: number): Promise<boolean>
  giveBack (board: string): Promise<void>
  /** Counts this worker among those that share the boards, for so long; 0 to leave. Returns how many there are. */
  join (lastsMs: number): Promise<number>
  /**
   * Entries that were delivered, to whomever, and not settled, from an id on; `next` is where to go on, undefined after the last. `lost`
   * are the ids of those that the stream does not hold any more.
   */
  claim (board: string, from: string): Promise<{ entries: readonly LedgerEntry[], lost: readonly string[], next: string | undefined }>
  /** Entries that nobody has had yet, oldest first; none where there are none. */
  read (board: string): Promise<readonly LedgerEntry[]>
  /** How often an entry has been delivered. */
  deliveriesOf (board: string, id: string): Promise<number>
  /** Says that entries are archived, and trims what nobody needs any more. */
  settle (board: string, ids: readonly string[]): Promise<void>
  /** Puts an entry away, with a reason, and out of the way. */
  bury (board: string, letter: DeadLetter): Promise<void>
  /** The names that users go by, in the order given; the user id where there is none. */
  namesOf (board: string, userIds: readonly string[]): Promise<readonly string[]>
  backlog (board: string): Promise<Backlog>
}
