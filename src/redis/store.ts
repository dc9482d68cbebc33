// The store: everything that the service asks of Redis, over three connections.
import type { Log } from '../leaderboard/log.ts'
import type { Groups } from '../leaderboard/ranking/group.ts'
import type { Clock } from '../leaderboard/clock.ts'
import type { BoardRegistry } from '../leaderboard/boards/apply-board.ts'
import type { ApplyImport } from '../leaderboard/transfer/import.ts'
import type { ApplyIncrement } from '../leaderboard/scoring/increment.ts'
import type { ReadEvents } from '../leaderboard/ledger/ledger.ts'
import type { ModerationStore, ServiceBanStore, ReadBans } from '../leaderboard/moderation/moderation.ts'
import { unavailable } from '../leaderboard/problem.ts'
import type { Refusals } from '../leaderboard/scoring/queue.ts'
import type { Reads } from '../leaderboard/ranking/reads.ts'
import type { ApplyRollback } from '../leaderboard/ledger/rollback.ts'
import type { Velocity } from '../leaderboard/webhooks/velocity.ts'
import type { Deliveries, Webhooks } from '../leaderboard/webhooks/webhook.ts'
import { createAdjust } from './scoring/adjust.ts'
import { createReadEndedBans, type ReadEndedBans } from './moderation/ban-sweep.ts'
import { createBan } from './moderation/ban.ts'
import { createReadBans, createServiceBans } from './moderation/banned.ts'
import { createBoardRegistry } from './boards/board-registry.ts'
import { createChangeFeed, type ChangeFeed } from './ranking/change-feed.ts'
import { checkFormat, checkServer } from './check-server.ts'
import { createRedisClock } from './clock.ts'
import { closeConnection, connectFirst, openConnection, TIMEOUT_MS } from './connection.ts'
import { createDeliveries } from './webhooks/deliveries.ts'
import { createGroups } from './ranking/group.ts'
import { createApplyImport } from './transfer/import.ts'
import { createApplyIncrement } from './scoring/increment.ts'
import { createReadChanges } from './ranking/read-changes.ts'
import { createReadCounted, type ReadCounted } from './scoring/read-counted.ts'
import { createReadEntries } from './ranking/read-entries.ts'
import { createReadEvents } from './ledger/read-events.ts'
import { createReadLookup } from './ranking/read-lookup.ts'
import { createReadReceipt } from './scoring/read-receipt.ts'
import { createReadSegments } from './boards/read-segments.ts'
import { createReadStandings } from './ranking/read-standings.ts'
import { createReadTop, type ReadTop } from './ranking/read-top.ts'
import { createReadUser } from './ranking/read-user.ts'
import { createRefusals } from './scoring/refuse-action.ts'
import { createRemoveUser } from './moderation/remove-user.ts'
import { createApplyRollback } from './ledger/rollback.ts'
import { createSeasonArchive, type SeasonArchive } from './boards/season-archive.ts'
import { createUnban } from './moderation/unban.ts'
import { createVelocity } from './webhooks/velocity.ts'
import { createWebhooks } from './webhooks/webhooks.ts'

export interface StoreOptions {
  readonly url: string
  readonly log: Log
  /** So long Redis has to answer; a second if nothing is said. */
  readonly timeoutMs?: number | undefined
  /** This node's clock, in ms since 1970. */
  readonly now: () => number
  /** What calls in a group are timed by. */
  readonly clock: Clock
  readonly onGroup?: (items: number, seconds: number) => void
  /** Entries that a board's ledger may hold. */
  readonly ledgerMax?: number | undefined
  /** Where the scripts are, when not in the project's `lua/`. */
  readonly directory?: URL
}

/** Everything the service asks of Redis, over three connections: writes, reads and the change feed. */
export interface Store {
  readonly applyIncrement: ApplyIncrement
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
  readonly applyImport: ApplyImport
  readonly readSegments: ReturnType<typeof createReadSegments>
  readonly groups: Groups
  readonly boards: BoardRegistry
  readonly moderation: ModerationStore
  readonly applyRollback: ApplyRollback
  readonly serviceBans: ServiceBanStore
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
  isReady(): boolean
  close(): void
}

/**
 * Connects and checks the server.
 * @throws Error when Redis cannot be reached or does not fit
 */
export async function openStore (
  { url, log, timeoutMs = TIMEOUT_MS, now, clock: nodeClock, onGroup, ledgerMax, directory }: StoreOptions
): Promise<Store> {
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
    await checkFormat(reader)
    const sentMs = clock.own()
    const [seconds, micros] = await reader.time()
    clock.learn(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), sentMs)
  } catch (error) {
    close()
    throw error
  }

  const whileReading =
    <Args extends unknown[], Answer>(read: (...args: Args) => Promise<Answer>) =>
      async (...args: Args): Promise<Answer> => {
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
    applyIncrement: createApplyIncrement({ ...writing, nodeClock, timeoutMs, ledgerMax, ...(onGroup && { onGroup }) }),
    readTop: whileReading(createReadTop(reading)),
    readUser: whileReading(createReadUser(reading, readEntries)),
    readEntries,
    readLookup: whileReading(createReadLookup(reading)),
    readStandings: whileReading(createReadStandings(reading)),
    readChanges: whileReading(createReadChanges(reading)),
    applyImport: createApplyImport({ ...writing, ledgerMax }),
    readSegments: whileReading(createReadSegments(reader)),
    readReceipt: whileReading(createReadReceipt(reading)),
    readCounted: whileReading(createReadCounted({ ...reading, nodeClock, timeoutMs })),
    refusals: { ...refusals, read: whileReading(refusals.read) },
    seasons: { ...seasons, about: whileReading(seasons.about), top: whileReading(seasons.top) },
    groups: { ...groups, read: whileReading(groups.read) },
    boards: { ...boards, list: whileReading(boards.list), read: whileReading(boards.read) },
    moderation: {
      ban: createBan(writing),
      unban: createUnban(writing),
      removeUser: createRemoveUser(writing),
      adjust: createAdjust(writing)
    },
    applyRollback: createApplyRollback(writing),
    serviceBans: createServiceBans(writing),
    readBans: { one: whileReading(readBans.one), page: whileReading(readBans.page) },
    readEndedBans: whileReading(createReadEndedBans(reading)),
    readEvents: whileReading(createReadEvents(reader)),
    webhooks: {
      ...webhooks,
      list: whileReading(webhooks.list),
      one: whileReading(webhooks.one),
      deliveries: whileReading(webhooks.deliveries)
    },
    deliveries: createDeliveries({ reader, writer, directory }),
    velocity: createVelocity({ reader, writer, directory }),
    changes,
    now: clock.now,
    isReady: () => connections.every(({ status }) => status === 'ready'),
    close
  }
}
