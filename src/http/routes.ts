// Every route of a node, area by area, and the ports that the routes call.
import type { BoardRegistry } from '../leaderboard/boards/apply-board.ts'
import type { Board, Boards } from '../leaderboard/boards/board.ts'
import type { Clock } from '../leaderboard/clock.ts'
import type { EventsSource, ReadEvents } from '../leaderboard/ledger/ledger.ts'
import type { Moderation, ReadBans } from '../leaderboard/moderation/moderation.ts'
import type { Groups } from '../leaderboard/ranking/group.ts'
import type { Reads } from '../leaderboard/ranking/reads.ts'
import type { ReadKnownTop } from '../leaderboard/ranking/top-reader.ts'
import type { RaiseScore } from '../leaderboard/scoring/increment.ts'
import type { QueueScore, Refusals } from '../leaderboard/scoring/queue.ts'
import type { ExportOptions } from '../leaderboard/transfer/export.ts'
import type { ApplyImport } from '../leaderboard/transfer/import.ts'
import type { TargetPolicy } from '../leaderboard/webhooks/webhook-target.ts'
import type { Deliveries, Webhooks } from '../leaderboard/webhooks/webhook.ts'
import type { Hub } from '../live/hub.ts'
import type { LiveStats } from '../live/live-stats.ts'
import type { Sessions } from '../live/sessions.ts'
import type { Auth } from './auth.ts'
import { registerBoards } from './boards/boards.ts'
import { registerSeason, type SeasonOptions } from './boards/season.ts'
import { registerContract000 } from './contracts/contract-000.ts'
import { registerContract001 } from './contracts/contract-001.ts'
import { registerContract002 } from './contracts/contract-002.ts'
import { registerContract003 } from './contracts/contract-003.ts'
import { registerContract004 } from './contracts/contract-004.ts'
import { registerCrossOrigin } from './cors.ts'
import { registerDevelopmentToken } from './development-token.ts'
import { registerEdgeLimit } from './edge-limit.ts'
import { handleNotFound } from './errors.ts'
import { registerHealth } from './health.ts'
import { registerEvents } from './ledger/events.ts'
import { createConnectionLimits } from './live/connection-limits.ts'
import { registerScoreboardSocket } from './live/scoreboard-socket.ts'
import { registerScoreboardStream } from './live/scoreboard-stream.ts'
import { watchMethods } from './method-not-allowed.ts'
import { registerBan, registerServiceBan } from './moderation/ban.ts'
import { registerErase } from './moderation/erase.ts'
import { registerOpenApi } from './openapi.ts'
import { registerPage } from './page.ts'
import { registerEntries } from './ranking/entries.ts'
import { registerGroup } from './ranking/group.ts'
import { registerLookup } from './ranking/lookup.ts'
import { registerTop } from './ranking/top.ts'
import { registerUser } from './ranking/user.ts'
import { registerAdjustment } from './scoring/adjustment.ts'
import { registerBatch } from './scoring/batch.ts'
import type { GrantTokens } from './scoring/grant-token.ts'
import { registerGrant } from './scoring/grant.ts'
import { registerIncrement } from './scoring/increment.ts'
import { registerReceipt } from './scoring/receipt.ts'
import { registerScore } from './scoring/score.ts'
import type { Server } from './server.ts'
import { registerExport } from './transfer/export.ts'
import { registerImport } from './transfer/import.ts'
import { registerWebhookDeliveries } from './webhooks/webhook-deliveries.ts'
import { registerWebhooks } from './webhooks/webhooks.ts'

const PROXY_SUSPECTED = 'clients seem to come through a proxy that TRUST_PROXY does not name: they count as one address'

/** What an operator sets of the routes; the fields are those of the configuration. */
interface RouteSettings extends TargetPolicy {
  readonly allowedOrigins: readonly string[]
  readonly rateLimitMax: number
  readonly maxSockets: number
  readonly maxSocketsPerIp: number
  readonly maxHandshakesPerSecond: number
}

/** What routes ask of the score store. */
interface RouteStore {
  readonly readTop: Reads['top']
  readonly readUser: Reads['user']
  readonly readEntries: Reads['entries']
  readonly readLookup: Reads['lookup']
  readonly readReceipt: Reads['receipt']
  readonly readSegments: ExportOptions['readSegments']
  readonly readBans: ReadBans
  readonly refusals: Pick<Refusals, 'read'>
  readonly groups: Groups
  readonly seasons: SeasonOptions['archive']
  readonly boards: BoardRegistry
  readonly applyImport: ApplyImport
  readonly webhooks: Webhooks
  readonly deliveries: Pick<Deliveries, 'enqueue'>
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  isReady(): boolean
}

