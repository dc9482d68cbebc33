import { randomBytes, randomUUID } from 'node:crypto'
import jwt from '@fastify/jwt'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import { createAuth, tokenOptions } from './http/auth.ts'
import { registerAdjustment } from './http/scoring/adjustment.ts'
import { registerBan, registerServiceBan } from './http/moderation/ban.ts'
import { registerBatch } from './http/scoring/batch.ts'
import { registerBoards } from './http/boards/boards.ts'
import { registerContract000 } from './http/contracts/contract-000.ts'
import { registerContract001 } from './http/contracts/contract-001.ts'
import { registerContract002 } from './http/contracts/contract-002.ts'
import { registerContract003 } from './http/contracts/contract-003.ts'
import { registerContract004 } from './http/contracts/contract-004.ts'
import { registerCrossOrigin } from './http/cors.ts'
import { registerDevelopmentToken } from './http/development-token.ts'
import { createDoor } from './http/live/connection-limits.ts'
import { registerEdgeLimit } from './http/edge-limit.ts'
import { registerEntries } from './http/ranking/entries.ts'
import { registerErase } from './http/moderation/erase.ts'
import { handleNotFound } from './http/errors.ts'
import { registerEvents } from './http/ledger/events.ts'
import { createGrantTokens } from './http/scoring/grant-token.ts'
import { registerExport } from './http/transfer/export.ts'
import { registerGrant } from './http/scoring/grant.ts'
import { registerGroup } from './http/ranking/group.ts'
import { registerHealth } from './http/health.ts'
import { registerImport } from './http/transfer/import.ts'
import { registerIncrement } from './http/scoring/increment.ts'
import { registerLookup } from './http/ranking/lookup.ts'
import { watchMethods } from './http/method-not-allowed.ts'
import { createMetrics, registerLiveMetrics, registerMetrics } from './metrics/metrics.ts'
import { registerOpenApi } from './http/openapi.ts'
import { registerPage } from './http/page.ts'
import { registerReceipt } from './http/scoring/receipt.ts'
import { registerScoreboardSocket } from './http/live/scoreboard-socket.ts'
import { registerScoreboardStream } from './http/live/scoreboard-stream.ts'
import { registerScore } from './http/scoring/score.ts'
import { registerSeason } from './http/boards/season.ts'
import { createServer, type Server } from './http/server.ts'
import { registerTop } from './http/ranking/top.ts'
import { registerUser } from './http/ranking/user.ts'
import { registerWebhookDeliveries } from './http/webhooks/webhook-deliveries.ts'
import { registerWebhooks } from './http/webhooks/webhooks.ts'
import type { Board } from './leaderboard/boards/board.ts'
import { isRunning, type Part } from './leaderboard/ranking/scope.ts'
import { closedSeason } from './leaderboard/boards/season.ts'
import { closeSeasons } from './jobs/boards/season-closing.ts'
import { openLedger } from './app/ledger.ts'
import { Audience } from './live/sessions.ts'
import { Hub, type KnownTop } from './live/hub.ts'
import { createLiveStats } from './live/live-stats.ts'
import { LIVE_ROWS } from './live/prepared-top.ts'
import { startBanSweep, SWEEP_EVERY_MS } from './redis/moderation/ban-sweep.ts'
import { GATE_MS } from './redis/keys.ts'
import { openScoring } from './app/core.ts'
import { startWork } from './app/worker.ts'

export interface AppOptions {
  readonly config: Config
  /** `config.redisUrl`, or the address of the embedded Redis. */
  readonly redisUrl: string
  /** `config.jwtSecret`, or the one kept for development. */
  readonly jwtSecret: string
  readonly version: string
  readonly log: FastifyBaseLogger
  /** Ms since 1970. */
  readonly now: () => number
  /** Between 0 and 1. */
  readonly random: () => number
  /** Another place for `lua/`. */
  readonly scripts?: URL
}

/** One node of the service. */
export interface App {
  readonly server: Server
  /** Leaves in order: not ready from now on, live clients sent elsewhere one by one, requests answered to the last; then closes all of it. */
  depart (): Promise<void>
}

