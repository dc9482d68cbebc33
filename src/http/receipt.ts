import { Type } from 'typebox'
import type { Boards } from '../leaderboard/board.ts'
import { ActionId, BoardName, UserId } from '../leaderboard/identifiers.ts'
import { subjectOf } from '../leaderboard/principal.ts'
import { Problem } from '../leaderboard/problem.ts'
import type { Reads } from '../leaderboard/reads.ts'
import { principalOf, type Auth } from './auth.ts'
import { PROBLEMS } from './errors.ts'
import { IncrementBody, raisedBody } from './increment.ts'
import type { Server } from './server.ts'

const ReceiptBody = raisedBody({
  increment: Type.Optional(IncrementBody.properties.increment),
  score: Type.Optional(Type.Integer({ description: 'Instead of the increment, where a score was submitted' }))
})

const schema = {
  summary: 'What became of an action, for the client whose answer got lost',
  tags: ['write'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName, user_id: UserId, action_id: ActionId }),
  response: { 200: ReceiptBody, ...PROBLEMS }
}

export interface ReceiptRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readReceipt: Reads['receipt']
}

export function registerReceipt (server: Server, { boards, auth, readReceipt }: ReceiptRouteOptions): void {
  server.get('/v1/boards/:board/users/:user_id/actions/:action_id', { schema, preParsing: auth.authenticate }, async (request) => {
    const board = boards.get(request.params.board)
    const userId = subjectOf(principalOf(request), request.params.user_id)
    const actionId = request.params.action_id
    const receipt = await readReceipt(board, { userId, actionId })
    if (receipt === undefined) {
      throw new Problem('unknown_action_id', 'This action is not remembered: it never counted, or it did over 24 hours ago.')
    }
    const { increment, score } = receipt
    const amount = board.operator === 'increment' ? { increment } : { score: increment }
    return { board: board.name, user_id: userId, action_id: actionId, ...amount, new_score: score, applied: true }
  })
}
