// The boards of a service by name, and the window that a read asks for.
import { Type } from 'typebox'
import { Problem } from '../problem.ts'
import { parseRules, type Board } from './rules.ts'
import { isWindowKind, windowNamed, type AskedWindow, type WindowKind } from './window.ts'

export type { Board } from './rules.ts'

/** Called for a board that is new, has changed rules or was deleted. */
type BoardListener = (change: { readonly before: Board | undefined, readonly after: Board | undefined }) => void

/** The boards of a service, in order of creation. They may be replaced while the service runs. */
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

  /** The board of requests that name none, such as those of the published contracts: `main`, or else the first. */
  get default (): Board {
    return this.#byName.get('main') ?? this.#all[0]!
  }

  has (name: string): boolean {
    return this.#byName.has(name)
  }

  /** The board of this name. @throws Problem `unknown_board` */
  get (name: string): Board {
    const board = this.#byName.get(name)
    if (board === undefined) throw new Problem('unknown_board', `There is no board called ${JSON.stringify(name)}.`)
    return board
  }

  /**
   * Replaces all boards by these, at least one, and calls the listeners for each that differs. A board with unchanged
   * rules stays the same object.
   */
  replace (boards: readonly Board[]): void {
    const before = this.#byName
    this.#all = boards.map((board) => {
      const known = before.get(board.name)
      return known?.revision === board.revision ? known : board
    })
    this.#byName = new Map(this.#all.map((board) => [board.name, board]))
    for (const name of new Set([...before.keys(), ...this.#byName.keys()])) {
      const change = { before: before.get(name), after: this.#byName.get(name) }
      if (change.before !== change.after) { for (const listener of this.#listeners) listener(change) }
    }
  }

  /** Calls the listener for every change from now on. Returns a function that stops this. */
  onChange (listener: BoardListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}

/**
 * The window to show: the one that a request names, otherwise the board's first.
 * @throws Problem `invalid_request` for a window that the board does not have
 */
export function windowOf (board: Board, kind: WindowKind | undefined): WindowKind {
  const wanted = kind ?? board.windows[0]!
  if (board.windows.includes(wanted)) return wanted
  const has = board.windows.join(', ')
  throw wrongWindow(`The board ${board.name} has the windows ${has}, not ${wanted}.`, `must be one of ${has}`)
}

/** The text by which a read asks for a window; `windowAsked` validates it. */
export const WindowText = Type.String({
  maxLength: 72,
  description: 'Use all, day, week, month or season for the running window. Use a name for a past one: ' +
    "day:2026-11-20, week:2026-W47, month:2026-11, season:autumn. The default is the board's first window"
})

/**
 * The window that a read asks for, running or by name; the default is the board's first.
 * @throws Problem `invalid_request` for a window that the board does not have, that is no date of the calendar, or that
 * has not begun at `atMs` (ms since 1970)
 */
export function windowAsked (board: Board, text: string | undefined, atMs: number): AskedWindow {
  if (text === undefined || isWindowKind(text)) return windowOf(board, text)
  const window = windowNamed(text, board)
  if (window === undefined) {
    const message = 'must be all, day, week, month, season or a name such as ' +
      'day:2026-11-20, week:2026-W47, month:2026-11 or season:autumn'
    throw wrongWindow(`There is no window called ${JSON.stringify(text)}.`, message)
  }
  windowOf(board, window.kind)
  if (window.fromMs <= atMs) return window.name
  throw wrongWindow(`The window ${text} has not begun.`, 'must not be in the future')
}

function wrongWindow (detail: string, message: string): Problem {
  return new Problem('invalid_request', detail, { errors: [{ path: 'window', message }] })
}

/** Reads the boards of a boards file. Returns every problem found instead if there is one, as `parseRules` does. */
export function parseBoards (content: unknown): { boards: Boards } | { problems: string[] } {
  const parsed = parseRules(content)
  return 'problems' in parsed ? parsed : { boards: new Boards(parsed.boards) }
}

/** The boards of a service without a boards file: `main`, with every rule at its default. */
export function defaultBoards (): Boards {
  const parsed = parseBoards({ boards: { main: {} } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards
}
