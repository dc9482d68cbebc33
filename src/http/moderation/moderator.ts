// The moderator of a request.
import type { FastifyRequest } from 'fastify'
import type { Moderator } from '../../leaderboard/moderation/moderation.ts'
import { principalOf } from '../auth.ts'

/** Who moderates, and from where, for the ledger. */
export function moderatorOf (request: FastifyRequest): Moderator {
  return { principal: principalOf(request), ip: request.ip, requestId: request.id }
}
