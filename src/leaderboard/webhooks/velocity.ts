// The velocity rule: which users gain points too fast.
import type { Board } from '../boards/board.ts'
import { readEntry, type LedgerEntry } from '../ledger/ledger.ts'
import type { Flag } from './webhook-event.ts'

/**
 * A period is summed up in so many slices: who is past the rule within all but the first of them is past it for sure.
 */
export const SLICES = 50

export type VelocityRule = NonNullable<Board['velocity']>

/** What one user has gained in one slice of time. */
interface Gain extends Omit<Flag, 'points'> {
  points: number
}

/** Entries that lie in one slice, and where the ledger goes on behind them. */
interface SliceOfGains {
  readonly slice: number
  readonly gains: readonly Gain[]
  readonly next: string
  readonly entries: number
}

/** How long a slice of the period is. */
function sliceMs ({ per_seconds: seconds }: VelocityRule): number {
  return seconds * 1000 / SLICES
}

/**
 * What users have gained by entries of a ledger, in their order. Points of players count, and of services in their
 * name; corrections, imports and what does not count publicly are acts of the operator, or known to the operator, and
 * are passed over.
 */
export function gainsOf (entries: readonly LedgerEntry[], rule: VelocityRule): SliceOfGains[] {
  const slices: { slice: number, gains: Map<string, Gain>, next: string, entries: number }[] = []
  for (const entry of entries) {
    const slice = Math.floor(Number.parseInt(entry.id, 10) / sliceMs(rule))
    let last = slices.at(-1)
    if (last?.slice !== slice) slices.push(last = { slice, gains: new Map(), next: '', entries: 0 })
    last.next = entry.id
    last.entries++
    const gain = gainOf(entry)
    if (gain === undefined) continue
    const points = (last.gains.get(gain.userId)?.points ?? 0) + gain.points
    last.gains.set(gain.userId, { ...gain, points })
  }
  return slices.map(({ gains, ...rest }) => ({ ...rest, gains: [...gains.values()] }))
}

/** Undefined for what is no gain of points, and for an entry that scorewire has not written. */
function gainOf (entry: LedgerEntry): Gain | undefined {
  try {
    const { userId, actionId, kind, delta, ms, hidden } = readEntry(entry)
    return kind === 'increment' && !hidden && delta > 0
      ? { entry: entry.id, userId, actionId, atMs: ms, points: delta }
      : undefined
  } catch {
    return undefined
  }
}

/** Up to where a board's ledger was judged. */
export interface VelocityCursor {
  readonly rule: VelocityRule
  /** Names the sums. */
  readonly since: string
  /** The last entry that was judged. */
  readonly entry: string
  /** Its number in the ledger; undefined where it is not known. */
  readonly number: number | undefined
}

/** How the velocity of users is kept. */
export interface Velocity {
  /** Undefined where there is no such board. */
  begin(board: string, rule: VelocityRule): Promise<VelocityCursor | undefined>
  /**
   * The next entries; `written` is how many the ledger has ever had, and `first` the number of the first that it
   * still holds, at `firstId`.
   */
  read(
    board: string,
    cursor: string
  ): Promise<
    {
      readonly entries: readonly LedgerEntry[],
      readonly more: boolean,
      readonly written: number,
      readonly first: number,
      readonly firstId: string | undefined
    }
  >
  /** How many users were flagged; undefined where another worker has moved the cursor. */
  add(
    board: string,
    cursor: VelocityCursor,
    gains: SliceOfGains,
    number: number | undefined
  ): Promise<number | undefined>
  /** Flags that were not published to every webhook yet. */
  flags(board: string): Promise<readonly Flag[]>
  /** Forgets flags that every webhook has its delivery of. */
  clearFlags(board: string, flags: readonly Flag[]): Promise<void>
}
