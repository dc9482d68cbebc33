// What the published contracts share: raising a score, the top ten, and their errors.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Boards } from '../../leaderboard/boards/board.ts'
import type { AppliedIncrement, IncrementRequest, RaiseScore } from '../../leaderboard/scoring/increment.ts'
import type { Principal } from '../../leaderboard/principal.ts'
import type { Problem } from '../../leaderboard/problem.ts'
import type { RankedEntry } from '../../leaderboard/ranking/order-entries.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { defaultPart } from '../../leaderboard/ranking/ranking.ts'
import type { ReadKnownTop } from '../../leaderboard/ranking/top-reader.ts'
import { LIVE_ROWS } from '../../live/prepared-top.ts'
import type { Auth } from '../auth.ts'
import { logProblem, problemOf } from '../errors.ts'
import { actionIdOf } from '../scoring/idempotency-key.ts'
import type { Server } from '../server.ts'
import { tellAge } from '../ranking/top.ts'

/** What the published contracts are translated to: the service's own parts, on its default board. */
export interface ContractParts {
  /** The default one is looked up for each request. */
  readonly boards: Boards
  readonly auth: Auth
  readonly raiseScore: RaiseScore
  readonly readTop: ReadKnownTop
  /** Reads a top after everything that this node has written. */
  readonly readStoredTop: Reads['top']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/**
 * Raises a score for a contract's request: the action id may come as `Idempotency-Key`, and a replay says so.
 * @throws Problem for every refusal
 */
export async function raiseFor (
  request: FastifyRequest,
  reply: FastifyReply,
  { boards, raiseScore, principal, ...asked }: Pick<ContractParts, 'boards' | 'raiseScore'> & IncrementRequest & {
    principal: Principal
  }
): Promise<AppliedIncrement> {
  const actionId = actionIdOf(request, asked.actionId)
  const raised = await raiseScore(boards.default, principal, { ...asked, actionId }, {
    ip: request.ip,
    requestId: request.id
  })
  if (!raised.applied) reply.header('idempotency-replayed', 'true')
  return raised
}

/** The first ten, for whoever may read the board; `Age` tells how old they are while the store is away. */
export async function topTenFor (
  request: FastifyRequest,
  reply: FastifyReply,
  { boards, auth, readTop, now }: Pick<ContractParts, 'boards' | 'auth' | 'readTop' | 'now'>
): Promise<readonly RankedEntry[]> {
  const board = boards.default
  auth.mayRead(board, request)
  const top = await readTop(board, defaultPart(board))
  tellAge(reply, top, now())
  return top.entries.slice(0, LIVE_ROWS)
}

/** The first ten as they are after everything that this node has written. @throws Problem `unavailable` */
export async function topTenAfterWrite (
  { boards, readStoredTop }: Pick<ContractParts, 'boards' | 'readStoredTop'>
): Promise<readonly RankedEntry[]> {
  const board = boards.default
  return (await readStoredTop(board, defaultPart(board))).entries.slice(0, LIVE_ROWS)
}

/** How a contract writes a refusal down. */
export type ContractError = (problem: Problem) => { status: number, body: object }

/** Registers a contract's routes in a scope of their own, where every error takes the contract's shape. */
export async function registerContract (
  server: Server,
  errorOf: ContractError,
  addRoutes: (scope: Server) => void
): Promise<void> {
  await server.register(async (scope) => {
    scope.setErrorHandler((error: Parameters<typeof problemOf>[0], request, reply) => {
      const problem = problemOf(error)
      logProblem(problem, request)
      const { status, body } = errorOf(problem)
      return reply.code(status).headers(problem.headers).send(body)
    })
    addRoutes(scope as Server)
  })
}
