// Imports scores in chunks: the caller of lua/transfer/import.lua.
import { Type } from 'typebox'
import type { Board } from '../../leaderboard/boards/board.ts'
import { importWindow, type ImportResult, type ApplyImport } from '../../leaderboard/transfer/import.ts'
import { unavailable } from '../../leaderboard/problem.ts'
import { keptUntilMs } from '../../leaderboard/boards/retention.ts'
import { windowNamed } from '../../leaderboard/boards/window.ts'
import { callWrite, SEND_AGAIN } from '../connection.ts'
import { actKeys, boardArgs, callInTime, keptWindowsAt, periodArgs } from '../boards/kept-windows.ts'
import { boardKeys, LEDGER_MAX } from '../keys.ts'
import { signOf } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Tuple([
  Type.Enum(['stale_keys', 'outdated', 'full', 'done']),
  Type.String(),
  Type.String({ pattern: '^((set|same|hidden)( (set|same|hidden))*)?$' })
])

interface ImportStoreOptions extends ScriptContext {
  /** Entries that a board's ledger may hold, as for increments. */
  readonly ledgerMax?: number | undefined
}

/** Sets scores through `lua/transfer/import.lua`. */
export function createApplyImport (
  { redis, clock, directory, ledgerMax = LEDGER_MAX }: ImportStoreOptions
): ApplyImport {
  const script = bindScript(redis, 'transfer/import', { reply: Reply, directory })
  return async (board, window, rows, { actor, ip, requestId }) => {
    const names = boardKeys(board.name)
    const content = JSON.stringify(
      rows.map(({ userId, username = '', score, segments = 0 }) => [userId, username, String(score), segments])
    )
    const [word, , results] = await callWrite(redis, async () =>
      await callInTime(script, clock, (atMs) => {
        const { windows, time, fromMs, untilMs } = windowsAt(board, window, atMs)
        return [
          {
            ...actKeys(names),
            names: names.names,
            hidden: names.hidden(window),
            rest: windows.flatMap(({ name }) => [names.scores(name), names.head(name)])
          },
          {
            ...periodArgs({ fromMs, untilMs }),
            ...boardArgs(board),
            ledger_max: ledgerMax,
            sign: signOf(board),
            window,
            time,
            origin: JSON.stringify([actor, ip, requestId]),
            rows: content,
            rest: windows.map((one) => keptUntilMs(board, one))
          }
        ]
      }), SEND_AGAIN)
    if (word === 'full') {
      throw unavailable(
        `The ledger of the board ${board.name} is full until it has been archived; what is left was not imported.`,
        { retryAfterSeconds: 5 }
      )
    }
    return word === 'done' ? results.split(' ') as ImportResult[] : undefined
  }
}

/**
 * The window that is written, which may have closed since the last rows, and with a running one all others that run.
 * @throws Problem `invalid_request`, `season_closed`
 */
function windowsAt (board: Board, window: string, atMs: number) {
  const { running, fromMs, untilMs } = keptWindowsAt(board, atMs)
  const written = windowNamed(importWindow(board, window, atMs), board)!
  const isRunning = running.some(({ name }) => name === window)
  const windows = isRunning ? [written, ...running.filter(({ name }) => name !== window)] : [written]
  return { windows, time: isRunning ? 'running' : 'past', fromMs, untilMs }
}
