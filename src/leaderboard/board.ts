import { Type } from 'typebox'
import { Problem } from './problem.ts'
import { parseRules, type Board } from './rules.ts'
import { isWindowKind, windowNamed, type AskedWindow, type WindowKind } from './window.ts'

export type { Board } from './rules.ts'

/** The boards of a service, in the order of their file. */
export class Boards {
  readonly all: readonly Board[]
  readonly #byName: ReadonlyMap<string, Board>

  constructor (boards: readonly Board[]) {
    this.all = boards
    this.#byName = new Map(boards.map((board) => [board.name, board]))
  }

  /** The board to take where none is named, as in the published contracts: `main`, or the first where there is no `main`. */
  get default (): Board {
    return this.#byName.get('main') ?? this.all[0]!
  }

  /** @throws Problem `unknown_board` */
  get (name: string): Board {
    const board = this.#byName.get(name)
    if (board === undefined) throw new Problem('unknown_board', `There is no board called ${JSON.stringify(name)}.`)
    return board
  }
}

/** The window to show: the one asked for, else the board's first. @throws Problem `invalid_request` for one it does not have */
export function windowOf (board: Board, kind: WindowKind | undefined): WindowKind {
  const wanted = kind ?? board.windows[0]!
  if (board.windows.includes(wanted)) return wanted
  const message = `The board ${board.name} has the windows ${board.windows.join(', ')}, not ${wanted}.`
  throw new Problem('invalid_request', message, { errors: [{ path: 'window', message: `must be one of ${board.windows.join(', ')}` }] })
}

/** How a read asks for a window; `windowAsked` judges it. */
export const WindowText = Type.String({
  maxLength: 72,
  description: 'all, or day, week, month or season for the running one, or a past one by its name: ' +
    'day:2026-11-20, week:2026-W47, month:2026-11, season:autumn. The board\'s first window where it is left out'
})

/**
 * The window that a read asks for, running or by name; the board's first where it does not ask.
 * @throws Problem `invalid_request` for one that the board does not have, that no calendar knows or that has not begun at `atMs`
 */
export function windowAsked (board: Board, text: string | undefined, atMs: number): AskedWindow {
  if (text === undefined || isWindowKind(text)) return windowOf(board, text)
  const window = windowNamed(text, board)
  if (window === undefined) {
    const message = 'must be all, day, week, month, season or a name such as day:2026-11-20, week:2026-W47, month:2026-11 or season:autumn'
    throw new Problem('invalid_request', `There is no window called ${JSON.stringify(text)}.`, { errors: [{ path: 'window', message }] })
  }
  windowOf(board, window.kind)
  if (window.fromMs <= atMs) return window.name
  throw new Problem('invalid_request', `The window ${text} has not begun.`, { errors: [{ path: 'window', message: 'must not be in the future' }] })
}

/** The boards of a boards file, or every problem found in it, as `parseRules`. */
export function parseBoards (content: unknown): { boards: Boards } | { problems: string[] } {
  const parsed = parseRules(content)
  return 'problems' in parsed ? parsed : { boards: new Boards(parsed.boards) }
}

/** What a service without a boards file has: the board `main` with every rule at its default. */
export function defaultBoards (): Boards {
  const parsed = parseBoards({ boards: { main: {} } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards
}
