import { judgePoints, type ActionPoints, type PointsRequest, type ReadGrant } from './points.ts'
import type { Board } from '../boards/board.ts'
import type { CatalogueAction } from '../boards/catalogue.ts'
import { normalizedName, timeOfActionId } from '../identifiers.ts'
import { isService, subjectOf, type Principal } from '../principal.ts'
import { Problem, unavailable, rateLimited } from '../problem.ts'
import type { Receipt } from '../ranking/reads.ts'
import { judgeScore } from './score.ts'
import { judgeSegment, segmentsAmong, type Segments } from '../boards/segment.ts'

/** What a caller asks for, well formed but not yet judged. */
export interface IncrementRequest extends PointsRequest {
  /** A score, instead of points, for a board that keeps the best or the latest. */
  readonly score?: number | undefined
  readonly userId?: string | undefined
  /** Names the action. Without one the request is an action of its own. */
  readonly actionId?: string | undefined
  /** The username to show from now on, and the segments that the user is in: from services only. */
  readonly username?: string | undefined
  readonly segments?: Readonly<Segments> | undefined
  /** The season that a late action belongs to. */
  readonly season?: string | undefined
}

/** Where a request came from, for the ledger. */
export interface Origin {
  readonly ip: string
  readonly requestId: string
}

/** An increment that may be applied: allowed for the caller and within the board's rules. */
export interface Increment extends Origin {
  readonly userId: string
  /** The username that came with the caller's own token or from a service, to be shown from now on. */
  readonly username: string | undefined
  /** The board's segments, as `name:value`, that came with it. */
  readonly segments?: readonly string[] | undefined
  readonly season?: string | undefined
  readonly actionId: string
  /** Points; on a board that keeps the best or the latest score, the score. */
  readonly increment: number
  /** The catalogue's action that gives the points, where one does. */
  readonly action?: CatalogueAction | undefined
  /** Ms since 1970 that the action id carries, where it is a UUIDv7. */
  readonly madeMs: number | undefined
  /** The user id of whoever asked, which may be a service. */
  readonly actor: string
}

/** What the store says of one increment. */
export type IncrementOutcome =
  | { readonly result: 'applied', readonly score: number }
  /** `increment` is what the action gave when it counted, where the catalogue has changed since. */
  | { readonly result: 'replayed', readonly score: number, readonly increment?: number }
  | { readonly result: 'mismatch' | 'too_old' | 'score_limit' | 'banned' }
  /** Nothing was decided: the board has other rules by now, or the user's ban has ended and is to be lifted first. */
  | { readonly result: 'outdated' }
  | { readonly result: 'ban_over' }
  /** The ledger holds as much as it may that is not archived. */
  | { readonly result: 'full' }
  | { readonly result: 'quota' | 'limit', readonly retryMs: number }

/** Keeps an increment: exactly once for a board, user and action id. @throws Problem `unavailable`, `outcome_unknown` */
export type ApplyIncrement = (board: Board, increment: Increment) => Promise<IncrementOutcome>

export interface AppliedIncrement {
  readonly userId: string
  readonly actionId: string
  readonly increment: number
  readonly score: number
  /** False for a replay: the action had counted before. */
  readonly applied: boolean
}

/**
 * Judges a request by everything that needs no store. `newId` makes an action id where none came.
 * @throws Problem `forbidden_subject`, `forbidden_scope`, `invalid_request`, and as `judgePoints` and `judgeScore`
 */
export function judgeIncrement (
  board: Board, principal: Principal, request: IncrementRequest, { ip, requestId, newId, readGrant }: Origin & Pick<RaiseScoreOptions, 'newId' | 'readGrant'>
): Increment {
  const userId = subjectOf(principal, request.userId)
  const worth = judgeAmount(board, principal, userId, { request, readGrant })
  const named = worth.actionId ?? request.actionId
  const actionId = named ?? newId()
  judgeSeason(board, request.season)
  return {
    userId,
    ...judgeProfile(board, principal, userId, request),
    season: request.season,
    actionId,
    increment: worth.points,
    action: worth.action,
    madeMs: named === undefined ? undefined : timeOfActionId(actionId),
    actor: principal.userId,
    ip,
    requestId
  }
}

function judgeAmount (board: Board, principal: Principal, userId: string, { request, readGrant }: { request: IncrementRequest, readGrant: ReadGrant }): ActionPoints {
  if (board.operator !== 'increment') return { points: judgeScore(board, principal, request.score) }
  if (request.score === undefined) return judgePoints(board, principal, userId, { request, readGrant })
  throw new Problem('invalid_request', `The board ${board.name} adds points: send increments to …/increments.`)
}

/** The name and the segments that come with a request: from a service, or from the user's own token. */
function judgeProfile (board: Board, principal: Principal, userId: string, { username, segments }: IncrementRequest): Pick<Increment, 'username' | 'segments'> {
  if ((username !== undefined || segments !== undefined) && !isService(principal)) {
    throw new Problem('forbidden_scope', 'The username and the segments of a user come with the token; only a service names them.')
  }
  for (const name of Object.keys(segments ?? {})) judgeSegment(board, `${name}:`, `/segments/${name}`)
  const isOwn = userId === principal.userId
  const values = segments ?? (isOwn ? principal.claims : undefined)
  return {
    username: username === undefined ? (isOwn ? principal.username : undefined) : judgeName(username),
    ...(values !== undefined && board.segments.length > 0 && { segments: segmentsAmong(board, values) })
  }
}

