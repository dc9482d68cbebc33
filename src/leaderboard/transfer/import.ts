// Imports: the rows that are valid, the window that they set, and the report.
import { Type, type Static } from 'typebox'
import { windowAsked, type Board } from '../boards/board.ts'
import { normalizedName, UserId, Username } from '../identifiers.ts'
import type { Origin } from '../scoring/increment.ts'
import { Problem, unavailable } from '../problem.ts'
import { closedSeason } from '../boards/season.ts'
import { segmentsAmong, Segments } from '../boards/segment.ts'
import { DAY_MS, windowNamed, windowNameAt, type WindowName } from '../boards/window.ts'
import { checker, firstProblem } from '../schema.ts'

/**
 * One user of a board as exports write and imports read it. `rank` is for the reader: an import takes no notice of
 * it.
 */
export const TransferRow = Type.Object({
  rank: Type.Optional(Type.Integer()),
  user_id: UserId,
  username: Type.Optional(Username),
  score: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  segments: Type.Optional(Segments)
}, { additionalProperties: false })
export type TransferRow = Static<typeof TransferRow>

const isTransferRow = checker(TransferRow)

/** A user's score in one window, to be taken over. */
export interface ImportRow {
  readonly userId: string
  readonly username: string | undefined
  readonly score: number
  /** Lines `name:value` of the board's segments. */
  readonly segments: readonly string[] | undefined
}

/**
 * The name of the window that an import writes: one that runs or is kept.
 * @throws Problem `invalid_request`, `season_closed`
 */
export function importWindow (board: Board, text: string | undefined, atMs: number): WindowName {
  const name = windowNameAt(windowAsked(board, text, atMs), board, atMs)
  if (closedSeason(board, name, atMs) !== undefined) {
    throw new Problem('season_closed', `The window ${name} of the board ${board.name} is closed: it stays as it is.`)
  }
  const { kind, untilMs } = windowNamed(name, board)!
  if (kind === 'all' || kind === 'season' || untilMs + board.retention[kind] * DAY_MS > atMs) return name
  throw new Problem('invalid_request', `The window ${name} of the board ${board.name} is not kept any more.`, {
    errors: [{ path: 'window', message: 'must be kept' }]
  })
}

/** Something that a source holds at a line: a row, or the reason why it is none. */
export type ImportLine = { readonly line: number, readonly row: ImportRow } | {
  readonly line: number,
  readonly problem: string
}

/** What became of a row: it changed the score, the score was the same, or it counts although the user is banned. */
export type ImportResult = 'set' | 'same' | 'hidden'

interface ImportOrigin extends Origin {
  readonly actor: string
}

/**
 * Sets scores in one window that takes writes, `undefined` where the board has other rules than these. At most
 * `rowsAtATime` of them.
 * @throws Problem `unavailable`, `outcome_unknown`
 */
export type ApplyImport = (
  board: Board,
  window: string,
  rows: readonly ImportRow[],
  origin: ImportOrigin
) => Promise<readonly ImportResult[] | undefined>

const MAX_ROWS = 100

/**
 * Rows that go to the store at a time, some 2 ms of Redis: fewer where each is written into many segments, and those
 * of all windows looked at.
 */
function rowsAtATime ({ windows, segments }: Board): number {
  return Math.max(1, Math.floor(MAX_ROWS / (1 + windows.length * segments.length)))
}

const MAX_ERRORS = 20
/** How often a board may change while some rows are on their way. */
const MAX_TRIES = 5

/** What an import has done. */
export interface ImportReport {
  set: number
  same: number
  hidden: number
  /** Lines that were no rows, of which the first are in `errors`. */
  rejected: number
  readonly errors: { readonly line: number, readonly message: string }[]
}

/** A row of a source, judged by the board. */
export function judgeRow (board: Board, content: unknown, line: number): ImportLine {
  if (!isTransferRow(content)) {
    return { line, problem: firstProblem(isTransferRow) }
  }
  const { user_id: userId, username, score, segments } = content
  const name = username === undefined ? undefined : normalizedName(username)
  if (username !== undefined && name === undefined) {
    return { line, problem: '/username must be 1 to 64 characters in NFC, of which something can be seen' }
  }
  if (score > board.max_score) return { line, problem: `/score must be at most ${board.max_score}` }
  const unknown = Object.keys(segments ?? {}).find((segment) => !board.segments.includes(segment))
  if (unknown !== undefined) return { line, problem: `/segments/${unknown} is no segment of the board` }
  return { line, row: { userId, username: name, score, segments: segments && segmentsAmong(board, segments) } }
}

interface ImportOptions {
  readonly applyImport: ApplyImport
  readonly board: Board
  /** Name of the window that the scores are set in. */
  readonly window: string
  readonly origin: ImportOrigin
  /** The board as it is now, where the store says that the one known is outdated. */
  readonly renewBoard: (name: string) => Promise<Board>
  /** Told of the lines done so far. */
  readonly onProgress?: (lines: number) => void
}

/**
 * Takes over the rows of a source, in order, some at a time: what is no row is counted and told and stops none of the
 * others. Importing the same again changes nothing, so one that broke off is begun again.
 * @throws Problem when the store fails
 */
export async function importRows (
  source: AsyncIterable<ImportLine>,
  { applyImport, board, window, origin, renewBoard, onProgress = () => {} }: ImportOptions
): Promise<ImportReport> {
  const report: ImportReport = { set: 0, same: 0, hidden: 0, rejected: 0, errors: [] }
  let lines = 0
  let waiting: ImportRow[] = []
  const flush = async () => {
    if (waiting.length === 0) return
    let results = await applyImport(board, window, waiting, origin)
    for (let tries = 1; results === undefined; tries++) {
      if (tries === MAX_TRIES) throw unavailable('The rules of the board keep changing; what is left was not imported.')
      board = await renewBoard(board.name)
      results = await applyImport(board, window, waiting, origin)
    }
    for (const result of results) report[result]++
    waiting = []
    onProgress(lines)
  }
  for await (const found of source) {
    lines++
    if ('row' in found) waiting.push(found.row)
    else if (report.rejected++ < MAX_ERRORS) report.errors.push({ line: found.line, message: found.problem })
    if (waiting.length === rowsAtATime(board)) await flush()
  }
  await flush()
  onProgress(lines)
  return report
}
