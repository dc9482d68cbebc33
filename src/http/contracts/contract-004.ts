// Contract 004: POST /api/update-score, GET /api/top-scores. Its WebSocket is /ws/scoreboard.
import { Type } from 'typebox'
import { principalOf } from '../auth.ts'
import { allowNoBody, type Server } from '../server.ts'
import { raiseFor, registerContract, topTenFor, type ContractError, type ContractParts } from './contract.ts'

const update = {
  summary: '004: raise the own score',
  tags: ['contracts'],
  security: [{ bearer: [] }],
  body: Type.Object({ increment: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })) }, {
    additionalProperties: false
  }),
  response: { 200: Type.Object({ status: Type.String(), new_score: Type.Integer() }) }
}

const top = {
  summary: '004: the top ten',
  tags: ['contracts'],
  response: {
    200: Type.Object({
      top_scores: Type.Array(Type.Object({ user_id: Type.String(), username: Type.String(), score: Type.Integer() }))
    })
  }
}

const PUBLISHED: ReadonlySet<number> = new Set([400, 401, 403, 405, 429, 500])

/**
 * The contract knows five statuses, and 405 is not about it; the others fall to the nearest, and `error` still says
 * which refusal it is.
 */
const errorOf: ContractError = ({ statusCode, code, message }) => ({
  status: PUBLISHED.has(statusCode) ? statusCode : statusCode >= 500 ? 500 : 400,
  body: { error: code, message }
})

/** Registers the routes of contract 004. */
export async function registerContract004 (server: Server, parts: ContractParts): Promise<void> {
  const { boards, auth, raiseScore } = parts
  await registerContract(server, errorOf, (scope) => {
    scope.post(
      '/api/update-score',
      { schema: update, preParsing: auth.authenticate, preValidation: allowNoBody },
      async (request, reply) => {
        const raised = await raiseFor(request, reply, {
          boards,
          raiseScore,
          principal: principalOf(request),
          increment: request.body.increment
        })
        return { status: 'success', new_score: raised.score }
      }
    )
    scope.get('/api/top-scores', { schema: top }, async (request, reply) => ({
      top_scores: (await topTenFor(request, reply, parts)).map(({ userId, username, score }) => ({
        user_id: userId,
        username,
        score
      }))
    }))
  })
}