/** What the routes are made of. */
interface RouteParts {
  readonly version: string
  readonly settings: RouteSettings
  readonly auth: Auth
  readonly grants: GrantTokens
  readonly core: {
    readonly store: RouteStore,
    readonly feed: { readonly boards: Boards, refresh(): Promise<void>, renew(name: string): Promise<Board> },
    readonly moderation: Moderation,
    readonly raiseScore: RaiseScore,
    readonly queueScore: QueueScore,
    readonly queue: { isQueued(board: string, action: { userId: string, actionId: string }): Promise<boolean> }
  }
  readonly ledger: { readonly readEvents: ReadEvents, readonly source: EventsSource }
  readonly live: {
    readonly hub: Hub,
    readonly sessions: Sessions,
    readonly stats: LiveStats,
    readonly readTop: ReadKnownTop
  }
  readonly isDraining: () => boolean
  /** Adds `/metrics`, and times the routes that follow. */
  readonly addMetrics: () => void
  /** Between 0 and 1. */
  readonly random: () => number
  readonly clock: Clock
  readonly randomBytes: (bytes: number) => Buffer
  readonly newId: () => string
}

/** Registers everything that a node answers. Call it once, before the server listens. */
export async function registerRoutes (server: Server, parts: RouteParts): Promise<void> {
  const { settings, auth, grants, core, ledger, live, newId } = parts
  const { store, feed: { boards, refresh, renew }, moderation, raiseScore, queueScore, queue } = core
  const { readUser, readEntries, readLookup, readBans, webhooks, now } = store

  const refuseOtherMethods = watchMethods(server)
  await registerEdge(server, parts)

  // Scoring
  registerIncrement(server, { boards, auth, raiseScore, queueScore, readUser })
  registerScore(server, { boards, auth, raiseScore, queueScore, readUser })
  registerBatch(server, { boards, auth, raiseScore, newId })
  registerGrant(server, { boards, auth, signGrant: grants.sign, now, newId })
  registerReceipt(server, {
    boards,
    auth,
    readReceipt: store.readReceipt,
    readRefusal: store.refusals.read,
    isQueued: queue.isQueued
  })

  // Ranking
  registerTop(server, { boards, auth, readTop: live.readTop, readGroup: store.groups.read, readLookup, now })
  registerUser(server, { boards, auth, readUser, now })
  registerEntries(server, { boards, auth, readEntries, now })
  registerLookup(server, { boards, auth, readLookup, now })
  registerGroup(server, { auth, groups: store.groups })

  // Boards
  registerBoards(server, { auth, boards, registry: store.boards, refresh, now })
  registerSeason(server, { boards, auth, archive: store.seasons })

  // Ledger and transfer
  registerEvents(server, { boards, auth, readEvents: ledger.readEvents, source: ledger.source })
  registerExport(server, { boards, auth, readEntries, readSegments: store.readSegments, now })
  await registerImport(server, { boards, auth, applyImport: store.applyImport, renewBoard: renew, now })

  // Moderation
  registerBan(server, { boards, auth, moderation, readBans })
  registerServiceBan(server, { auth, moderation, readBans })
  registerAdjustment(server, { boards, auth, moderation })
  registerErase(server, { boards, auth, moderation })

  // Webhooks
  registerWebhooks(server, { boards, auth, webhooks, policy: settings, randomBytes: parts.randomBytes })
  registerWebhookDeliveries(server, { boards, auth, webhooks, enqueue: store.deliveries.enqueue, newId, now })

  await registerLive(server, parts)
  await registerContracts(server, parts)
  await registerOperations(server, parts)
  refuseOtherMethods()
}

/** What every request meets before its route: limits, errors, documentation, and the measure of its time. */
async function registerEdge (server: Server, { settings, auth, version, addMetrics }: RouteParts): Promise<void> {
  await registerCrossOrigin(server, settings.allowedOrigins)
  registerEdgeLimit(server, auth, settings.rateLimitMax)
  server.setNotFoundHandler(handleNotFound)
  await registerOpenApi(server, { version })
  addMetrics()
}

/** The WebSocket and the stream of server-sent events. */
async function registerLive (server: Server, parts: RouteParts): Promise<void> {
  const { settings, auth, core, live, isDraining, random, clock } = parts
  const limits = createConnectionLimits({
    allowedOrigins: settings.allowedOrigins,
    maxPerAddress: settings.maxSocketsPerIp,
    maxConnections: settings.maxSockets,
    maxHandshakesPerSecond: settings.maxHandshakesPerSecond,
    isDraining,
    clock,
    onProxySuspected: () => server.log.warn({}, PROXY_SUSPECTED)
  })
  const watching = { ...live, boards: core.feed.boards, auth, limits, random, clock }
  await registerScoreboardSocket(server, watching)
  registerScoreboardStream(server, watching)
}

/** The five published contracts, on the default board. */
async function registerContracts (server: Server, { auth, core, live }: RouteParts): Promise<void> {
  const { store, feed: { boards }, raiseScore } = core
  const contract = { boards, auth, raiseScore, readTop: live.readTop, readStoredTop: store.readTop, now: store.now }
  await registerContract000(server, contract)
  await registerContract001(server, contract)
  await registerContract002(server, contract)
  await registerContract003(server, contract)
  await registerContract004(server, contract)
}

/** Health for balancers, the live page, and tokens for it outside production. */
async function registerOperations (server: Server, { settings, core, isDraining }: RouteParts): Promise<void> {
  registerHealth(server, { isReady: core.store.isReady, isDraining })
  await registerPage(server)
  if (settings.production) return
  registerDevelopmentToken(server, {
    signToken: (claims, { expiresInSeconds }) => server.jwt.sign(claims, { expiresIn: expiresInSeconds })
  })
}
