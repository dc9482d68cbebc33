// The cursor of a page of entries: a bookmark as opaque text.
import { Type, type Static } from 'typebox'
import { type Board } from '../boards/board.ts'
import { MAX_HEAD_SIZE, MAX_SCORE } from '../boards/rules.ts'
import { UserId } from '../identifiers.ts'
import type { Bookmark } from './page.ts'
import { Problem } from '../problem.ts'
import type { WindowName } from '../boards/window.ts'
import { checker } from '../schema.ts'

/** The most characters of a cursor: it holds a user id of 512 bytes and as many leaders as a head has users. */
export const MAX_CURSOR_CHARACTERS = 8192

const Content = Type.Tuple([
  Type.String(),
  Type.String(),
  Type.Integer({ minimum: -MAX_SCORE, maximum: MAX_SCORE }),
  Type.Union([UserId, Type.Null()]),
  Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{11}$' }), { maxItems: MAX_HEAD_SIZE })
])
const isContent = checker(Content)

const INVALID = 'Invalid cursor: pass the next_cursor of a previous page.'

interface CursorRanking {
  readonly window: WindowName
  readonly segment?: string | undefined
}

/** Writes a bookmark of a ranking as an opaque cursor for a URL. */
export function writeCursor (board: Board, ranking: CursorRanking, { score, userId, leaders }: Bookmark): string {
  const content: Static<typeof Content> = [board.name, nameOf(ranking), score, userId ?? null, [...leaders]]
  return Buffer.from(JSON.stringify(content)).toString('base64url')
}

/** Reads a cursor. @throws Problem `invalid_request` for any other text, or a cursor of another board or window */
export function readCursor (board: Board, ranking: CursorRanking, text: string): Bookmark {
  const content = parse(Buffer.from(text, 'base64url').toString())
  if (!isContent(content)) throw wrong(INVALID, 'must be a next_cursor')
  const [boardName, windowName, score, userId, leaders] = content
  if (leaders.length > board.head_size || (board.order === 'asc' ? score > 0 : score < 0)) {
    throw wrong(INVALID, 'must be a next_cursor')
  }
  if (boardName !== board.name || windowName !== nameOf(ranking)) {
    const detail = `The cursor belongs to the window ${windowName} of the board ${boardName}.`
    throw wrong(detail, 'must be one of this board and window')
  }
  return { score, userId: userId ?? undefined, leaders }
}

function nameOf ({ window, segment }: CursorRanking): string {
  return segment === undefined ? window : `${window} ${segment}`
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function wrong (detail: string, message: string): Problem {
  return new Problem('invalid_request', detail, { errors: [{ path: 'cursor', message }] })
}
