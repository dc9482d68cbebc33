// Which live connections a node admits.
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../leaderboard/clock.ts'
import { Problem, rateLimited, unavailable } from '../../leaderboard/problem.ts'
import { networkOf } from '../network.ts'

interface ConnectionLimitsOptions {
  /** Origins of the pages that may watch, `*` for all; none: only pages of this service itself. */
  readonly allowedOrigins: readonly string[]
  /** Live connections from one IP address (an IPv6 /64), 0 for no limit. */
  readonly maxPerAddress: number
  /** Live connections of this node. */
  readonly maxConnections: number
  readonly maxHandshakesPerSecond: number
  /** Whether this node is draining and admits no new client. */
  readonly isDraining: () => boolean
  /** Told once when all clients seem to have one address. */
  readonly onProxySuspected: () => void
  readonly clock: Clock
}

/** Which clients may connect at all, decided before anything is spent on them. */
export interface ConnectionLimits {
  /** @throws Problem `forbidden_origin`, `rate_limited`, `unavailable` */
  check(request: FastifyRequest): void
  /** Counts the connection until it ends. */
  admit(request: FastifyRequest): void
}

/** Creates the limits of a node, with counters of their own. */
export function createConnectionLimits (options: ConnectionLimitsOptions): ConnectionLimits {
  const { allowedOrigins, maxPerAddress, maxConnections, maxHandshakesPerSecond } = options
  const { isDraining, onProxySuspected, clock } = options
  const anyOrigin = allowedOrigins.includes('*')
  const countOf = new Map<string, number>()
  const admitted = new WeakSet<Socket>()
  let connections = 0
  let second = 0
  let handshakes = 0
  const handshakesOf = new Map<string, number>()
  let suspected = false

  function checkOrigin ({ host, headers: { origin } }: FastifyRequest): void {
    if (origin === undefined || anyOrigin) return // no browser sends none
    if (allowedOrigins.length > 0 ? allowedOrigins.includes(origin) : hostOf(origin) === host) return
    throw new Problem('forbidden_origin', 'Pages of this origin may not watch here.')
  }

  // No address uses up what is there for all: a tenth of it, or as often as it may be connected.
  const maxHandshakesOfOne = maxPerAddress === 0 ? Infinity : Math.max(maxPerAddress, maxHandshakesPerSecond / 10)

  function checkHandshakes (network: string): void {
    const now = Math.floor(clock.now() / 1000)
    if (now !== second) {
      ;[second, handshakes] = [now, 0]
      handshakesOf.clear()
    }
    const own = (handshakesOf.get(network) ?? 0) + 1
    handshakesOf.set(network, own)
    if (own > maxHandshakesOfOne) throw rateLimited('One address connects too often.', { retryAfterSeconds: 1 })
    if (++handshakes > maxHandshakesPerSecond) throw unavailable('Too many connect at this moment.')
  }

  return {
    check (request) {
      checkOrigin(request)
      if (isDraining()) throw unavailable('This node is stopping.')
      if (connections >= maxConnections) {
        throw unavailable('This node has as many live connections as it takes.', { retryAfterSeconds: 5 })
      }
      const network = networkOf(request.ip)
      if (maxPerAddress > 0 && (countOf.get(network) ?? 0) >= maxPerAddress) {
        const isForwarded = request.headers['x-forwarded-for'] !== undefined
        if (!suspected && isForwarded && request.ip === request.raw.socket.remoteAddress) {
          suspected = true
          onProxySuspected()
        }
        throw rateLimited(`One address may have ${maxPerAddress} live connections.`, { retryAfterSeconds: 5 })
      }
      checkHandshakes(network)
    },
    admit (request) {
      const { socket } = request.raw
      if (admitted.has(socket)) return
      admitted.add(socket)
      const network = networkOf(request.ip)
      connections++
      countOf.set(network, (countOf.get(network) ?? 0) + 1)
      socket.once('close', () => {
        connections--
        const left = countOf.get(network)! - 1
        if (left === 0) countOf.delete(network)
        else countOf.set(network, left)
      })
    }
  }
}

function hostOf (origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
