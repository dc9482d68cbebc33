import { judgeAdjustment, settleAdjustment, type Adjustment, type AdjustmentOutcome, type AdjustmentRequest, type AppliedAdjustment } from '../scoring/adjustment.ts'
import { isOver, judgeBan, type Ban, type BannedUser, type BanRequest, type NewBan } from './ban.ts'
import type { Board } from '../boards/board.ts'
import type { Origin } from '../scoring/increment.ts'
import type { Principal } from '../principal.ts'
import { Problem, unavailable } from '../problem.ts'

/** What a moderator does to a user, as the ledger will tell. */
export interface Act extends Origin {
  readonly userId: string
  /** Names the act in the ledger, and makes a correction count once. */
  readonly actionId: string
  /** The user id of who asked. */
  readonly actor: string
  readonly reason: string
  /** Whether a ban, or its end, is one from all boards; by default it is the board's own. */
  readonly allBoards?: boolean
}

/** Nothing was done: the board has other rules by now. */
interface Outdated { readonly result: 'outdated' }

/** How moderation is kept, each one atomic script call. @throws Problem `unavailable`, `outcome_unknown` */
export interface ModerationStore {
  ban (board: Board, act: Act, ban: NewBan): Promise<Outdated | { readonly result: 'banned' | 'same', readonly ban: Ban }>
  /** `over`: only a ban that has ended. */
  unban (board: Board, act: Act, which: 'any' | 'over'): Promise<Outdated | { readonly result: 'unbanned' | 'none' }>
  /** `delete` takes the user out of every window, `erase` forgets all that is known of the user. */
  removeUser (board: Board, act: Act, kind: 'delete' | 'erase'): Promise<Outdated | { readonly result: 'removed' | 'none' }>
  adjust (board: Board, act: Act, adjustment: Adjustment): Promise<AdjustmentOutcome>
}

/** A page of bans; `next` leads to the one after it. */
interface BanPage {
  readonly bans: readonly BannedUser[]
  readonly next: string | undefined
}

/** Reads bans, of a board or, without one, those from all boards. @throws Problem `unavailable` */
export interface ReadBans {
  one (board: Board | undefined, userId: string): Promise<Ban | undefined>
  page (board: Board | undefined, cursor: string | undefined): Promise<BanPage>
}

/** Bans from all boards, as new boards take them over. */
export interface ServiceBanStore {
  put (userId: string, ban: Ban): Promise<void>
  /** Whether there was one. */
  remove (userId: string): Promise<boolean>
  /** Of these boards those that have not taken the bans over. */
  owedBy (boards: readonly Board[]): Promise<readonly Board[]>
  markApplied (board: Board): Promise<void>
  /** Forgets a ban that has ended. */
  forgetEnded (userId: string): Promise<void>
}