/**
 * Builds one node: a store, the hub of those who watch, and every route. Closing the server closes all of it.
 * @throws Error when the store cannot be reached or does not fit
 */
export async function createApp ({ config, redisUrl, jwtSecret, version, log, now, random, scripts }: AppOptions): Promise<App> {
  const live = createLiveStats()
  const audience = new Audience({ random, stats: live })
  const metrics = createMetrics()
  registerLiveMetrics(metrics.registry, { live, connections: () => audience.size })
  let leaving = false
  const isLeaving = () => leaving

  const grants = createGrantTokens({ secret: jwtSecret, now: () => store.now() })
  const scoring = await openScoring({
    config, redisUrl, log, now, readGrant: grants.read, metrics, scripts
  })
  const { store, feed, moderation, raiseScore, queue, queueScore } = scoring
  const { boards } = feed
  const ends: Array<() => unknown> = [scoring.close]
  const end = async () => { for (const close of ends) await close() }
  const giveUp = async (error: unknown): Promise<never> => {
    await end()
    throw error
  }
  const { databaseUrl } = config
  const ledger = databaseUrl === undefined
    ? undefined
    : await openLedger({ config, boards, readBoard: store.boards.read, now: store.now, redisUrl, databaseUrl, log, random }).catch(giveUp)
  if (ledger !== undefined) ends.unshift(ledger.close)
  ledger?.registerMetrics(metrics.registry)
  if (config.roles.has('worker')) ends.unshift(await startWork({ config, redisUrl, log, random }, { scoring, registry: metrics.registry }).catch(giveUp))
  const hub = new Hub({
    read: store.readTop,
    readChanges: store.readChanges,
    readStandings: store.readStandings,
    follow: store.changes.follow,
    windowMs: config.pushWindowMs,
    quietMs: GATE_MS,
    random,
    onReadError: (error) => log.debug({ error: String(error) }, 'could not read a board')
  })
  boards.onChange(({ before, after }) => {
    if (before !== undefined) hub.changeBoard(before, after)
  })
  const takeOverServiceBans = (among: readonly Board[]) => {
    moderation.takeOverServiceBans(among).catch((error: unknown) => log.warn({ error: String(error) }, 'could not ban from new boards who is banned from all, trying again'))
  }
  takeOverServiceBans(boards.all)
  boards.onChange(({ before, after }) => {
    if (before === undefined && after !== undefined) takeOverServiceBans([after])
  })
  const stopBanSweep = startBanSweep({
    read: store.readEndedBans,
    boards: () => boards.all,
    lift: moderation.liftBan,
    takeOver: moderation.takeOverServiceBans,
    everyMs: SWEEP_EVERY_MS,
    random,
    onError: (error) => log.debug({ error: String(error) }, 'could not look after bans')
  })
  async function readNamed (board: Board, part: Part): Promise<KnownTop> {
    const season = part.segment === undefined ? closedSeason(board, part.window, store.now()) : undefined
    const about = season && await store.seasons.about(board, season)
    return { ...await (season && about ? store.seasons.top(board, season, about) : store.readTop(board, part)), isStale: false }
  }
  // The hub knows the running windows; one asked for by its name is read as it is.
  const readTop = (board: Board, part: Part): Promise<KnownTop> => isRunning(part) ? hub.top(board, part) : readNamed(board, part)

  const server = createServer({ log, trustProxy: config.trustProxy })
  const stopClosing = closeSeasons({
    boards: () => boards.all,
    now: store.now,
    archive: store.seasons.build,
    onArchived: (board, season) => log.debug({ board: board.name, season: season.name }, 'a closed season has its archive'),
    onError: (board, error) => log.warn({ board: board.name, error: String(error) }, 'could not archive a season, trying again')
  })
  server.addHook('onClose', async () => {
    stopClosing()
    audience.stop()
    stopBanSweep()
    await end()
  })
  await server.register(jwt, tokenOptions({ secret: jwtSecret, issuer: config.jwtIssuer, audience: config.jwtAudience }))
  const auth = createAuth(server.jwt, now)

  const door = createDoor({
    allowedOrigins: config.allowedOrigins,
    maxPerAddress: config.maxSocketsPerIp,
    maxConnections: config.maxSockets,
    maxHandshakesPerSecond: config.maxHandshakesPerSecond,
    isLeaving,
    onProxySuspected: () => log.warn({}, 'clients seem to come through a proxy that TRUST_PROXY does not name: they count as one address')
  })

  const refuseOtherMethods = watchMethods(server)
  await registerCrossOrigin(server, config.allowedOrigins)
  registerEdgeLimit(server, auth, config.rateLimitMax)
  server.setNotFoundHandler(handleNotFound)
  await registerOpenApi(server, { version })
  registerMetrics(server, metrics)

  registerIncrement(server, { boards, auth, raiseScore, queueScore, readUser: store.readUser })
  registerScore(server, { boards, auth, raiseScore, queueScore, readUser: store.readUser })
  registerBatch(server, { boards, auth, raiseScore, newId: randomUUID })
  registerGrant(server, { boards, auth, signGrant: grants.sign, now: store.now, newId: randomUUID })
  registerReceipt(server, { boards, auth, readReceipt: store.readReceipt, readRefusal: store.refusals.read, isQueued: queue.isQueued })
  registerTop(server, { boards, auth, readTop, readGroup: store.groups.read, readLookup: store.readLookup, now: store.now })
  registerUser(server, { boards, auth, readUser: store.readUser, now: store.now })
  registerEntries(server, { boards, auth, readEntries: store.readEntries, now: store.now })
  registerLookup(server, { boards, auth, readLookup: store.readLookup, now: store.now })
  registerEvents(server, { boards, auth, readEvents: ledger?.readEvents ?? store.readEvents, source: ledger === undefined ? 'stream' : 'ledger' })
  registerSeason(server, { boards, auth, archive: store.seasons })
  registerGroup(server, { auth, groups: store.groups })
  registerExport(server, { boards, auth, readEntries: store.readEntries, readSegments: store.readSegments, now: store.now })
  await registerImport(server, { boards, auth, keep: store.import, renewBoard: feed.renew, now: store.now })
  registerBoards(server, { auth, boards, registry: store.boards, refresh: feed.refresh, now: store.now })
  registerBan(server, { boards, auth, moderation, readBans: store.readBans })
  registerServiceBan(server, { auth, moderation, readBans: store.readBans })
  registerAdjustment(server, { boards, auth, moderation })
  registerWebhooks(server, { boards, auth, webhooks: store.webhooks, policy: config, randomBytes })
  registerWebhookDeliveries(server, { boards, auth, webhooks: store.webhooks, put: store.deliveries.put, newId: randomUUID, now: store.now })
  registerErase(server, { boards, auth, moderation })

  const watching = { boards, auth, door, hub, audience, stats: live }
  await registerScoreboardSocket(server, watching)
  registerScoreboardStream(server, { ...watching, random })

  const shown = (board: Board) => ({ window: board.windows[0]! })
  const contract = {
    boards,
    auth,
    raiseScore,
    readTop: (board: Board) => readTop(board, shown(board)),
    readTopTenAnew: async (board: Board) => (await store.readTop(board, shown(board))).entries.slice(0, LIVE_ROWS),
    now: store.now
  }
  await registerContract000(server, contract)
  await registerContract001(server, contract)
  await registerContract002(server, contract)
  await registerContract003(server, contract)
  await registerContract004(server, contract)

  registerHealth(server, { isReady: store.isReady, isLeaving })
  await registerPage(server)
  if (!config.production) {
    registerDevelopmentToken(server, {
      signToken: (claims, { expiresInSeconds }) => server.jwt.sign(claims, { expiresIn: expiresInSeconds })
    })
  }
  refuseOtherMethods()

  return {
    server,
    async depart () {
      leaving = true
      // Every answer from now on asks for another connection, which the balancer opens to another node.
      server.server.maxRequestsPerSocket = 1
      await audience.depart(config.drainMs)
      await server.close()
    }
  }
}
