// Prefer: respond-async, and the answer for a queued write.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Queued } from '../../leaderboard/scoring/queue.ts'

/**
 * To the end where nothing closes it: to look for that again at each quote would take the square of the field's
 * length.
 */
const QUOTED = /"(?:[^"\\]|\\.?)*"?/g

/**
 * Whether a request would rather be answered at once than when it is done (RFC 7240, section 4.1). Other preferences
 * and parameters, such as `wait`, are put up with.
 */
export function prefersAsync ({ headers: { prefer } }: FastifyRequest): boolean {
  if (prefer === undefined) return false
  // A quoted value may hold anything, commas too; an empty one is none.
  const text = [prefer].flat().join(',').replace(QUOTED, (quoted) => quoted === '""' ? '' : 'quoted')
  return text.split(',').some((preference) => /^respond-async[\t ]*(=[\t ]*)?$/i.test(preference.split(';')[0]!.trim()))
}

/** The header fields of a route that can answer before it is done. */
export const PREFER = {
  prefer: Type.Optional(
    Type.String({
      description:
        'respond-async: answered with 202 as soon as it is queued; the receipt at Location says what became of it'
    })
  )
}

export const QueuedBody = Type.Object({
  board: Type.String(),
  user_id: Type.String(),
  action_id: Type.String(),
  status: Type.Literal('queued')
}, { description: 'Queued, with Prefer: respond-async; the receipt is at Location' })

/** Answers for what is queued. */
export function replyQueued (reply: FastifyReply, board: string, { userId, actionId }: Queued): FastifyReply {
  const receipt = `/v1/boards/${board}/users/${encodeURIComponent(userId)}/actions/${encodeURIComponent(actionId)}`
  return reply.code(202).headers({ location: receipt, 'preference-applied': 'respond-async' })
    .send({ board, user_id: userId, action_id: actionId, status: 'queued' })
}
