import { Type } from 'typebox'
import type { ImportResult, KeepImport } from '../leaderboard/import.ts'
import { unavailable } from '../leaderboard/problem.ts'
import { keptUntilMs } from '../leaderboard/retention.ts'
import { windowAt, windowNamed } from '../leaderboard/window.ts'
import { attempt } from './connection.ts'
import { GATE_MS, LEDGER_MAX } from './increment.ts'
import { boardKeys } from './keys.ts'
import { signOf } from './order.ts'
import { bindScript, type ScriptContext } from './scripts.ts'

const Reply = Type.String({ pattern: '^(rules|full|done( (set|same|aside))*)$' })

export interface ImportStoreOptions extends ScriptContext {
  /** Entries that a board's ledger may hold, as for increments. */
  readonly ledgerMax?: number | undefined
}

/** Sets scores through `lua/import.lua`. */
export function createImport ({ redis, clock, directory, ledgerMax = LEDGER_MAX }: ImportStoreOptions): KeepImport {
  const script = bindScript(redis, 'import', { reply: Reply, directory })
  return async (board, window, rows, { actor, ip, requestId }) => {
    const names = boardKeys(board.name)
    const running = board.windows.map((kind) => windowAt(kind, board, clock.now())).filter(({ name }) => name !== window)
    const windows = [windowNamed(window, board)!, ...running]
    const keys = [names.meta, names.gate, names.names, names.ledger, names.banned, names.currentSegments, names.formerSegments, names.aside(window),
      ...windows.flatMap(({ name }) => [names.scores(name), names.head(name)])]
    const content = rows.map(({ userId, username = '', score, segments = 0 }) => [userId, username, String(score), segments])
    const [word, ...results] = (await attempt(redis, async () => await script(keys, [
      board.head_size, GATE_MS, names.hints, ledgerMax, board.revision, signOf(board), window,
      JSON.stringify([actor, ip, requestId]), JSON.stringify(content), ...windows.map((one) => keptUntilMs(board, one))
    ]))).split(' ')
    if (word === 'full') throw unavailable(`The ledger of the board ${board.name} is full until it has been archived; what is left was not imported.`, { retryAfterSeconds: 5 })
    return word === 'rules' ? undefined : results as ImportResult[]
  }
}
