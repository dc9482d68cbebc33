import { randomUUID } from 'node:crypto'
import jwt from '@fastify/jwt'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import { createAuth, tokenOptions } from './http/auth.ts'
import { registerBoards } from './http/boards.ts'
import { registerContract000 } from './http/contracts/contract-000.ts'
import { registerContract001 } from './http/contracts/contract-001.ts'
import { registerContract002 } from './http/contracts/contract-002.ts'
import { registerContract003 } from './http/contracts/contract-003.ts'
import { registerContract004 } from './http/contracts/contract-004.ts'
import { registerDevelopmentToken } from './http/development-token.ts'
import { registerEdgeLimit } from './http/edge-limit.ts'
import { registerHealth } from './http/health.ts'
import { registerIncrement } from './http/increment.ts'
import { watchMethods } from './http/method-not-allowed.ts'
import { createMetrics, registerMetrics } from './http/metrics.ts'
import { registerOpenApi } from './http/openapi.ts'
import { registerPage } from './http/page.ts'
import { registerReceipt } from './http/receipt.ts'
import { registerScoreboardSocket } from './http/scoreboard-socket.ts'
import { createServer, type Server } from './http/server.ts'
import { registerTop } from './http/top.ts'
import { registerUser } from './http/user.ts'
import { createRaiseScore } from './leaderboard/increment.ts'
import type { Reads } from './leaderboard/reads.ts'
import { Hub, LIVE_ROWS } from './live/hub.ts'
import { GATE_MS } from './redis/increment.ts'
import { openStore } from './redis/store.ts'

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

/**
 * Builds one node: a store, the hub of those who watch, and every route. Closing the server closes all of it.
 * @throws Error when the store cannot be reached or does not fit
 */
export async function createApp ({ config, redisUrl, jwtSecret, version, log, now, random, scripts }: AppOptions): Promise<Server> {
  const { boards } = config
  const metrics = createMetrics({ sockets: () => hub.clients })

  const store = await openStore({ url: redisUrl, log, now, onGroup: metrics.onGroup, ...(scripts && { directory: scripts }) })
  const hub = new Hub({
    read: store.readTop,
    follow: store.changes.follow,
    windowMs: config.pushWindowMs,
    quietMs: GATE_MS,
    random,
    onReadError: (error) => log.debug({ error: String(error) }, 'could not read a board')
  })
  const raiseScore = createRaiseScore({ keep: store.increment, newId: randomUUID, onOutcome: metrics.onOutcome })
  const readTop: Reads['top'] = async (board, kind) => hub.known(board, kind) ?? await store.readTop(board, kind)

  const server = createServer({ log, trustProxy: config.trustProxy })
  server.addHook('onClose', async () => store.close())
  await server.register(jwt, tokenOptions({ secret: jwtSecret, issuer: config.jwtIssuer, audience: config.jwtAudience }))
  const auth = createAuth(server.jwt, now)

  const refuseOtherMethods = watchMethods(server)
  await registerOpenApi(server, { version })
  registerMetrics(server, metrics)
  await registerEdgeLimit(server, auth, config.rateLimitMax)

  registerIncrement(server, { boards, auth, raiseScore, readUser: store.readUser })
  registerReceipt(server, { boards, auth, readReceipt: store.readReceipt })
  registerTop(server, { boards, readTop })
  registerUser(server, { boards, readUser: store.readUser })
  registerBoards(server, { boards, now: store.now })
  await registerScoreboardSocket(server, { boards, hub, onPush: metrics.onPush })

  const board = boards.default
  const window = board.windows[0]!
  const contract = {
    board,
    auth,
    raiseScore,
    readTopTen: async () => (await readTop(board, window)).entries.slice(0, LIVE_ROWS),
    readTopTenAnew: async () => (await store.readTop(board, window)).entries.slice(0, LIVE_ROWS)
  }
  await registerContract000(server, contract)
  await registerContract001(server, contract)
  await registerContract002(server, contract)
  await registerContract003(server, contract)
  await registerContract004(server, contract)

  registerHealth(server, { isReady: store.isReady })
  await registerPage(server)
  if (!config.production) {
    registerDevelopmentToken(server, {
      signToken: (claims, { expiresInSeconds }) => server.jwt.sign(claims, { expiresIn: expiresInSeconds })
    })
  }
  refuseOtherMethods()
  return server
}
