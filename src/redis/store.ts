import type { Groups } from '../leaderboard/group.ts'
import type { BoardRegistry } from '../leaderboard/apply-board.ts'
import type { KeepImport } from '../leaderboard/import.ts'
import type { KeepIncrement } from '../leaderboard/increment.ts'
import type { ReadEvents } from '../leaderboard/ledger.ts'
import type { KeepModeration, KeepServiceBans, ReadBans } from '../leaderboard/moderation.ts'
import { unavailable } from '../leaderboard/problem.ts'
import type { Refusals } from '../leaderboard/queue.ts'
import type { Reads } from '../leaderboard/reads.ts'
import type { KeepRollback } from '../leaderboard/rollback.ts'
import type { Velocity } from '../leaderboard/velocity.ts'
import type { Deliveries, Webhooks } from '../leaderboard/webhook.ts'
import { createAdjust } from './adjust.ts'
import { createReadEndedBans, type ReadEndedBans } from './ban-sweep.ts'
import { createBan } from './ban.ts'
import { createReadBans, createServiceBans } from './banned.ts'
import { createBoardRegistry } from './board-registry.ts'
import { createChangeFeed, type ChangeFeed } from './change-feed.ts'
import { checkServer } from './check-server.ts'
import { createRedisClock } from './clock.ts'
import { closeConnection, connectFirst, openConnection, TIMEOUT_MS, type Log } from './connection.ts'
import { createDeliveries } from './deliveries.ts'
import { createGroups } from './group.ts'
import { createImport } from './import.ts'
import { createIncrement } from './increment.ts'
import { createReadChanges } from './read-changes.ts'
import { createReadCounted, type ReadCounted } from './read-counted.ts'
import { createReadEntries } from './read-entries.ts'
import { createReadEvents } from './read-events.ts'
import { createReadLookup } from './read-lookup.ts'
import { createReadReceipt } from './read-receipt.ts'
import { createReadSegments } from './read-segments.ts'
import { createReadStandings } from './read-standings.ts'
import { createReadTop, type ReadTop } from './read-top.ts'
import { createReadUser } from './read-user.ts'
import { createRefusals } from './refuse-action.ts'
import { createRemoveUser } from './remove-user.ts'
import { createRollback } from './rollback.ts'
import { createSeasonArchive, type SeasonArchive } from './season-archive.ts'
import { createUnban } from './unban.ts'
import { createVelocity } from './velocity.ts'
import { createWebhooks } from './webhooks.ts'

export interface StoreOptions {
  readonly url: string
  readonly log: Log
  /** So long Redis has to answer; a second if nothing is said. */
  readonly timeoutMs?: number | undefined
  /** This node's clock, in ms since 1970. */
  readonly now: () => number
  readonly onGroup?: (items: number, seconds: number) => void
  /** Entries that a board's ledger may hold. */
  readonly ledgerMax?: number | undefined
  /** Where the scripts are, when not in the project's `lua/`. */
  readonly directory?: URL
}

/** Everything the service asks of Redis, over three connections: writes, reads and the change feed. */
export interface Store {
  readonly increment: KeepIncrement
  readonly readTop: ReadTop
  readonly readUser: Reads['user']
  readonly readEntries: Reads['entries']
  readonly readLookup: Reads['lookup']
  readonly readStandings: Reads['standings']
  readonly readChanges: Reads['changes']
  readonly readReceipt: Reads['receipt']
  readonly readCounted: ReadCounted
  readonly refusals: Refusals
  readonly seasons: SeasonArchive
  readonly import: KeepImport
  readonly readSegments: ReturnType<typeof createReadSegments>
  readonly groups: Groups
  readonly boards: BoardRegistry
  readonly moderation: KeepModeration
  readonly rollback: KeepRollback
  readonly serviceBans: KeepServiceBans
  readonly readBans: ReadBans
  readonly readEndedBans: ReadEndedBans
  readonly readEvents: ReadEvents
  readonly webhooks: Webhooks
  readonly deliveries: Deliveries
  readonly velocity: Velocity
  readonly changes: ChangeFeed
  /** Redis' clock, as far as this node knows it, in ms since 1970. */
  readonly now: () => number
  /** Whether all three connections stand. */
  isReady (): boolean
  close (): void
}