interface ModerationOptions {
  readonly store: ModerationStore
  readonly serviceBans: ServiceBanStore
  readonly readBans: ReadBans
  readonly boards: { readonly all: readonly Board[] }
  /** Looks which boards there are now. @throws Problem `unavailable` */
  readonly refreshBoards: () => Promise<void>
  /** The board as it is now. @throws Problem `unknown_board` */
  readonly renewBoard: (name: string) => Promise<Board>
  readonly newId: () => string
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** Who asks, and from where. */
export interface Moderator extends Origin {
  readonly principal: Principal
}

export interface Moderation {
  ban (board: Board, moderator: Moderator, userId: string, request: BanRequest): Promise<Ban>
  /** Whether there was a ban. */
  unban (board: Board, moderator: Moderator, userId: string, reason: string | undefined): Promise<boolean>
  /** From all boards, those to come too: it replaces what bans they have of the user. */
  banFromAllBoards (moderator: Moderator, userId: string, request: BanRequest): Promise<Ban>
  /** Lifts every ban of the user. The names of the boards that had one. */
  unbanFromAllBoards (moderator: Moderator, userId: string, reason: string | undefined): Promise<string[]>
  /**
   * Bans whoever is banned from all boards from those of these that are new, once each, so that a ban lifted on one stays lifted: to be
   * called when they are among all boards already, so that no ban falls between.
   */
  takeOverServiceBans (among: readonly Board[]): Promise<void>
  /** Whether the user was on the board. */
  removeUser (board: Board, moderator: Moderator, userId: string, reason: string | undefined): Promise<boolean>
  /** Forgets a user. The names of the boards that knew the user. */
  erase (moderator: Moderator, userId: string, reason: string | undefined): Promise<string[]>
  adjust (board: Board, moderator: Moderator, request: AdjustmentRequest): Promise<AppliedAdjustment>
  /** Lifts a ban that has ended; any other stays. */
  liftBan (board: Board, userId: string): Promise<void>
}

/** How often a board may change, or bans end, while one act is on its way. */
const MAX_TRIES = 5
/** The actor of what happens by itself. */
const SERVICE = { actor: 'scorewire', ip: '', requestId: '' }

export function createModeration ({ store, serviceBans, readBans, boards, refreshBoards, renewBoard, newId, now }: ModerationOptions): Moderation {
  const actOf = ({ principal, ip, requestId }: Moderator, userId: string, reason: string | undefined): Act =>
    ({ userId, actionId: newId(), actor: principal.userId, ip, requestId, reason: reason ?? '' })

  /** By the rules that the board has now. */
  async function byNewest<Outcome extends { readonly result: string }> (board: Board, act: (board: Board) => Promise<Outcome | Outdated>): Promise<Outcome> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const outcome = await act(board)
      if (outcome.result !== 'outdated') return outcome as Outcome
      board = await renewBoard(board.name)
    }
    throw unavailable('The rules of the board keep changing; nothing was applied.')
  }

  /** One board after the other, so that nobody waits long for Redis. The names of those of which it is true. */
  async function onEachBoard (act: (board: Board) => Promise<boolean>): Promise<string[]> {
    try {
      return await inTurn(act)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'unavailable') throw error
      // The list of those banned from all boards was written before, and perhaps some boards.
      throw new Problem('outcome_unknown', 'The score store failed half-way: some boards may be done. Send the same again: it does no harm twice.', { headers: error.headers, cause: error })
    }
  }

  async function inTurn (act: (board: Board) => Promise<boolean>): Promise<string[]> {
    await refreshBoards()
    const names: string[] = []
    for (const board of boards.all) {
      try {
        if (await act(board)) names.push(board.name)
      } catch (error) {
        // A board that was deleted meanwhile has nobody on it.
        if (!(error instanceof Problem) || error.code !== 'unknown_board') throw error
      }
    }
    return names
  }

  const ban = async (board: Board, act: Act, wanted: NewBan) => (await byNewest(board, async (board) => await store.ban(board, act, wanted))).ban
  const unban = async (board: Board, act: Act, which: 'any' | 'over') =>
    (await byNewest(board, async (board) => await store.unban(board, act, which))).result === 'unbanned'
  const remove = async (board: Board, act: Act, kind: 'delete' | 'erase') =>
    (await byNewest(board, async (board) => await store.removeUser(board, act, kind))).result === 'removed'

  async function applyServiceBans (board: Board): Promise<void> {
    for (let cursor: string | undefined, more = true; more;) {
      const page = await readBans.page(undefined, cursor)
      for (const { userId, since_ms: _, ...wanted } of page.bans) {
        if (!isOver(wanted, now())) await ban(board, { ...SERVICE, userId, actor: wanted.actor, actionId: newId(), reason: wanted.reason, allBoards: true }, wanted)
      }
      cursor = page.next
      more = cursor !== undefined
    }
  }

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
      // First of all: a board that comes meanwhile is among the boards, or finds this.
      await serviceBans.put(userId, kept)
      await onEachBoard(async (board) => await ban(board, { ...actOf(moderator, userId, request.reason), allBoards: true }, wanted) !== undefined)
      return kept
    },
    async unbanFromAllBoards (moderator, userId, reason) {
      await serviceBans.remove(userId)
      return await onEachBoard(async (board) => await unban(board, { ...actOf(moderator, userId, reason), allBoards: true }, 'any'))
    },
    async takeOverServiceBans (among) {
      for (const board of await serviceBans.owedBy(among)) {
        await applyServiceBans(board)
        await serviceBans.markApplied(board)
      }
    },
    removeUser: async (board, moderator, userId, reason) => await remove(board, actOf(moderator, userId, reason), 'delete'),
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
      throw unavailable('The rules of the board keep changing; nothing was applied.')
    }
  }
}
