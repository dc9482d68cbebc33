// Moderation: bans, removals, erasure and corrections, on one board or on all boards.
import {
  judgeAdjustment,
  settleAdjustment,
  type Adjustment,
  type AdjustmentOutcome,
  type AdjustmentRequest,
  type AppliedAdjustment
} from '../scoring/adjustment.ts'
import { isOver, judgeBan, type Ban, type BannedUser, type BanRequest, type NewBan } from './ban.ts'
import type { Board } from '../boards/board.ts'
import type { Origin } from '../scoring/increment.ts'
import type { Principal } from '../principal.ts'
import { Problem, unavailable } from '../problem.ts'

/** One act of moderation on a user, as the ledger records it. */
export interface Act extends Origin {
  readonly userId: string
  /** Identifies the act in the ledger, and makes a correction count once. */
  readonly actionId: string
  /** The user id of the moderator. */
  readonly actor: string
  readonly reason: string
  /** Whether a ban, or its end, applies to all boards; by default it applies to this board only. */
  readonly allBoards?: boolean
}

/** Nothing was done: the rules of the board have changed. */
interface Outdated {
  readonly result: 'outdated'
}

/** The writes of moderation, each one atomic script call. @throws Problem `unavailable`, `outcome_unknown` */
export interface ModerationStore {
  ban(
    board: Board,
    act: Act,
    ban: NewBan
  ): Promise<Outdated | { readonly result: 'banned' | 'same', readonly ban: Ban }>
  /** `over` lifts only a ban that has ended. */
  unban(board: Board, act: Act, which: 'any' | 'over'): Promise<Outdated | { readonly result: 'unbanned' | 'none' }>
  /** `delete` removes the user from every window, `erase` also deletes everything else about the user. */
  removeUser(
    board: Board,
    act: Act,
    kind: 'delete' | 'erase'
  ): Promise<Outdated | { readonly result: 'removed' | 'none' }>
  adjust(board: Board, act: Act, adjustment: Adjustment): Promise<AdjustmentOutcome>
}

/** A page of bans; `next` leads to the one after it. */
interface BanPage {
  readonly bans: readonly BannedUser[]
  readonly next: string | undefined
}

/** Reads bans, of a board or, without one, those from all boards. @throws Problem `unavailable` */
export interface ReadBans {
  one(board: Board | undefined, userId: string): Promise<Ban | undefined>
  page(board: Board | undefined, cursor: string | undefined): Promise<BanPage>
}

/** Bans from all boards, which new boards take over. */
export interface ServiceBanStore {
  put(userId: string, ban: Ban): Promise<void>
  /** Returns whether there was one. */
  remove(userId: string): Promise<boolean>
  /** The boards among these that have not taken over the bans. */
  owedBy(boards: readonly Board[]): Promise<readonly Board[]>
  markApplied(board: Board): Promise<void>
  /** Deletes a ban that has ended. */
  forgetEnded(userId: string): Promise<void>
}

interface ModerationOptions {
  readonly store: ModerationStore
  readonly serviceBans: ServiceBanStore
  readonly readBans: ReadBans
  readonly boards: { readonly all: readonly Board[] }
  /** Reads the current list of boards. @throws Problem `unavailable` */
  readonly refreshBoards: () => Promise<void>
  /** The board with its current rules. @throws Problem `unknown_board` */
  readonly renewBoard: (name: string) => Promise<Board>
  readonly newId: () => string
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** The caller of an act of moderation, and where the request came from. */
export interface Moderator extends Origin {
  readonly principal: Principal
}

export interface Moderation {
  ban(board: Board, moderator: Moderator, userId: string, request: BanRequest): Promise<Ban>
  /** Lifts a ban. Returns whether there was one. */
  unban(board: Board, moderator: Moderator, userId: string, reason: string | undefined): Promise<boolean>
  /** Bans a user from all boards, including future ones. It replaces the user's bans on them. */
  banFromAllBoards(moderator: Moderator, userId: string, request: BanRequest): Promise<Ban>
  /** Lifts every ban of a user. Returns the names of the boards that had one. */
  unbanFromAllBoards(moderator: Moderator, userId: string, reason: string | undefined): Promise<string[]>
  /**
   * Applies bans from all boards to new boards, once for each board, so that a ban lifted on one board is not applied
   * again. Call it after the boards are listed, so that no ban is missed.
   */
  takeOverServiceBans(among: readonly Board[]): Promise<void>
  /** Removes a user from a board. Returns whether the user was on it. */
  removeUser(board: Board, moderator: Moderator, userId: string, reason: string | undefined): Promise<boolean>
  /** Erases a user on all boards. Returns the names of the boards that knew the user. */
  erase(moderator: Moderator, userId: string, reason: string | undefined): Promise<string[]>
  adjust(board: Board, moderator: Moderator, request: AdjustmentRequest): Promise<AppliedAdjustment>
  /** Lifts a ban that has ended; other bans stay. */
  liftBan(board: Board, userId: string): Promise<void>
}

/** How often the rules of a board may change, or bans end, during one act. */
const MAX_TRIES = 5
/** The origin of acts that the service does by itself. */
const SERVICE = { actor: 'scorewire', ip: '', requestId: '' }

/** Creates the moderation of all boards. */
export function createModeration (options: ModerationOptions): Moderation {
  const { store, serviceBans, renewBoard, newId, now } = options
  const { ban, unban, remove } = createActs(options)
  const onEachBoard = createOnEachBoard(options)
  const actOf = ({ principal, ip, requestId }: Moderator, userId: string, reason: string | undefined): Act => ({
    userId,
    actionId: newId(),
    actor: principal.userId,
    ip,
    requestId,
    reason: reason ?? ''
  })

  async function liftBan (board: Board, userId: string): Promise<void> {
    await unban(board, { ...SERVICE, userId, actionId: newId(), reason: 'the ban has ended' }, 'over')
    await serviceBans.forgetEnded(userId)
  }

  return {
    liftBan,
    ban: async (board, moderator, userId, request) =>
      await ban(board, actOf(moderator, userId, request.reason), judgeBan(request, moderator.principal.userId, now())),
    unban: async (board, moderator, userId, reason) => await unban(board, actOf(moderator, userId, reason), 'any'),
    async banFromAllBoards (moderator, userId, request) {
      const wanted = judgeBan(request, moderator.principal.userId, now())
      const kept = { ...wanted, since_ms: now() }
      // The list comes first: a board that is created meanwhile is on the list of boards, or finds the ban here.
      await serviceBans.put(userId, kept)
      const act = () => ({ ...actOf(moderator, userId, request.reason), allBoards: true })
      await onEachBoard(async (board) => await ban(board, act(), wanted) !== undefined)
      return kept
    },
    async unbanFromAllBoards (moderator, userId, reason) {
      await serviceBans.remove(userId)
      const act = () => ({ ...actOf(moderator, userId, reason), allBoards: true })
      return await onEachBoard(async (board) => await unban(board, act(), 'any'))
    },
    async takeOverServiceBans (among) {
      for (const board of await serviceBans.owedBy(among)) {
        await applyServiceBans(board, options, ban)
        await serviceBans.markApplied(board)
      }
    },
    removeUser: async (board, moderator, userId, reason) =>
      await remove(board, actOf(moderator, userId, reason), 'delete'),
    async erase (moderator, userId, reason) {
      await serviceBans.remove(userId)
      return await onEachBoard(async (board) => await remove(board, actOf(moderator, userId, reason), 'erase'))
    },
    async adjust (board, moderator, request) {
      const act = actOf(moderator, request.userId, request.reason)
      const named = { ...act, actionId: request.actionId ?? act.actionId }
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const outcome = await store.adjust(board, named, judgeAdjustment(board, request))
        if (outcome.result === 'outdated') board = await renewBoard(board.name)
        else if (outcome.result === 'ban_over') await liftBan(board, request.userId)
        else return settleAdjustment(board, named, outcome)
      }
      throw rulesKeepChanging()
    }
  }
}

