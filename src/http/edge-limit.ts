import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import { Problem } from '../leaderboard/problem.ts'
import type { Auth } from './auth.ts'
import { handleNotFound } from './errors.ts'
import type { Server } from './server.ts'

const MINUTE_MS = 60_000
/** Addresses counted at a time. */
const MAX_ADDRESSES = 50_000

/**
 * Guards the edge: so many requests a minute from one IP address (an IPv6 /64), counted in this node's memory before anything
 * is verified or read. Service tokens that were verified before are not counted. Paths that do not exist are.
 */
export async function registerEdgeLimit (server: Server, auth: Auth, requestsPerMinute: number): Promise<void> {
  if (requestsPerMinute === 0) {
    server.setNotFoundHandler(handleNotFound)
    return
  }
  const quiet = { 'ratelimit-limit': false, 'ratelimit-remaining': false, 'ratelimit-reset': false }
  const options: RateLimitPluginOptions = {
    max: requestsPerMinute,
    timeWindow: MINUTE_MS,
    cache: MAX_ADDRESSES,
    enableDraftSpec: true,
    addHeadersOnExceeding: quiet,
    allowList: (request) => auth.isKnownService(request),
    errorResponseBuilder: () => new Problem('rate_limited', `This address may send ${requestsPerMinute} requests a minute.`)
  }
  await server.register(rateLimit, options)
  server.setNotFoundHandler({ preHandler: server.rateLimit() }, handleNotFound)
}
