import { Type } from 'typebox'
import { Problem } from '../problem.ts'
import { parseRules, type Board } from './rules.ts'
import { isWindowKind, windowNamed, type AskedWindow, type WindowKind } from './window.ts'

export type { Board } from './rules.ts'

/** Told of a board that is new, has other rules or is gone. */
export type BoardListener = (change: { readonly before: Board | undefined, readonly after: Board | undefined }) => void

/** The boards of a service, in the order in which they were made; they may be replaced while it runs. */
export class Boards {
  readonly #listeners = new Set<BoardListener>()
  #all: readonly Board[] = []
  #byName: ReadonlyMap<string, Board> = new Map()

  constructor (boards: readonly Board[]) {
    this.replace(boards)
  }

  get all (): readonly Board[] {
    return this.#all
  }

  /** The board to take where none is named, as in the published contracts: `main`, or the first where there is no `main`. */
  get default (): Board {
    return this.#byName.get('main') ?? this.#all[0]!
  }

  has (name: string): boolean {
    return this.#byName.has(name)
  }

  /** @throws Problem `unknown_board` */
  get (name: string): Board {
    const board = this.#byName.get(name)
    if (board === undefined) throw new Problem('unknown_board', `There is no board called ${JSON.stringify(name)}.`)
    return board
  }

  /** Takes these boards instead, at least one, and tells the listeners of each that differs. A board whose rules are the same stays the same object. */
  replace (boards: readonly Board[]): void {
    const before = this.#byName
    this.#all = boards.map((board) => {
      const known = before.get(board.name)
      return known?.revision === board.revision ? known : board
    })
    this.#byName = new Map(this.#all.map((board) => [board.name, board]))
    for (const name of new Set([...before.keys(), ...this.#byName.keys()])) {
      const change = { before: before.get(name), after: this.#byName.get(name) }
      if (change.before !== change.after) for (const listener of this.#listeners) listener(change)
    }
  }

  /** Tells of every change from now on. Returns the stop. */
  onChange (listener: BoardListener): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
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
