import { Type, type Static } from 'typebox'
import { type Board } from '../boards/board.ts'
import { MAX_HEAD_SIZE, MAX_SCORE } from '../boards/rules.ts'
import { UserId } from '../identifiers.ts'
import type { Bookmark } from './page.ts'
import { Problem } from '../problem.ts'
import type { WindowName } from '../boards/window.ts'
import { checker } from '../schema.ts'

/** The longest cursor: a user id of 512 bytes and as many leaders as a head holds. */
export const MAX_CURSOR_CHARACTERS = 8192

const Content = Type.Tuple([
  Type.String(),
  Type.String(),
  Type.Integer({ minimum: -MAX_SCORE, maximum: MAX_SCORE }),
  Type.Union([UserId, Type.Null()]),
  Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{11}$' }), { maxItems: MAX_HEAD_SIZE })
])
const isContent = checker(Content)

/** A bookmark of one window of a board as text for a URL, which says to nobody what is in it. */
export function writeCursor (board: Board, ranking: { readonly window: WindowName, readonly segment?: string | undefined }, { score, userId, leaders }: Bookmark): string {
  const content: Static<typeof Content> = [board.name, nameOf(ranking), score, userId ?? null, [...leaders]]
  return Buffer.from(JSON.stringify(content)).toString('base64url')
}

/** @throws Problem `invalid_request` for a text that is no cursor, or one of another board or window */
export function readCursor (board: Board, ranking: { readonly window: WindowName, readonly segment?: string | undefined }, text: string): Bookmark {
  const content = parse(Buffer.from(text, 'base64url').toString())
  if (!isContent(content)) throw wrong('The cursor is none that this service gave out.', 'must be a next_cursor')
  const [boardName, windowName, score, userId, leaders] = content
  if (leaders.length > board.head_size || (board.order === 'asc' ? score > 0 : score < 0)) throw wrong('The cursor is none that this service gave out.', 'must be a next_cursor')
  if (boardName !== board.name || windowName !== nameOf(ranking)) {
    throw wrong(`The cursor is one of the window ${windowName} of the board ${boardName}.`, 'must be one of this board and window')
  }
  return { score, userId: userId ?? undefined, leaders }
}

function nameOf ({ window, segment }: { readonly window: WindowName, readonly segment?: string | undefined }): string {
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
