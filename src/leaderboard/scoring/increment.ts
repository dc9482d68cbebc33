// Raising a score: what a request may ask for, and the answer to what the store decided.
import { judgePoints, type ActionPoints, type PointsRequest, type ReadGrant } from './points.ts'
import type { Board } from '../boards/board.ts'
import type { CatalogueAction } from '../boards/catalogue.ts'
import { normalizedName, timeOfActionId } from '../identifiers.ts'
import { isService, subjectOf, type Principal } from '../principal.ts'
import { actionTooOld, Problem, rateLimited, unavailable } from '../problem.ts'
import type { Receipt } from '../ranking/reads.ts'
import { judgeScore, tooHigh } from './score.ts'
import { judgeSegment, segmentsAmong, type Segments } from '../boards/segment.ts'

/** A request for an increment, well formed but not yet validated. */
export interface IncrementRequest extends PointsRequest {
  /** A score instead of points, for a board that keeps the best or the latest score. */
  readonly score?: number | undefined
  readonly userId?: string | undefined
  /** Identifies the action. Without it the service creates one. */
  readonly actionId?: string | undefined
  /** The username to show from now on, and the user's segments. Only a service may send them. */
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

/** A valid increment: the caller and the rules of the board allow it. */
export interface Increment extends Origin {
  readonly userId: string
  /** The username to show from now on, from the user's own token or from a service. */
  readonly username: string | undefined
  /** The user's segments of the board, as `name:value`. */
  readonly segments?: readonly string[] | undefined
  readonly season?: string | undefined
  readonly actionId: string
  /** Points; on a board that keeps the best or the latest score, the score. */
  readonly increment: number
  /** The action of the catalogue that gives the points, if any. */
  readonly action?: CatalogueAction | undefined
  /** The time in the action id, in ms since 1970; undefined if it is no UUIDv7. */
  readonly madeMs: number | undefined
  /** The user id of the caller, which may be a service. */
  readonly actor: string
}

/** The store's decision on one increment. */
export type IncrementOutcome =
  | { readonly result: 'applied', readonly score: number }
  /** `increment` are the points that the action gave when it counted, if the catalogue has changed since. */
  | { readonly result: 'replayed', readonly score: number, readonly increment?: number }
  | { readonly result: 'mismatch' | 'too_old' | 'score_limit' | 'banned' }
  /** Not decided: the rules of the board have changed, or the user's ban has ended and must be lifted first. */
  | { readonly result: 'outdated' }
  | { readonly result: 'ban_over' }
  /** The stream of the ledger is full of entries that are not archived. */
  | { readonly result: 'full' }
  | { readonly result: 'quota' | 'limit', readonly retryMs: number }

/** Applies an increment exactly once per board, user and action id. @throws Problem `unavailable`, `outcome_unknown` */
export type ApplyIncrement = (board: Board, increment: Increment) => Promise<IncrementOutcome>

export interface AppliedIncrement {
  readonly userId: string
  readonly actionId: string
  readonly increment: number
  readonly score: number
  /** False for a replay, which is an action that had counted before. */
  readonly applied: boolean
}

/**
 * Validates and authorizes a request as far as that needs no store. `newId` creates an action id if the request has
 * none.
 * @throws Problem `forbidden_subject`, `forbidden_scope`, `invalid_request`, and as `judgePoints` and `judgeScore`
 */
export function judgeIncrement (
  board: Board,
  principal: Principal,
  request: IncrementRequest,
  { ip, requestId, newId, readGrant }: Origin & Pick<RaiseScoreOptions, 'newId' | 'readGrant'>
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

function judgeAmount (
  board: Board,
  principal: Principal,
  userId: string,
  { request, readGrant }: { request: IncrementRequest, readGrant: ReadGrant }
): ActionPoints {
  if (board.operator !== 'increment') return { points: judgeScore(board, principal, request.score) }
  if (request.score === undefined) return judgePoints(board, principal, userId, { request, readGrant })
  throw new Problem('invalid_request', `The board ${board.name} adds points: send an increment instead of a score.`)
}

/** The name and the segments of the user, from a service or from the user's own token. */
function judgeProfile (
  board: Board,
  principal: Principal,
  userId: string,
  { username, segments }: IncrementRequest
): Pick<Increment, 'username' | 'segments'> {
  if ((username !== undefined || segments !== undefined) && !isService(principal)) {
    throw new Problem('forbidden_scope', "Only a service may send username and segments; a user's come with the token.")
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
  const message = 'must be 1 to 64 characters in NFC, at least one of them visible'
  throw new Problem('invalid_request', `The username ${message}.`, { errors: [{ path: '/username', message }] })
}

/** @throws Problem `invalid_request` for a season that the board does not have */
function judgeSeason (board: Board, season: string | undefined): void {
  if (season === undefined || (board.windows.includes('season') && board.seasons.some(({ name }) => name === season))) {
    return
  }
  const message = 'must be a season of the board'
  throw new Problem('invalid_request', `The board ${board.name} has no season called ${JSON.stringify(season)}.`, {
    errors: [{ path: '/season', message }]
  })
}

/** Validates an increment, applies it, and returns the answer. @throws Problem for every refusal */
export type RaiseScore = (
  board: Board,
  principal: Principal,
  request: IncrementRequest,
  origin: Origin
) => Promise<AppliedIncrement>

export interface RaiseScoreOptions {
  readonly applyIncrement: ApplyIncrement
  readonly newId: () => string
  readonly readGrant: ReadGrant
  readonly readReceipt: (board: Board, action: { userId: string, actionId: string }) => Promise<Receipt | undefined>
  /**
   * The board with its current rules, after the store called the known ones outdated.
   * @throws Problem `unknown_board`
   */
  readonly renewBoard: (name: string) => Promise<Board>
  /** Lifts a ban that has ended, which shows the user's scores again. */
  readonly liftBan: (board: Board, userId: string) => Promise<void>
  /** Called with the outcome of each increment that reached the store. */
  readonly onOutcome: (board: Board, result: IncrementOutcome['result'] | 'failed') => void
}

/** How often a board may change, or bans end, while one increment is on its way. */
const MAX_TRIES = 5

export function createRaiseScore (
  { applyIncrement, newId, readGrant, readReceipt, renewBoard, liftBan, onOutcome }: RaiseScoreOptions
): RaiseScore {
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

/** Adds the action id to an error with unknown outcome, so that a caller who sent none can repeat the request. */
function withActionId (error: unknown, actionId: string): unknown {
  if (!(error instanceof Problem) || error.code !== 'outcome_unknown') return error
  const { message, headers, cause } = error
  return new Problem('outcome_unknown', `${message} Its Idempotency-Key is ${actionId}.`, {
    headers: { ...headers, 'idempotency-key': actionId },
    cause
  })
}

type Decided = Exclude<IncrementOutcome, { result: 'outdated' | 'ban_over' }>

/** Turns the store's outcome into the answer. @throws Problem for a refused increment */
function settleIncrement (board: Board, increment: Increment, outcome: Decided): AppliedIncrement {
  const { userId, actionId } = increment
  switch (outcome.result) {
    case 'applied':
      return { userId, actionId, increment: increment.increment, score: outcome.score, applied: true }
    case 'replayed':
      return {
        userId,
        actionId,
        increment: outcome.increment ?? increment.increment,
        score: outcome.score,
        applied: false
      }
    case 'mismatch':
      throw new Problem(
        'action_mismatch',
        'This action_id was used with another action or increment; nothing has changed.'
      )
    case 'banned':
      throw new Problem('user_banned', `This user is banned from the board ${board.name}.`)
    case 'too_old':
      throw actionTooOld()
    case 'score_limit':
      throw tooHigh(board)
    case 'full':
      throw unavailable(`The ledger of the board ${board.name} is full until it is archived; nothing was applied.`, {
        retryAfterSeconds: 5
      })
    case 'quota': {
      const { increments, per_seconds: perSeconds } = board.quota
      const detail = `The board ${board.name} allows each user ${increments} increments in ${perSeconds} seconds.`
      throw rateLimited(detail, { limit: increments, retryAfterSeconds: secondsUntil(outcome.retryMs) })
    }
    case 'limit': {
      const { name, limit } = increment.action!
      const times = `${limit!.max} times per ${limit!.per}`
      const detail = `The board ${board.name} allows each user the action ${name} ${times}.`
      throw rateLimited(detail, { limit: limit!.max, retryAfterSeconds: secondsUntil(outcome.retryMs) })
    }
  }
}

/** Rounds up to whole seconds, at least one, so that a retry is not too early. */
function secondsUntil (retryMs: number): number {
  return Math.max(1, Math.ceil(retryMs / 1000))
}