/**
 * Connects and checks the server.
 * @throws Error when Redis cannot be reached or does not fit
 */
export async function openStore ({ url, log, timeoutMs = TIMEOUT_MS, now, onGroup, ledgerMax, directory }: StoreOptions): Promise<Store> {
  const writer = openConnection({ url, name: 'scorewire-write', log, timeoutMs })
  const reader = openConnection({ url, name: 'scorewire-read', log, timeoutMs })
  const subscriber = openConnection({ url, name: 'scorewire-changes', log, timeoutMs, autoResubscribe: false })
  const connections = [writer, reader, subscriber]
  const clock = createRedisClock(now)
  const changes = createChangeFeed(subscriber, log)
  const close = () => {
    changes.close()
    for (const connection of connections) closeConnection(connection)
  }
  try {
    await Promise.all(connections.map(async (connection) => await connectFirst(connection, url)))
    await checkServer(reader, log)
    const sentMs = clock.own()
    const [seconds, micros] = await reader.time()
    clock.learn(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), sentMs)
  } catch (error) {
    close()
    throw error
  }

  const whileReading = <Args extends unknown[], Answer>(read: (...args: Args) => Promise<Answer>) => async (...args: Args): Promise<Answer> => {
    try {
      return await read(...args)
    } catch (cause) {
      throw unavailable('The score store is away.', { cause })
    }
  }

  // Whoever could not read for a while reads again at once.
  reader.on('ready', () => changes.tellAll())

  const groups = createGroups({ reader, writer })
  const boards = createBoardRegistry({ reader, writer, directory })
  const webhooks = createWebhooks({ reader, writer, directory })
  const reading = { redis: reader, clock, directory }
  const writing = { redis: writer, clock, directory }
  const readEntries = whileReading(createReadEntries(reading))
  const readBans = createReadBans(reading)
  const refusals = createRefusals({ ...writing, reader })
  const seasons = createSeasonArchive({ redis: reader, readEntries })
  return {
    increment: createIncrement({ ...writing, timeoutMs, ledgerMax, ...(onGroup && { onGroup }) }),
    readTop: whileReading(createReadTop(reading)),
    readUser: whileReading(createReadUser(reading, readEntries)),
    readEntries,
    readLookup: whileReading(createReadLookup(reading)),
    readStandings: whileReading(createReadStandings(reading)),
    readChanges: whileReading(createReadChanges(reading)),
    import: createImport({ ...writing, ledgerMax }),
    readSegments: whileReading(createReadSegments(reader)),
    readReceipt: whileReading(createReadReceipt(reading)),
    readCounted: whileReading(createReadCounted({ ...reading, timeoutMs })),
    refusals: { ...refusals, read: whileReading(refusals.read) },
    seasons: { ...seasons, about: whileReading(seasons.about), top: whileReading(seasons.top) },
    groups: { ...groups, read: whileReading(groups.read) },
    boards: { ...boards, list: whileReading(boards.list), read: whileReading(boards.read) },
    moderation: { ban: createBan(writing), unban: createUnban(writing), removeUser: createRemoveUser(writing), adjust: createAdjust(writing) },
    rollback: createRollback(writing),
    serviceBans: createServiceBans(writing),
    readBans: { one: whileReading(readBans.one), page: whileReading(readBans.page) },
    readEndedBans: whileReading(createReadEndedBans(reading)),
    readEvents: whileReading(createReadEvents(reader)),
    webhooks: { ...webhooks, list: whileReading(webhooks.list), one: whileReading(webhooks.one), deliveries: whileReading(webhooks.deliveries) },
    deliveries: createDeliveries({ reader, writer, directory }),
    velocity: createVelocity({ reader, writer, directory }),
    changes,
    now: clock.now,
    isReady: () => connections.every(({ status }) => status === 'ready'),
    close
  }
}
