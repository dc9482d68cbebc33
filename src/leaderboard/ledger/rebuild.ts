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

/** The ledger of one board, as it is read to make the board anew. */
export interface RebuildLedger {
  /** Makes sure that there is a stream, which is archived. */
  open (): Promise<void>
  /** How many events there are, and the place of the last one. */
  measure (): Promise<{ events: number, last: Position | undefined }>
  /** Hands out all events, user by user. */
  replay (take: (users: readonly UserEvents[]) => Promise<void>): Promise<void>
  names (take: (names: readonly UserName[]) => Promise<void>): Promise<void>
  /** Archives what still waits in the stream, or waits until somebody has. */
  drain (): Promise<void>
}

/** A board that is being made anew, beside what there is. It takes no writes meanwhile. */
export interface BoardDraft {
  /** The store's clock when it was begun, in ms since 1970. */
  readonly beganMs: number
  put (users: readonly UserState[]): Promise<void>
  putNames (names: readonly UserName[]): Promise<void>
  /** The last entry of the stream. To be called when it is archived to its end, and before the ledger is read. */
  note (): Promise<void>
  /** Takes the place of what there was, at once, if nothing was written since `note`. */
  swap (): Promise<'swapped' | 'lost' | 'written'>
  /** Opens the board again, and takes away what is left of the draft. */
  end (): Promise<void>
}

export interface CloseOptions {
  readonly history: BoardHistory
  /** The last event that is archived: the stream goes on behind it. */
  readonly last: Position | undefined
  /** Whether a board that has had scores may be replaced. */
  readonly which: 'empty' | 'any'
}

/** Closes a board for writes; with the last three nothing was done: somebody else has it closed, it has other rules, it has scores. */
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
  /** What the ledger says of bans from all boards: by user, the last word. */
  readonly allBoardsBans: ReadonlyMap<string, NonNullable<UserState['allBoards']>>
}

/** Groups of users that are on their way into the draft while the next ones are read and folded: so neither waits for the other. */
const MAX_PUTS = 4

/** Why a board was not made anew. */
export class RebuildRefusal extends Error {
  readonly why: 'other' | 'outdated' | 'scores' | 'lost' | 'written' | 'nothing'

  constructor (why: RebuildRefusal['why']) {
    super(`the board was not made anew: ${why}`)
    this.why = why
  }
}

/**
 * Makes a board anew from its ledger: every user's events are folded into a draft, which then takes the place of what there was. Writes
 * are refused meanwhile, so none is lost or counted twice; whoever dies over it leaves the board as it was.
 * @throws RebuildRefusal
 */
export async function rebuildBoard ({ history, which, close, ledger, onProgress = () => {} }: RebuildOptions): Promise<RebuildReport> {
  await ledger.open()
  const { last } = await ledger.measure()
  const draft = await close({ history, which, last })
  if (typeof draft === 'string') throw new RebuildRefusal(draft)
  try {
    await ledger.drain()
    await draft.note()
    const { events: total } = await ledger.measure()
    if (total === 0) throw new RebuildRefusal('nothing')
    const report = { events: 0, users: 0, remembered: 0, allBoardsBans: new Map<string, NonNullable<UserState['allBoards']>>() }
    const rememberFromMs = (Math.floor(draft.beganMs / DAY_MS) - 1) * DAY_MS // the slots of two days, in UTC
    const puts = new Set<Promise<void>>()
    await ledger.replay(async (users) => {
      const states = users.map((user) => foldUser(history, user, rememberFromMs))
      const put = draft.put(states).then(() => { puts.delete(put) })
      put.catch(() => {}) // it stays among them, and is thrown by who waits next
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

export function foldUser (history: BoardHistory, { userId, events }: UserEvents, rememberFromMs = Infinity): UserState {
  const fold = new Fold(history, userId, { rememberFromMs })
  for (const event of events) fold.apply(event)
  return fold
}
