// Rebuilds a board from its ledger into a draft that then replaces the board.
import type { BoardHistory } from '../boards/board-history.ts'
import { Fold, type UserState } from './fold.ts'
import type { Position, ScoreEvent } from './ledger.ts'
import { DAY_MS } from '../boards/window.ts'

/** A user's events, in the order of the ledger. */
export interface UserEvents {
  readonly userId: string
  readonly events: readonly ScoreEvent[]
}

export interface UserName {
  readonly userId: string
  readonly username: string
}

/** The ledger of one board, as a rebuild reads it. */
export interface RebuildLedger {
  /** Makes sure that the board has a stream that is archived. */
  open(): Promise<void>
  /** The number of events, and the position of the last one. */
  measure(): Promise<{ events: number, last: Position | undefined }>
  /** Passes all events to `take`, user by user. */
  replay(take: (users: readonly UserEvents[]) => Promise<void>): Promise<void>
  names(take: (names: readonly UserName[]) => Promise<void>): Promise<void>
  /** Archives the rest of the stream, or waits until a worker has. */
  drain(): Promise<void>
}

/** A rebuilt copy beside the board. The board takes no writes meanwhile. */
export interface BoardDraft {
  /** The store's clock when it was begun, in ms since 1970. */
  readonly beganMs: number
  put(users: readonly UserState[]): Promise<void>
  putNames(names: readonly UserName[]): Promise<void>
  /** Notes the last entry of the stream. Call it when the stream is fully archived, before reading the ledger. */
  note(): Promise<void>
  /** Replaces the board by the draft in one step, if nothing was written since `note`. */
  swap(): Promise<'swapped' | 'lost' | 'written'>
  /** Opens the board again, and deletes what is left of the draft. */
  end(): Promise<void>
}

export interface CloseOptions {
  readonly history: BoardHistory
  /** The last archived event: the stream continues after it. */
  readonly last: Position | undefined
  /** Whether a board that has had scores may be replaced. */
  readonly which: 'empty' | 'any'
}

/**
 * Closes a board for writes. The last three results change nothing: `other`, another rebuild has closed it; `outdated`,
 * it has other rules; `scores`, it has scores.
 */
export type CloseBoard = (options: CloseOptions) => Promise<BoardDraft | 'other' | 'outdated' | 'scores'>

interface RebuildOptions extends Pick<CloseOptions, 'history' | 'which'> {
  readonly close: CloseBoard
  readonly ledger: RebuildLedger
  readonly onProgress?: (events: number, share: number) => void
}

export interface RebuildReport {
  readonly events: number
  /** Users who have something on the board. */
  readonly users: number
  readonly remembered: number
  /** The last state of each user's ban from all boards, by the ledger. */
  readonly allBoardsBans: ReadonlyMap<string, NonNullable<UserState['allBoards']>>
}

/** Groups of users that are written to the draft at a time, while the next ones are read and folded. */
const MAX_PUTS = 4

/** The reason why a rebuild did not replace the board. */
export class RebuildRefusal extends Error {
  readonly why: 'other' | 'outdated' | 'scores' | 'lost' | 'written' | 'nothing'

  constructor (why: RebuildRefusal['why']) {
    super(`the board was not rebuilt: ${why}`)
    this.why = why
  }
}

/**
 * Rebuilds a board from its ledger: folds every user's events into a draft, which then replaces the board. Writes are
 * refused meanwhile, so none is lost or counted twice. If the process dies, the board is unchanged.
 * @throws RebuildRefusal
 */
export async function rebuildBoard (
  { history, which, close, ledger, onProgress = () => {} }: RebuildOptions
): Promise<RebuildReport> {
  await ledger.open()
  const { last } = await ledger.measure()
  const draft = await close({ history, which, last })
  if (typeof draft === 'string') throw new RebuildRefusal(draft)
  try {
    await ledger.drain()
    await draft.note()
    const { events: total } = await ledger.measure()
    if (total === 0) throw new RebuildRefusal('nothing')
    const report = {
      events: 0,
      users: 0,
      remembered: 0,
      allBoardsBans: new Map<string, NonNullable<UserState['allBoards']>>()
    }
    const rememberFromMs = (Math.floor(draft.beganMs / DAY_MS) - 1) * DAY_MS // the slots of two days, in UTC
    const puts = new Set<Promise<void>>()
    await ledger.replay(async (users) => {
      const states = users.map((user) => foldUser(history, user, rememberFromMs))
      const put = draft.put(states).then(() => {
        puts.delete(put)
      })
      put.catch(() => {}) // it stays in the set, and the next wait throws it
      puts.add(put)
      if (puts.size >= MAX_PUTS) await Promise.race(puts)
      for (const [n, state] of states.entries()) {
        report.events += users[n]!.events.length
        report.remembered += state.remembered.length
        if (state.visible.size + state.hidden.size > 0) report.users++
        if (state.allBoards !== undefined) report.allBoardsBans.set(state.userId, state.allBoards)
      }
      onProgress(report.events, report.events / total)
    })
    await Promise.all(puts)
    await ledger.names(draft.putNames)
    const outcome = await draft.swap()
    if (outcome !== 'swapped') throw new RebuildRefusal(outcome)
    return report
  } finally {
    await draft.end()
  }
}

/** Folds all events of a user. `rememberFromMs`: actions from this moment on are remembered, in ms since 1970. */
export function foldUser (history: BoardHistory, { userId, events }: UserEvents, rememberFromMs = Infinity): UserState {
  const fold = new Fold(history, userId, { rememberFromMs })
  for (const event of events) fold.apply(event)
  return fold
}
