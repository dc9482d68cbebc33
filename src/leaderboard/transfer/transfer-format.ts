// The text formats of exports and imports: NDJSON and CSV.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import type { Board } from '../boards/board.ts'
import type { ExportPage } from './export.ts'
import { judgeRow, type ImportLine, type TransferRow } from './import.ts'

/**
 * How exports are written and imports read: one JSON object a line, or comma-separated values with a header (RFC
 * 4180).
 */
export const FORMATS = ['ndjson', 'csv'] as const
export type Format = typeof FORMATS[number]

const COLUMNS = ['rank', 'user_id', 'username', 'score', 'segments'] as const
const MAX_LINE_CHARACTERS = 16_384
/** A quote that is never closed makes one record of all that follows. */
const MAX_RECORD_BYTES = 1024 * 1024

/** The text of an export, some lines at a time. */
export async function * writeRows (format: Format, pages: AsyncIterable<ExportPage>): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`
  const write = format === 'csv' ? csvLine : (row: TransferRow) => `${JSON.stringify(row)}\n`
  for await (const { rows } of pages) {
    if (rows.length > 0) yield rows.map(write).join('')
  }
}

function csvLine (row: TransferRow): string {
  return `${COLUMNS.map((column) => csvCell(row[column])).join(',')}\r\n`
}

function csvCell (value: unknown): string {
  if (value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /["\r\n,]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * The rows of a text, judged by the board. A CSV needs the columns user_id and score and may have those of an export
 * besides; any others, such as those of a dumped table, are not looked at.
 */
export async function * readRows (
  board: Board,
  format: Format,
  text: AsyncIterable<Buffer | string>
): AsyncGenerator<ImportLine> {
  if (format === 'csv') yield * readCsv(board, text)
  else yield * readNdjson(board, text)
}

async function * readNdjson (board: Board, text: AsyncIterable<Buffer | string>): AsyncGenerator<ImportLine> {
  let line = 0
  for await (const content of linesOf(text)) {
    line++
    if (content === undefined) yield { line, problem: `must not be longer than ${MAX_LINE_CHARACTERS} characters` }
    else if (content.trim() !== '') yield judgeJson(board, content, line)
  }
}

function judgeJson (board: Board, content: string, line: number): ImportLine {
  try {
    return judgeRow(board, JSON.parse(content), line)
  } catch {
    return { line, problem: 'must be a JSON object' }
  }
}

/** Lines without their ends; undefined for one that is too long to be one. */
async function * linesOf (text: AsyncIterable<Buffer | string>): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: false })
  let rest = ''
  let isTooLong = false
  for await (const chunk of text) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      yield isTooLong || line.length > MAX_LINE_CHARACTERS ? undefined : line
      isTooLong = false
    }
    if (rest.length > MAX_LINE_CHARACTERS) [rest, isTooLong] = ['', true]
  }
  if (rest !== '' || isTooLong) yield isTooLong ? undefined : rest
}

interface CsvRecord {
  readonly record: Readonly<Record<string, string>>
  readonly info: { readonly lines: number }
}

async function * readCsv (board: Board, text: AsyncIterable<Buffer | string>): AsyncGenerator<ImportLine> {
  const skipped: ImportLine[] = []
  const parser = parse({
    columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
    bom: true,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
    skip_records_with_error: true,
    on_skip: (error) => {
      skipped.push({ line: parser.info.lines, problem: `is not CSV: ${error?.message ?? 'unreadable'}` })
    }
  })
  // A failure of either end comes out of the loop below.
  pipeline(Readable.from(text), parser).catch(() => {})
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      yield * skipped.splice(0)
      yield judgeRecord(board, record, info.lines)
    }
    yield * skipped
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    yield { line: parser.info.lines, problem: `is not CSV from here on: ${error.message}` }
  }
}

/** A record is all text: what is to be a number or an object is read as one. */
function judgeRecord (board: Board, record: Readonly<Record<string, string>>, line: number): ImportLine {
  const { user_id: userId, username, score, segments } = record
  if (userId === undefined || score === undefined) return { line, problem: 'must have the columns user_id and score' }
  let parsed: unknown
  try {
    parsed = segments ? JSON.parse(segments) : undefined
  } catch {
    return { line, problem: '/segments must be JSON' }
  }
  return judgeRow(board, {
    user_id: userId,
    score: /^\d{1,16}$/.test(score) ? Number(score) : score,
    ...(username && { username }),
    ...(parsed !== undefined && { segments: parsed })
  }, line)
}
