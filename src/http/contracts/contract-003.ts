// Contract 003: POST /scores/update, which answers the new top ten, GET /scores. It publishes no error shape: errors
// are problem+json.
import { Type } from 'typebox'
import { ActionId } from '../../leaderboard/identifiers.ts'
import { outcomeUnknown } from '../../leaderboard/problem.ts'
import type { RankedEntry } from '../../leaderboard/ranking/order-entries.ts'
import { principalOf } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'
import { raiseFor, topTenAfterWrite, topTenFor, type ContractParts } from './contract.ts'

const Scores = Type.Array(Type.Object({ user_id: Type.String(), username: Type.String(), score: Type.Integer() }))

const update = {
  summary: '003: raise the own score and get the new top ten',
  tags: ['contracts'],
  security: [{ bearer: [] }],
  body: Type.Object({
    action_id: ActionId,
    increment: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))
  }, { additionalProperties: false }),
  response: { 200: Scores, ...PROBLEMS }
}

const scores = { summary: '003: the top ten', tags: ['contracts'], response: { 200: Scores, ...PROBLEMS } }

const rows = (entries: readonly RankedEntry[]) =>
  entries.map(({ userId, username, score }) => ({ user_id: userId, username, score }))

/** Registers the routes of contract 003. */
export async function registerContract003 (server: Server, parts: ContractParts): Promise<void> {
  const { boards, auth, raiseScore } = parts
  server.post('/scores/update', { schema: update, preParsing: auth.authenticate }, async (request, reply) => {
    const { action_id: actionId, increment } = request.body
    await raiseFor(request, reply, { boards, raiseScore, principal: principalOf(request), actionId, increment })
    try {
      return rows(await topTenAfterWrite(parts))
    } catch (cause) {
      throw outcomeUnknown(
        'The action has counted, but the board cannot be read now. The same action_id again counts no more.',
        { cause }
      )
    }
  })
  server.get('/scores', { schema: scores }, async (request, reply) => rows(await topTenFor(request, reply, parts)))
}
