// Makes a board or changes its rules: the caller of lua/boards/apply-board.lua.
import type { Redis } from 'ioredis'
import { Type, type Static } from 'typebox'
import type { ApplyOptions } from '../../leaderboard/boards/apply-board.ts'
import { rulesOf, type Board } from '../../leaderboard/boards/rules.ts'
import { boardKeys } from '../keys.ts'
import { bindScript } from '../scripts.ts'

const Word = Type.Enum(['created', 'changed', 'same', 'outdated', 'kept', 'deleting', 'deleted'])
const Reply = Type.Tuple([Word, Type.String()])

/** Gives a board rules through `lua/boards/apply-board.lua`; `changed` is when that was, in µs of Redis' time. */
export function createApplyBoard ({ redis, directory }: { redis: Redis, directory?: URL | undefined }) {
  const script = bindScript(redis, 'boards/apply-board', { reply: Reply, directory })
  return async (
    board: Board,
    { ifRevision = '', isCorrupting, anew }: ApplyOptions
  ): Promise<{ word: Static<typeof Word>, changed: string }> => {
    const { rules, meta, ledger } = boardKeys(board.name)
    const [word, changed] = await script([rules, meta, ledger], {
      if_revision: ifRevision,
      revision: board.revision,
      json: JSON.stringify(rulesOf(board)),
      corrupting: isCorrupting ? '1' : '0',
      anew: anew ? '1' : '0'
    })
    return { word, changed }
  }
}
