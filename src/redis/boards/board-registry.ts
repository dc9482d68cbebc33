// The registry of boards in Redis: list, read, apply, open again and delete.
import { Type } from 'typebox'
import type { Redis } from 'ioredis'
import type { ApplyOptions, BoardRegistry, BoardState } from '../../leaderboard/boards/apply-board.ts'
import { outcomeUnknown, unavailable } from '../../leaderboard/problem.ts'
import { parseRules, type Board } from '../../leaderboard/boards/rules.ts'
import { createApplyBoard } from './apply-board.ts'
import { callWrite, isReply, SEND_AGAIN } from '../connection.ts'
import { createDeleteBoard } from './delete-board.ts'
import { BOARD_CHANGES, BOARD_REGISTRY, boardKeys, WEBHOOK_BOARDS } from '../keys.ts'
import { bindScript } from '../scripts.ts'
import { lastEntryId } from '../stream-info.ts'

interface BoardRegistryOptions {
  readonly reader: Redis
  readonly writer: Redis
  readonly directory?: URL | undefined
}

/**
 * The boards in Redis: each one's rules in its own slot, where the scripts judge by them, and one list of all. A
 * change is made there first and listed afterwards: the list says where to look, and is never what a board is judged
 * by.
 */
export function createBoardRegistry ({ reader, writer, directory }: BoardRegistryOptions): BoardRegistry {
  const apply = createApplyBoard({ redis: writer, directory })
  const { end, sweep } = createDeleteBoard({ reader, writer, directory })
  const open = bindScript(writer, 'ledger/rebuild-open', { reply: Type.Enum(['open', 'closed']), directory })
  const unlist = bindScript(writer, 'boards/unlist-board', { reply: Type.Enum(['unlisted', 'last']), directory })
  const writing = async <T>(call: () => Promise<T>) => await callWrite(writer, call, SEND_AGAIN)
  /** What follows a write: a refusal of it is not one of the whole. */
  const following = async <T>(call: () => Promise<T>) => {
    try {
      return await writing(call)
    } catch (cause) {
      throw outcomeUnknown(SEND_AGAIN, { cause })
    }
  }
  const tell = async (name: string) => {
    await writer.publish(BOARD_CHANGES, name)
  }

  async function applyAnyway (board: Board, options: ApplyOptions): ReturnType<typeof apply> {
    const outcome = await apply(board, options)
    if (outcome.word !== 'deleting') return outcome
    // Whoever deleted it has not come to the end, and perhaps never will.
    await sweep(board.name)
    return await apply(board, options)
  }

  return {
    async list () {
      const cells = await reader.zrange(BOARD_REGISTRY, '0', '-1', 'WITHSCORES')
      return new Map(Array.from({ length: cells.length / 2 }, (_, n) => [cells[2 * n]!, Number(cells[2 * n + 1])]))
    },
    read: async (name) => await readBoard(reader, name),
    async reopen (name) {
      const { meta, rules, rebuilder } = boardKeys(name)
      return await writing(async () => await open([meta, rules, rebuilder], [''])) === 'open'
    },
    async apply (board, options) {
      const { word, changed } = await writing(async () => await applyAnyway(board, options))
      if (word === 'deleting') throw unavailable('The board is still being deleted; nothing was applied.')
      if (word === 'outdated' || word === 'kept' || word === 'deleted') return word
      await following(async () => {
        // `GT`: of two changes at once the later one stays, whichever is listed last.
        await writer.zadd(BOARD_REGISTRY, 'GT', changed, board.name)
        await tell(board.name)
      })
      return word
    },
    async remove (name) {
      const { state } = await readBoard(reader, name).catch((cause: unknown) => {
        throw unavailable('The score store is away; nothing was applied.', { cause })
      })
      const isListed = state === 'there' || state === 'unsupported'
      if (isListed && await writing(async () => await unlist([BOARD_REGISTRY], [name])) === 'last') return 'last'
      return await following(async () => {
        if (await end(name) !== 'deleting') return 'unknown'
        await tell(name)
        await writer.srem(WEBHOOK_BOARDS, name)
        await sweep(name)
        return 'deleted'
      })
    }
  }
}

async function readBoard (redis: Redis, name: string): Promise<BoardState> {
  const { rules, meta, ledger } = boardKeys(name)
  // On one connection, one after the other: what is read in between is another moment, and the scripts judge anew.
  const [[json, revision, created, changed, anew], [word, epoch], lastMs] = await Promise.all([
    redis.hmget(rules, 'json', 'revision', 'created', 'changed', 'anew'),
    redis.hmget(meta, 'revision', 'epoch'),
    lastEntryMs(redis, ledger)
  ])
  if (json == null || revision == null) {
    return { state: word === 'deleting' || word === 'deleted' ? 'deleted' : 'unknown' }
  }
  const parsed = parseRules({ boards: { [name]: JSON.parse(json) } })
  if ('problems' in parsed) return { state: 'unsupported', why: parsed.problems.join('; ') }
  // The revision stays the one that is stored: a later version may fill in rules that were not there when it was made.
  const board = { ...parsed.boards[0]!, revision }
  const hasScores = epoch != null || (lastMs > 0 && lastMs >= Math.floor(Number(created) / 1000))
  return {
    state: 'there',
    board,
    created: Number(created),
    changed: Number(changed),
    anew: anew == null ? undefined : Number(anew),
    isClosed: word === 'closed',
    hasScores
  }
}

/**
 * When the last entry was written, 0 for none yet: an archiver makes the stream before the first, and that of a
 * deleted board outlives it.
 */
async function lastEntryMs (redis: Redis, ledger: string): Promise<number> {
  try {
    return Number.parseInt(lastEntryId(await redis.xinfo('STREAM', ledger)), 10)
  } catch (error) {
    if (isReply(error, 'ERR no such key')) return 0
    throw error
  }
}
