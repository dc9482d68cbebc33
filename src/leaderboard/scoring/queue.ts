// The queue of increments: what is queued, the refusals that are remembered, and the call that enqueues.
import type { Board } from '../boards/board.ts'
import type { Grant } from './grant.ts'
import {
  judgeIncrement,
  type AppliedIncrement,
  type Increment,
  type IncrementRequest,
  type Origin,
  type RaiseScore,
  type RaiseScoreOptions
} from './increment.ts'
import { isService, type Principal } from '../principal.ts'
import { Problem, type ProblemCode } from '../problem.ts'
import { openSeason } from '../boards/season.ts'

/** A request for an increment that is validated as far as that needs no store, and waits to be applied. */
export interface QueuedIncrement {
  readonly board: string
  readonly principal: Principal
  /** The request as it arrived, but always with an action id, and with the grant instead of its token. */
  readonly request: Omit<IncrementRequest, 'grant'> & { readonly actionId: string, readonly grant?: Grant | undefined }
  readonly origin: Origin
  /** By the store's clock, in ms since 1970. */
  readonly arrivedMs: number
}

/** The content that a repeated action must have: its action or its points, and its season. */
function contentOf ({ action, increment, season }: Pick<Increment, 'action' | 'increment' | 'season'>): string {
  // The name of an action never begins with +, so the two forms do not collide.
  return `${action?.name ?? `+${increment}`}${season === undefined ? '' : ` @${season}`}`
}

/** Why a queued increment did not count, for its receipt. */
interface Refusal {
  readonly code: ProblemCode
  readonly detail: string
  /** By the store's clock, in ms since 1970. */
  readonly refusedMs: number
}

/** Remembers refusals for 24 hours at least. */
export interface Refusals {
  /** @throws Problem `unavailable`, `outcome_unknown` */
  keep(board: Board, action: { userId: string, actionId: string }, problem: Problem): Promise<void>
  /** @throws Problem `unavailable` */
  read(board: Board, action: { userId: string, actionId: string }): Promise<Refusal | undefined>
}

/**
 * Enqueues an increment once. `other`: the same action waits in the queue with different content.
 * @throws Problem `unavailable`, `outcome_unknown`
 */
export type Enqueue = (
  queued: QueuedIncrement,
  action: { readonly userId: string, readonly content: string }
) => Promise<'queued' | 'other'>

/**
 * Validates an increment and enqueues it. A replay of an action that has counted is answered at once.
 * @throws Problem for every refusal that needs no store
 */
export type QueueScore = (
  board: Board,
  principal: Principal,
  request: IncrementRequest,
  origin: Origin
) => Promise<AppliedIncrement | Queued>

export interface Queued {
  readonly queued: true
  readonly userId: string
  readonly actionId: string
}

interface QueueScoreOptions extends Pick<RaiseScoreOptions, 'newId' | 'readGrant'> {
  /** Whether an action has counted. @throws Problem `unavailable` */
  readonly readCounted: (board: Board, action: { userId: string, actionId: string }) => Promise<boolean>
  readonly enqueue: Enqueue
  readonly raiseScore: RaiseScore
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** Creates the function that validates and enqueues increments. */
export function createQueueScore (
  { enqueue, raiseScore, readCounted, readGrant, newId, now }: QueueScoreOptions
): QueueScore {
  return async (board, principal, request, origin) => {
    const increment = judgeIncrement(board, principal, request, { ...origin, newId, readGrant })
    const { userId, actionId, season } = increment
    const isNamed = request.actionId !== undefined || request.grant !== undefined
    // Only the store can compare the content with that of the action that has counted.
    if (isNamed && await readCounted(board, increment)) return await raiseScore(board, principal, request, origin)
    if (board.windows.includes('season')) openSeason(board, now(), season)
    const { grant, ...rest } = request
    const outcome = await enqueue({
      board: board.name,
      principal: rememberedOf(board, principal),
      request: {
        ...rest,
        actionId,
        ...(grant !== undefined && { grant: typeof grant === 'string' ? readGrant(grant) : grant })
      },
      origin,
      arrivedMs: now()
    }, { userId, content: contentOf(increment) })
    if (outcome === 'other') {
      throw new Problem(
        'action_mismatch',
        'This action_id is queued with another action or increment; nothing has changed.'
      )
    }
    return { queued: true, userId, actionId }
  }
}

/** The part of a principal that applying needs. The token was valid on arrival, so its end no longer matters. */
function rememberedOf ({ segments }: Board, principal: Principal): Principal {
  const { userId, username, claims } = principal
  return {
    userId,
    username,
    scopes: new Set(isService(principal) ? ['scores:write' as const] : []),
    claims: Object.fromEntries(segments.flatMap((name) => Object.hasOwn(claims, name) ? [[name, claims[name]!]] : [])),
    expiresMs: Infinity
  }
}
