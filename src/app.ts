// One node of the service as a diagram: core, ledger, work, live side, background, server, routes.
import { randomBytes, randomUUID } from 'node:crypto'
import { startBackground } from './app/background.ts'
import { openAll } from './app/closers.ts'
import { openCore, type CoreOptions } from './app/core.ts'
import { createDrain } from './app/drain.ts'
import { openLedger } from './app/ledger.ts'
import { startLive } from './app/live.ts'
import { startWork } from './app/worker.ts'
import { registerAuth } from './http/auth.ts'
import { registerRoutes } from './http/routes.ts'
import { createGrantTokens } from './http/scoring/grant-token.ts'
import { createServer, type Server } from './http/server.ts'
import { createMetrics, registerMetrics } from './metrics/metrics.ts'

interface AppOptions extends Omit<CoreOptions, 'readGrant' | 'metrics'> {
  /** `config.jwtSecret`, or the one kept for development. */
  readonly jwtSecret: string
  readonly version: string
  /** Between 0 and 1. */
  readonly random: () => number
}

interface App {
  /** Closing it closes all of the node. */
  readonly server: Server
  /** Stops the node without an error for any client. */
  drain(): Promise<void>
}

/**
 * Creates a node. It answers requests as soon as its server listens.
 * @throws Error when the store cannot be reached or does not fit
 */
export async function createApp (options: AppOptions): Promise<App> {
  const { config, jwtSecret: secret, log, now } = options
  return await openAll(async ({ defer, close }) => {
    const metrics = createMetrics()
    const grants = createGrantTokens({ secret, now: () => core.store.now() })
    const core = await openCore({ ...options, readGrant: grants.read, metrics })
    defer(core.close)
    const parts = { ...options, grants, core, metrics }

    const ledger = await openLedger(parts)
    defer(ledger.close)
    if (config.roles.has('worker')) defer(await startWork(parts))

    const live = startLive(parts)
    defer(live.close)
    defer(startBackground(parts))

    const server = createServer({ log, trustProxy: config.trustProxy })
    server.addHook('onClose', close)
    const auth = await registerAuth(server, { secret, issuer: config.jwtIssuer, audience: config.jwtAudience, now })
    const drain = createDrain({ server, sessions: live.sessions, withinMs: config.drainMs })

    await registerRoutes(server, {
      ...parts,
      settings: config,
      auth,
      ledger,
      live,
      isDraining: drain.isDraining,
      addMetrics: () => registerMetrics(server, metrics),
      randomBytes,
      newId: randomUUID
    })
    return { server, drain: drain.run }
  })
}
