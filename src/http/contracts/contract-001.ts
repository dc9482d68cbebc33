// Contract 001: POST /api/v1/score/update, GET /api/v1/scoreboard.
import { Type } from 'typebox'
import { UserId } from '../../leaderboard/identifiers.ts'
import { principalOf } from '../auth.ts'
import type { Server } from '../server.ts'
import { raiseFor, registerContract, topTenFor, type ContractError, type ContractParts } from './contract.ts'

const Answer = Type.Object({ message: Type.String(), status: Type.String() })

const update = {
  summary: '001: raise a score',
  tags: ['contracts'],
  security: [{ bearer: [] }],
  body: Type.Object(
    { user_id: UserId, score_increase: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) },
    { additionalProperties: false }
  ),
  response: { 200: Answer }
}

const scoreboard = {
  summary: '001: the top ten',
  tags: ['contracts'],
  response: { 200: Type.Array(Type.Object({ user_id: Type.String(), score: Type.Integer() })) }
}

const errorOf: ContractError = ({ statusCode, message }) => ({ status: statusCode, body: { message, status: 'error' } })

/** Registers the routes of contract 001. */
export async function registerContract001 (server: Server, parts: ContractParts): Promise<void> {
  const { boards, auth, raiseScore } = parts
  await registerContract(server, errorOf, (scope) => {
    scope.post('/api/v1/score/update', { schema: update, preParsing: auth.authenticate }, async (request, reply) => {
      const { user_id: userId, score_increase: increment } = request.body
      await raiseFor(request, reply, { boards, raiseScore, principal: principalOf(request), userId, increment })
      return { message: 'Score updated successfully', status: 'success' }
    })
    scope.get(
      '/api/v1/scoreboard',
      { schema: scoreboard },
      async (request, reply) =>
        (await topTenFor(request, reply, parts)).map(({ userId, score }) => ({ user_id: userId, score }))
    )
  })
}
