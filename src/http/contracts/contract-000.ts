// Contract 000: POST /update-score, GET /scoreboard.
import { Type } from 'typebox'
import { UserId } from '../../leaderboard/identifiers.ts'
import { principalOf } from '../auth.ts'
import type { Server } from '../server.ts'
import { raiseFor, registerContract, topTenFor, type ContractError, type ContractParts } from './contract.ts'

const Answer = Type.Object({ success: Type.Boolean(), message: Type.String() })

const update = {
  summary: '000: raise a score',
  tags: ['contracts'],
  security: [{ bearer: [] }],
  body: Type.Object(
    { userId: UserId, scoreIncrement: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) },
    { additionalProperties: false }
  ),
  response: { 200: Answer }
}

const scoreboard = {
  summary: '000: the top ten, for any token',
  tags: ['contracts'],
  security: [{ bearer: [] }],
  response: { 200: Type.Array(Type.Object({ userId: Type.String(), score: Type.Integer() })) }
}

const errorOf: ContractError = ({ statusCode: status, message }) => ({ status, body: { success: false, message } })

/** Registers the routes of contract 000. */
export async function registerContract000 (server: Server, parts: ContractParts): Promise<void> {
  const { boards, auth, raiseScore } = parts
  await registerContract(server, errorOf, (scope) => {
    scope.post('/update-score', { schema: update, preParsing: auth.authenticate }, async (request, reply) => {
      const { userId, scoreIncrement: increment } = request.body
      await raiseFor(request, reply, { boards, raiseScore, principal: principalOf(request), userId, increment })
      return { success: true, message: 'Score updated successfully.' }
    })
    scope.get(
      '/scoreboard',
      { schema: scoreboard, preParsing: auth.authenticate },
      async (request, reply) => (await topTenFor(request, reply, parts)).map(({ userId, score }) => ({ userId, score }))
    )
  })
}
