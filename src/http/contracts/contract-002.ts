// Contract 002: POST /api/scores/update with the token in the body, GET /api/scores/top.
import { Type } from 'typebox'
import { ActionId, UserId } from '../../leaderboard/identifiers.ts'
import type { Server } from '../server.ts'
import { raiseFor, registerContract, topTenFor, type ContractError, type ContractParts } from './contract.ts'

const update = {
  summary: '002: raise the own score by one, the token in the body',
  tags: ['contracts'],
  body: Type.Object({
    userId: UserId,
    authToken: Type.Optional(Type.String({ description: 'The bearer token' })),
    actionId: ActionId
  }, { additionalProperties: false }),
  response: { 200: Type.Object({ success: Type.Boolean(), message: Type.String(), updatedScore: Type.Integer() }) }
}

const top = {
  summary: '002: the top ten',
  tags: ['contracts'],
  response: {
    200: Type.Object({ topScores: Type.Array(Type.Object({ userId: Type.String(), score: Type.Integer() })) })
  }
}

const PUBLISHED: Readonly<Record<number, string>> = {
  400: 'Invalid action or request format.',
  403: 'Unauthorized score update attempt.'
}

/**
 * The contract knows 400 and 403; a wrong method (405), being too fast (429) and being away (5xx) are said as they
 * are.
 */
const errorOf: ContractError = ({ statusCode, message }) => {
  const status = statusCode === 405 || statusCode === 429 || statusCode >= 500
    ? statusCode
    : statusCode === 401 || statusCode === 403
      ? 403
      : 400
  return { status, body: { success: false, error: PUBLISHED[status] ?? message } }
}

/** Registers the routes of contract 002. */
export async function registerContract002 (server: Server, parts: ContractParts): Promise<void> {
  const { boards, auth, raiseScore } = parts
  await registerContract(server, errorOf, (scope) => {
    scope.post('/api/scores/update', { schema: update }, async (request, reply) => {
      const { userId, authToken, actionId } = request.body
      const raised = await raiseFor(request, reply, {
        boards,
        raiseScore,
        principal: auth.verify(authToken),
        userId,
        actionId
      })
      return { success: true, message: 'Score updated successfully.', updatedScore: raised.score }
    })
    scope.get(
      '/api/scores/top',
      { schema: top },
      async (request, reply) => ({
        topScores: (await topTenFor(request, reply, parts)).map(({ userId, score }) => ({ userId, score }))
      })
    )
  })
}
