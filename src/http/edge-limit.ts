// The limit at the edge: requests a minute from one address, counted before anything else is done.
import { rateLimited } from '../leaderboard/problem.ts'
import type { Auth } from './auth.ts'
import { networkOf } from './network.ts'
import type { Server } from './server.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False for routes whose requests are neither counted nor limited. */
    edgeLimit?: false
  }
}

const MINUTE_MS = 60_000
/** Networks counted at a time. */
const MAX_NETWORKS = 50_000

/** What a network has sent in the minute since its first request. */
interface Count {
  requests: number
  readonly untilMs: number
}

/**
 * Limits the requests a minute from one IP address (an IPv6 /64); 0 for no limit. They are counted in this node's
 * memory before anything is verified or read. Requests with a service token that was verified before are not counted.
 * Requests for paths that do not exist are.
 */
export function registerEdgeLimit (server: Server, auth: Auth, requestsPerMinute: number): void {
  if (requestsPerMinute === 0) return
  // The network whose minute began first comes first.
  const counts = new Map<string, Count>()

  function countOf (network: string, nowMs: number): Count {
    const known = counts.get(network)
    if (known !== undefined && nowMs < known.untilMs) return known
    counts.delete(network)
    for (const [oldest, { untilMs }] of counts) {
      if (nowMs < untilMs && counts.size < MAX_NETWORKS) break
      counts.delete(oldest)
    }
    const count = { requests: 0, untilMs: nowMs + MINUTE_MS }
    counts.set(network, count)
    return count
  }

  // Without a promise, since every request comes by here.
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.edgeLimit === false || auth.isKnownService(request)) return done()
    const nowMs = performance.now()
    const count = countOf(networkOf(request.ip), nowMs)
    if (++count.requests <= requestsPerMinute) return done()
    done(rateLimited(`This address may send ${requestsPerMinute} requests a minute.`, {
      retryAfterSeconds: Math.ceil((count.untilMs - nowMs) / 1000),
      limit: requestsPerMinute
    }))
  })
}
