// Reads bans, and stores service bans, which hold on all boards.
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import { Ban, isOver } from '../../leaderboard/moderation/ban.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import type { ServiceBanStore, ReadBans } from '../../leaderboard/moderation/moderation.ts'
import type { RedisClock } from '../clock.ts'
import { callWrite, SEND_AGAIN } from '../connection.ts'
import { boardKeys, SERVICE_BANS } from '../keys.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'
import { checker } from '../../leaderboard/schema.ts'

/** A page of bans has about so many. */
const PAGE = 100

/** Boards asked in one round trip. */
const MAX_BOARDS = 500
/** Field of a board's meta hash: it goes with the board. */
const APPLIED = 'service_bans'

const isBan = checker(Ban)

/** @throws Error for what is no ban's JSON */
export function parseBan (text: string): Ban {
  const ban: unknown = JSON.parse(text)
  if (!isBan(ban)) throw new Error('a ban is kept in a form that nobody knows')
  return ban
}

const keyOf = (board: Board | undefined) => board === undefined ? SERVICE_BANS : boardKeys(board.name).banned

/** Bans that have ended are not told, whether they are lifted already or not. */
export function createReadBans ({ redis, clock }: { redis: Redis, clock: RedisClock }): ReadBans {
  return {
    async one (board, userId) {
      const text = await redis.hget(keyOf(board), userId)
      const ban = text === null ? undefined : parseBan(text)
      return ban === undefined || isOver(ban, clock.now()) ? undefined : ban
    },
    async page (board, cursor = '0') {
      const [next, cells] = await redis.hscan(keyOf(board), cursor, 'COUNT', PAGE)
      const bans = Array.from(
        { length: cells.length / 2 },
        (_, n) => ({ userId: cells[2 * n]!, ...parseBan(cells[2 * n + 1]!) })
      )
      return { bans: bans.filter((ban) => !isOver(ban, clock.now())), next: next === '0' ? undefined : next }
    }
  }
}

const Forgotten = Type.Enum(['forgotten', 'kept'])
const Marked = Type.Enum(['marked', 'other'])

/**
 * Stores bans from all boards under one key, and notes on which boards they are applied.
 * @throws Problem `unavailable`, `outcome_unknown`
 */
export function createServiceBans ({ redis, clock, directory }: ScriptContext): ServiceBanStore {
  const forget = bindScript(redis, 'moderation/forget-ban', { reply: Forgotten, directory })
  const mark = bindScript(redis, 'moderation/mark-service-bans', { reply: Marked, directory })
  return {
    put: async (userId, ban) => {
      await callWrite(redis, async () => await redis.hset(SERVICE_BANS, userId, JSON.stringify(ban)), SEND_AGAIN)
    },
    remove: async (userId) =>
      await callWrite(redis, async () => await redis.hdel(SERVICE_BANS, userId), SEND_AGAIN) === 1,
    async owedBy (boards) {
      const owed: Board[] = []
      for (let from = 0; from < boards.length; from += MAX_BOARDS) {
        const asked = boards.slice(from, from + MAX_BOARDS)
        const pipeline = redis.pipeline()
        for (const { name } of asked) pipeline.hexists(boardKeys(name).meta, APPLIED)
        for (const [n, [error, isApplied]] of (await pipeline.exec() ?? []).entries()) {
          if (error !== null) throw error
          if (isApplied === 0) owed.push(asked[n]!)
        }
      }
      return owed
    },
    markApplied: async ({ name, revision }) => {
      await mark([boardKeys(name).meta], [revision])
    },
    forgetEnded: async (userId) => {
      await callWrite(redis, async () => await forget([SERVICE_BANS], [userId, clock.now()]))
    }
  }
}
