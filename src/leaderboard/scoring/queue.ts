import type { Board } from '../boards/board.ts'
import type { Grant } from './grant.ts'
import { judgeIncrement, type AppliedIncrement, type Increment, type IncrementRequest, type Origin, type RaiseScore, type RaiseScoreOptions } from './increment.ts'
import { isService, type Principal } from '../principal.ts'
import { Problem, type ProblemCode } from '../problem.ts'
import { openSeason } from '../boards/season.ts'

/** A request for an increment that was judged as far as that goes without the store, and waits to be applied. */
export interface QueuedIncrement {
  readonly board: string
  readonly principal: Principal
  /** As it came, but that it names its action and holds a grant instead of its token. */
  readonly request: Omit<IncrementRequest, 'grant'> & { readonly actionId: string, readonly grant?: Grant | undefined }
  readonly origin: Origin
  /** By the store's clock, in ms since 1970. */
  readonly arrivedMs: number
}

/** What the same action must be when it comes again: its amount or the catalogue's action that gives it, and its season. */
function contentOf ({ action, increment, season }: Pick<Increment, 'action' | 'increment' | 'season'>): string {
  // No name of an action or season begins with a sign.
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
  keep (board: Board, action: { userId: string, actionId: string }, problem: Problem): Promise<void>
  /** @throws Problem `unavailable` */
  read (board: Board, action: { userId: string, actionId: string }): Promise<Refusal | undefined>
}

/** Puts an increment into the queue, where it is once. `other`: the same action waits there with another content. @throws Problem `unavailable`, `outcome_unknown` */
export type Enqueue = (queued: QueuedIncrement, action: { readonly userId: string, readonly content: string }) => Promise<'queued' | 'other'>

/** Judges an increment and queues it. What has counted before is answered as ever. @throws Problem for every refusal that needs no store */
export type QueueScore = (board: Board, principal: Principal, request: IncrementRequest, origin: Origin) => Promise<AppliedIncrement | Queued>

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

export function createQueueScore ({ enqueue, raiseScore, readCounted, readGrant, newId, now }: QueueScoreOptions): QueueScore {
  return async (board, principal, request, origin) => {
    const increment = judgeIncrement(board, principal, request, { ...origin, newId, readGrant })
    const { userId, actionId, season } = increment
    const isNamed = request.actionId !== undefined || request.grant !== undefined
    // Only the store can tell whether it is the same action that counted: it is asked at once.
    if (isNamed && await readCounted(board, increment)) return await raiseScore(board, principal, request, origin)
    if (board.windows.includes('season')) openSeason(board, now(), season)
    const { grant, ...rest } = request
    const outcome = await enqueue({
      board: board.name,
      principal: rememberedOf(board, principal),
      request: { ...rest, actionId, ...(grant !== undefined && { grant: typeof grant === 'string' ? readGrant(grant) : grant }) },
      origin,
      arrivedMs: now()
    }, { userId, content: contentOf(increment) })
    if (outcome === 'other') {
      throw new Problem('action_mismatch', 'This action_id waits already with another action or increment; nothing has changed.')
    }
    return { queued: true, userId, actionId }
  }
}

/** What applying will ask of a principal. Its token was good when it came; when that ends says nothing any more. */
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
