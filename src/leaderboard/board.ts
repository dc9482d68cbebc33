import { Ajv, type ErrorObject } from 'ajv'
import { Type, type Static } from 'typebox'
import { Catalogue } from './catalogue.ts'
import { BOARD_NAME } from './identifiers.ts'
import { Problem } from './problem.ts'
import { isWindowKind, windowNamed, WindowKind, type AskedWindow } from './window.ts'

/** The largest score: the last integer up to which a double, and so Redis and JSON, counts every one. */
export const MAX_SCORE = Number.MAX_SAFE_INTEGER

/** Users in a full head. A reader sees at most VISIBLE of them; the rest is room for corrections. */
export const HEAD_SIZE = 128
export const VISIBLE = 100

const Count = (description: string) => Type.Integer({ minimum: 1, maximum: MAX_SCORE, description })

export const BoardRules = Type.Object({
  windows: Type.Array(WindowKind, {
    minItems: 1, uniqueItems: true, default: ['all'], description: 'Periods that are ranked; the first is the one shown by default'
  }),
  visibility: Type.Enum(['public', 'authenticated'], { default: 'public', description: 'Who may read it: everybody, or those with a token' }),
  time_zone: Type.String({ default: 'UTC', description: 'IANA zone that decides where days, weeks and months begin' }),
  max_increment: Type.Integer({ minimum: 1, maximum: MAX_SCORE, default: 1000, description: 'Points that one action may give' }),
  max_score: Type.Integer({ minimum: 1, maximum: MAX_SCORE, default: MAX_SCORE, description: 'No score may pass it' }),
  quota: Type.Object({
    increments: Count('Increments that a user may make'),
    per_seconds: Type.Integer({ minimum: 1, maximum: 31_536_000, description: 'in a period of this many seconds' })
  }, { additionalProperties: false, default: { increments: 600, per_seconds: 60 } }),
  actions: Catalogue,
  client_increments: Type.Boolean({ default: true, description: 'Whether a user token may name the points; else they come from an action or a grant' }),
  proof: Type.Enum(['none', 'grant'], { default: 'none', description: 'Whether a user token needs a grant for every increment' })
}, { additionalProperties: false })

export interface Board extends Readonly<Static<typeof BoardRules>> {
  readonly name: string
}

const BoardsFile = Type.Object({
  boards: Type.Record(Type.String({ pattern: BOARD_NAME }), BoardRules, { minProperties: 1, additionalProperties: false })
}, { additionalProperties: false })

const ajv = new Ajv({ allErrors: true, useDefaults: true })
const isBoardsFile = ajv.compile<Static<typeof BoardsFile>>(BoardsFile)

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
  maxLength: 16,
  description: 'all, or day, week or month for the running one in the board\'s time zone, or a past one by its name: ' +
    'day:2026-11-20, week:2026-W47 (ISO), month:2026-11. The board\'s first window where it is left out'
})

/**
 * The window that a read asks for, running or by name; the board's first where it does not ask.
 * @throws Problem `invalid_request` for one that the board does not have, that no calendar knows or that has not begun at `atMs`
 */
export function windowAsked (board: Board, text: string | undefined, atMs: number): AskedWindow {
  if (text === undefined || isWindowKind(text)) return windowOf(board, text)
  const window = windowNamed(text, board.time_zone)
  if (window === undefined) {
    const message = 'must be all, day, week, month or a name such as day:2026-11-20, week:2026-W47 or month:2026-11'
    throw new Problem('invalid_request', `There is no window called ${JSON.stringify(text)}.`, { errors: [{ path: 'window', message }] })
  }
  windowOf(board, window.kind)
  if (window.fromMs <= atMs) return window.name
  throw new Problem('invalid_request', `The window ${text} has not begun.`, { errors: [{ path: 'window', message: 'must not be in the future' }] })
}

/**
 * Boards from the content of a boards file, `{ "boards": { "<name>": { …rules } } }`; absent rules take their defaults.
 * Returns every problem found instead when there is one.
 */
export function parseBoards (content: unknown): { boards: Boards } | { problems: string[] } {
  const file = structuredClone(content)
  if (!isBoardsFile(file)) {
    return { problems: (isBoardsFile.errors ?? []).map((error) => `${error.instancePath || '/'} ${schemaMessage(error)}`) }
  }
  const boards = Object.entries(file.boards).map(([name, rules]) => ({ name, ...rules }))
  const problems = boards.filter(({ time_zone: zone }) => !isTimeZone(zone))
    .map(({ name, time_zone: zone }) => `/boards/${name}/time_zone is not an IANA time zone: ${zone}`)
  return problems.length > 0 ? { problems } : { boards: new Boards(boards) }
}

/** A schema's complaint in words that name what was meant. */
export function schemaMessage ({ message = 'is wrong', params }: ErrorObject): string {
  const named = params['additionalProperty'] ?? params['allowedValues']
  if (Array.isArray(named)) return `must be one of ${named.join(', ')}`
  return named === undefined ? message : `${message}: ${String(named)}`
}

/** What a service without a boards file has: the board `main` with every rule at its default. */
export function defaultBoards (): Boards {
  const parsed = parseBoards({ boards: { main: {} } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards
}

function isTimeZone (zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined
  } catch {
    return false
  }
}
