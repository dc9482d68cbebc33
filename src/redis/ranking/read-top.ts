// Reads the top of a ranking: the caller of lua/ranking/read-top.lua.
import { Type } from 'typebox'
import type { Board } from '../../leaderboard/boards/board.ts'
import { VISIBLE } from '../../leaderboard/boards/rules.ts'
import { rankHead, type HeadEntry } from '../../leaderboard/ranking/order-entries.ts'
import type { Ranking } from '../../leaderboard/ranking/ranking.ts'
import type { Top } from '../../leaderboard/ranking/reads.ts'
import { isWindowKind, nextResetMs, windowNameAt } from '../../leaderboard/boards/window.ts'
import { boardKeys } from '../keys.ts'
import { shown } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Array(Type.String(), { minItems: 1 })

/** Reads a top; the one known before is returned again, with a new time, when nothing has changed since. */
export type ReadTop = (board: Board, ranking: Ranking, known?: Top) => Promise<Top>

export function createReadTop ({ redis, clock, directory }: ScriptContext): ReadTop {
  const script = bindScript(redis, 'ranking/read-top', { reply: Reply, directory })
  return async (board, { window: asked, segment }, known) => {
    const names = boardKeys(board.name)
    const window = windowNameAt(asked, board, clock.now())
    // A new day is a new history even before its first write, so a window's epoch carries its name.
    const suffix = window === 'all' ? '' : `.${window}`
    const knownEpoch = known?.epoch.endsWith(suffix) === true
      ? known.epoch.slice(0, known.epoch.length - suffix.length)
      : ''
    const [word, epoch, version, ...cells] = await script(
      [names.scores(window, segment), names.head(window, segment), names.meta, names.names],
      [knownEpoch, known?.version ?? 0]
    )
    const readMs = clock.now()
    if (word === 'same' && known !== undefined) return { ...known, readMs }
    return {
      epoch: `${epoch === '' ? '0' : epoch}${suffix}`,
      version: Number(version),
      readMs,
      resetsMs: isWindowKind(asked) ? nextResetMs(asked, board, readMs) : undefined,
      entries: shown(board, rankHead(headOf(cells)).slice(0, VISIBLE))
    }
  }
}

/** Turns a script's cells {user, score, sequence, name, …} into entries; a user without a name goes by the user id. */
export function headOf (cells: readonly string[]): HeadEntry[] {
  return Array.from({ length: cells.length / 4 }, (_, row) => {
    const [userId, score, sequence, name] = cells.slice(4 * row, 4 * row + 4) as [string, string, string, string]
    return { userId, username: name || userId, score: Number(score), sequence: Number(sequence) }
  })
}
