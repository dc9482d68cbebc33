// Deliveries of an entry that cannot be archived, before it goes to the dead letters.
import { type Log, messageOf } from '../leaderboard/log.ts'
import type { DeadLetter, LedgerStream } from '../leaderboard/ledger/archive.ts'
import { readEntry, type LedgerEntry, type Position, type ScoreEvent } from '../leaderboard/ledger/ledger.ts'
import { isDataError, type Database } from './database.ts'
import { keepEvents, type Events, type Kept } from './keep-events.ts'
import type { LedgerStats } from './ledger-stats.ts'

/** Deliveries of an entry that cannot be archived, before it goes to the dead letters. */
const MAX_DELIVERIES = 5

export interface ArchiveOptions {
  readonly stream: LedgerStream
  readonly database: Database
  readonly stats: LedgerStats
  readonly log: Log
  /** The kind of a board's first window, whose score is the one that is shown. */
  readonly windowOf: (board: string) => string
}

/**
 * Archives what earlier workers left unacknowledged, oldest first. Returns how many entries are still to be archived.
 */
export async function archivePending (options: ArchiveOptions, board: string): Promise<number> {
  let left = 0
  for (let from: string | undefined = '0-0'; from !== undefined;) {
    const { entries, lost, next } = await options.stream.claim(board, from)
    if (lost.length > 0) {
      options.log.error(
        { board, entries: lost.length, first: lost[0] },
        'entries of the ledger were gone before they were archived'
      )
    }
    left += await archiveEntries(options, board, entries)
    from = next
  }
  return left
}

/**
 * Keeps entries in the database and then acknowledges them, in that order. Where the worker dies in between, the
 * entries are delivered again and change nothing. An entry that cannot be kept is delivered `MAX_DELIVERIES` times
 * first. Returns how many of these are left.
 */
export async function archiveEntries (
  options: ArchiveOptions,
  board: string,
  entries: readonly LedgerEntry[]
): Promise<number> {
  if (entries.length === 0) return 0
  const { stream, stats, log } = options
  const events: ScoreEvent[] = []
  const rejected: DeadLetter[] = []
  for (const entry of entries) {
    try {
      events.push(readEntry(entry))
    } catch (error) {
      rejected.push({ id: entry.id, why: messageOf(error) })
    }
  }
  const users = [...new Set(events.map(({ userId }) => userId))]
  const names = await stream.namesOf(board, users)
  const nameOf = new Map(users.map((userId, n) => [userId, names[n]!]))
  const { kept, refused } = await keepWhatCanBe(options.database, board, {
    events,
    nameOf: (userId) => nameOf.get(userId)!,
    firstWindow: options.windowOf(board)
  })
  rejected.push(...refused)

  for (const event of kept.repeated) {
    log.warn(
      { board, user: event.userId, action: event.actionId, entry: idOf(event) },
      'an action was counted again after the store had forgotten it'
    )
    await stream.deadLetter(board, {
      id: idOf(event),
      why: 'the action is in the ledger already: it was counted twice'
    })
  }
  const left = await deadLetterRejected(options, board, rejected)
  const unacknowledged = new Set([...rejected.map(({ id }) => id), ...kept.repeated.map(idOf)])
  await stream.ack(board, entries.map(({ id }) => id).filter((id) => !unacknowledged.has(id)))
  stats.add(board, { archived: kept.count, repeated: kept.repeated.length })
  return left
}

/** Keeps all of them or, where one is at fault, halves them until it stands alone. */
async function keepWhatCanBe (
  database: Database,
  board: string,
  group: Events
): Promise<{ kept: Kept, refused: readonly DeadLetter[] }> {
  const { events } = group
  if (events.length === 0) return { kept: { count: 0, repeated: [] }, refused: [] }
  try {
    return { kept: await keepEvents(database, board, group), refused: [] }
  } catch (error) {
    if (!isDataError(error)) throw error
    if (events.length === 1) {
      return { kept: { count: 0, repeated: [] }, refused: [{ id: idOf(events[0]!), why: messageOf(error) }] }
    }
    const middle = events.length >> 1
    const first = await keepWhatCanBe(database, board, { ...group, events: events.slice(0, middle) })
    const second = await keepWhatCanBe(database, board, { ...group, events: events.slice(middle) })
    return {
      kept: {
        count: first.kept.count + second.kept.count,
        repeated: [...first.kept.repeated, ...second.kept.repeated]
      },
      refused: [...first.refused, ...second.refused]
    }
  }
}

/** Dead-letters the entries that were delivered often enough; returns how many are to come again. */
async function deadLetterRejected (
  { stream, stats, log }: ArchiveOptions,
  board: string,
  rejected: readonly DeadLetter[]
): Promise<number> {
  let left = 0
  for (const { id, why } of rejected) {
    if (await stream.deliveriesOf(board, id) < MAX_DELIVERIES) {
      left++
      continue
    }
    await stream.deadLetter(board, { id, why })
    stats.add(board, { deadLettered: 1 })
    log.error({ board, entry: id, why }, 'an entry of the ledger cannot be archived: it is among the dead letters')
  }
  return left
}

/** The id of the entry that an event was read from. */
function idOf ({ ms, seq }: Position): string {
  return `${ms}-${seq}`
}