/**
 * The acts of moderation on one board, each repeated with the current rules while the store says that they are
 * outdated.
 */
interface Acts {
  ban(board: Board, act: Act, wanted: NewBan): Promise<Ban>
  unban(board: Board, act: Act, which: 'any' | 'over'): Promise<boolean>
  remove(board: Board, act: Act, kind: 'delete' | 'erase'): Promise<boolean>
}

function createActs ({ store, renewBoard }: ModerationOptions): Acts {
  async function byNewest<Outcome extends { readonly result: string }> (
    board: Board,
    act: (board: Board) => Promise<Outcome | Outdated>
  ): Promise<Outcome> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const outcome = await act(board)
      if (outcome.result !== 'outdated') return outcome as Outcome
      board = await renewBoard(board.name)
    }
    throw rulesKeepChanging()
  }

  return {
    ban: async (board, act, wanted) =>
      (await byNewest(board, async (board) => await store.ban(board, act, wanted))).ban,
    unban: async (board, act, which) =>
      (await byNewest(board, async (board) => await store.unban(board, act, which))).result === 'unbanned',
    remove: async (board, act, kind) =>
      (await byNewest(board, async (board) => await store.removeUser(board, act, kind))).result === 'removed'
  }
}

/**
 * Creates the call that acts on one board after the other, so that no client waits long for Redis. It returns the names
 * of the boards for which the act returned true.
 */
function createOnEachBoard (
  { boards, refreshBoards }: ModerationOptions
): (act: (board: Board) => Promise<boolean>) => Promise<string[]> {
  async function inTurn (act: (board: Board) => Promise<boolean>): Promise<string[]> {
    await refreshBoards()
    const names: string[] = []
    for (const board of boards.all) {
      try {
        if (await act(board)) names.push(board.name)
      } catch (error) {
        // The board was deleted meanwhile, so the user is not on it.
        if (!(error instanceof Problem) || error.code !== 'unknown_board') throw error
      }
    }
    return names
  }

  return async (act) => {
    try {
      return await inTurn(act)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'unavailable') throw error
      // The list of bans from all boards was written before, and perhaps some boards.
      const detail = 'The score store failed half-way, so some boards may be done. Repeat the request: that is safe.'
      throw new Problem('outcome_unknown', detail, { headers: error.headers, cause: error })
    }
  }
}

/** Applies the bans from all boards to one board. */
async function applyServiceBans (
  board: Board,
  { readBans, newId, now }: ModerationOptions,
  ban: Acts['ban']
): Promise<void> {
  for (let cursor: string | undefined, more = true; more;) {
    const page = await readBans.page(undefined, cursor)
    for (const { userId, since_ms: _, ...wanted } of page.bans) {
      if (isOver(wanted, now())) continue
      const { actor, reason } = wanted
      await ban(board, { ...SERVICE, userId, actor, actionId: newId(), reason, allBoards: true }, wanted)
    }
    cursor = page.next
    more = cursor !== undefined
  }
}

function rulesKeepChanging (): Problem {
  return unavailable('The rules of the board keep changing; nothing was applied.')
}
