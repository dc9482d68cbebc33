// The receipt of an action over HTTP.
import { Type } from 'typebox'
import type { Board, Boards } from '../../leaderboard/boards/board.ts'
import { ActionId, BoardName, UserId } from '../../leaderboard/identifiers.ts'
import { subjectOf } from '../../leaderboard/principal.ts'
import { Problem } from '../../leaderboard/problem.ts'
import type { Refusals } from '../../leaderboard/scoring/queue.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { principalOf, type Auth } from '../auth.ts'
import { PROBLEMS, titleOf, typeOf } from '../errors.ts'
import { IncrementBody } from './increment.ts'
import { QueuedBody } from './prefer.ts'
import type { Server } from '../server.ts'

const { board, user_id: userId, action_id: actionId, increment, new_score: newScore, applied } =
  IncrementBody.properties

// One shape for what counted and what was refused: the serializer would try a choice of two on every answer.
const ReceiptBody = Type.Object({
  board,
  user_id: userId,
  action_id: actionId,
  status: Type.Enum(['applied', 'refused'], {
    description:
      'applied: it has counted. refused: it was queued and did not count, and says why; sent again it is tried anew'
  }),
  increment: Type.Optional(increment),
  score: Type.Optional(Type.Integer({ description: 'Instead of the increment, where a score was submitted' })),
  new_score: Type.Optional(newScore),
  applied: Type.Optional(applied),
  type: Type.Optional(Type.String({ description: 'Of the problem, as in the answer that a refusal would have been' })),
  title: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  refused_at: Type.Optional(Type.String({ format: 'date-time' }))
})

const schema = {
  summary: 'The receipt of an action: queued, applied or refused. It recovers a lost answer',
  tags: ['write'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName, user_id: UserId, action_id: ActionId }),
  response: { 200: ReceiptBody, 202: QueuedBody, ...PROBLEMS }
}

interface ReceiptRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readReceipt: Reads['receipt']
  readonly readRefusal: Refusals['read']
  /** @throws Problem `unavailable` */
  readonly isQueued: (board: string, action: { userId: string, actionId: string }) => Promise<boolean>
}

/** `GET /v1/boards/{board}/users/{user_id}/actions/{action_id}`. */
export function registerReceipt (
  server: Server,
  { boards, auth, readReceipt, readRefusal, isQueued }: ReceiptRouteOptions
): void {
  server.get(
    '/v1/boards/:board/users/:user_id/actions/:action_id',
    { schema, preParsing: auth.authenticate },
    async (request, reply) => {
      const board = boards.get(request.params.board)
      const action = {
        userId: subjectOf(principalOf(request), request.params.user_id),
        actionId: request.params.action_id
      }
      const named = { board: board.name, user_id: action.userId, action_id: action.actionId }
      // In this order: what leaves the queue in between has its receipt by then.
      const queued = await isQueued(board.name, action)
      const counted = await countedOf(readReceipt, board, action)
      if (counted !== undefined) return { ...named, status: 'applied' as const, ...counted }
      if (queued) return await reply.code(202).header('retry-after', '1').send({ ...named, status: 'queued' as const })
      const refusal = await readRefusal(board, action)
      if (refusal === undefined) {
        throw new Problem(
          'unknown_action_id',
          'This action is not remembered: it never counted, or it did over 24 hours ago.'
        )
      }
      const { code, detail, refusedMs } = refusal
      return {
        ...named,
        status: 'refused' as const,
        type: typeOf(code),
        title: titleOf(code),
        code,
        detail,
        refused_at: new Date(refusedMs).toISOString()
      }
    }
  )
}

async function countedOf (readReceipt: Reads['receipt'], board: Board, action: { userId: string, actionId: string }) {
  const receipt = await readReceipt(board, action)
  if (receipt === undefined) return undefined
  const { increment, score } = receipt
  return { ...board.operator === 'increment' ? { increment } : { score: increment }, new_score: score, applied: true }
}