function judgeName (username: string): string {
  const name = normalizedName(username)
  if (name !== undefined) return name
  const message = 'must be 1 to 64 characters in NFC, of which something can be seen'
  throw new Problem('invalid_request', `The username ${message}.`, { errors: [{ path: '/username', message }] })
}

/** @throws Problem `invalid_request` for a season that the board does not have */
function judgeSeason (board: Board, season: string | undefined): void {
  if (season === undefined || (board.windows.includes('season') && board.seasons.some(({ name }) => name === season))) return
  const message = 'must be a season of the board'
  throw new Problem('invalid_request', `The board ${board.name} has no season called ${JSON.stringify(season)}.`, { errors: [{ path: '/season', message }] })
}

/** Judges an increment, keeps it, and answers for it. @throws Problem for every refusal */
export type RaiseScore = (board: Board, principal: Principal, request: IncrementRequest, origin: Origin) => Promise<AppliedIncrement>

export interface RaiseScoreOptions {
  readonly applyIncrement: ApplyIncrement
  readonly newId: () => string
  readonly readGrant: ReadGrant
  readonly readReceipt: (board: Board, action: { userId: string, actionId: string }) => Promise<Receipt | undefined>
  /** The board as it is now, where the store says that the one known is outdated. @throws Problem `unknown_board` */
  readonly renewBoard: (name: string) => Promise<Board>
  /** Gives a user whose ban has ended the scores back. */
  readonly liftBan: (board: Board, userId: string) => Promise<void>
  /** Told what became of each increment that reached the store. */
  readonly onOutcome: (board: Board, result: IncrementOutcome['result'] | 'failed') => void
}

/** How often a board may change, or bans end, while one increment is on its way. */
const MAX_TRIES = 5

export function createRaiseScore ({ applyIncrement, newId, readGrant, readReceipt, renewBoard, liftBan, onOutcome }: RaiseScoreOptions): RaiseScore {
  async function keepOrRecall (board: Board, increment: Increment): Promise<IncrementOutcome> {
    try {
      return await applyIncrement(board, increment)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'season_closed') throw error
      // What counted while the season was open has counted.
      const receipt = await readReceipt(board, increment)
      if (receipt?.increment !== increment.increment) throw error
      return { result: 'replayed', score: receipt.score }
    }
  }

  return async (board, principal, request, { ip, requestId }) => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const increment = judgeIncrement(board, principal, request, { ip, requestId, newId, readGrant })
      let outcome: IncrementOutcome
      try {
        outcome = await keepOrRecall(board, increment)
      } catch (error) {
        onOutcome(board, 'failed')
        throw request.actionId === undefined ? withActionId(error, increment.actionId) : error
      }
      if (outcome.result === 'outdated') board = await renewBoard(board.name)
      else if (outcome.result === 'ban_over') await liftBan(board, increment.userId)
      else {
        onOutcome(board, outcome.result)
        return settleIncrement(board, increment, outcome)
      }
    }
    throw unavailable('The rules of the board keep changing; nothing was applied.')
  }
}

/** Tells a caller who named no action which one to send again, where that matters. */
function withActionId (error: unknown, actionId: string): unknown {
  if (!(error instanceof Problem) || error.code !== 'outcome_unknown') return error
  const { message, headers, cause } = error
  return new Problem('outcome_unknown', `${message} It is the Idempotency-Key ${actionId}.`, { headers: { ...headers, 'idempotency-key': actionId }, cause })
}

type Decided = Exclude<IncrementOutcome, { result: 'outdated' | 'ban_over' }>

/** The answer to an increment that was kept. @throws Problem for one that was refused */
function settleIncrement (board: Board, increment: Increment, outcome: Decided): AppliedIncrement {
  const { userId, actionId } = increment
  switch (outcome.result) {
    case 'applied':
      return { userId, actionId, increment: increment.increment, score: outcome.score, applied: true }
    case 'replayed':
      return { userId, actionId, increment: outcome.increment ?? increment.increment, score: outcome.score, applied: false }
    case 'mismatch':
      throw new Problem('action_mismatch', 'This action_id was used before with another action or increment; nothing has changed.')
    case 'banned':
      throw new Problem('user_banned', `This user is banned from the board ${board.name}.`)
    case 'too_old':
      throw new Problem('action_too_old', 'The time in this action_id is nearly 24 hours ago or over 5 minutes ahead, so it cannot be told whether the action counted before.')
    case 'score_limit':
      throw new Problem('score_out_of_range', `The score would pass ${board.max_score}, the highest that the board ${board.name} allows.`)
    case 'full':
      throw unavailable(`The ledger of the board ${board.name} is full until it has been archived; nothing was applied.`, { retryAfterSeconds: 5 })
    case 'quota': {
      const { increments, per_seconds: perSeconds } = board.quota
      const detail = `A user may make ${increments} increments in ${perSeconds} seconds on the board ${board.name}.`
      throw rateLimited(detail, { limit: increments, retryAfterSeconds: secondsUntil(outcome.retryMs) })
    }
    case 'limit': {
      const { name, limit } = increment.action!
      const detail = `The limit of ${name} on the board ${board.name} is ${limit!.max} a ${limit!.per} for each user.`
      throw rateLimited(detail, { limit: limit!.max, retryAfterSeconds: secondsUntil(outcome.retryMs) })
    }
  }
}

/** Whole seconds, at least one: sooner, the answer would be the same. */
function secondsUntil (retryMs: number): number {
  return Math.max(1, Math.ceil(retryMs / 1000))
}
