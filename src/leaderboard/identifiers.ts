// The names that clients give: boards, actions, users, groups and usernames, with the characters that each may have.
import { Type } from 'typebox'

// No control characters, lone surrogates, line separators or bidirectional overrides: an identifier is one visible line
// and does not reorder the text around it. No U+FFFD: decoders put it in place of invalid UTF-8, so that different
// bytes
// would become one identifier.
const INVISIBLE = '\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069\\ufffd'
export const CHARACTER = `[^${INVISIBLE}]`
/** At least one character that can be seen. */
const VISIBLE = /[^\p{C}\p{Z}]/u
const UNSEEN = new RegExp(`[${INVISIBLE}]`, 'gu')

const MAX_USERNAME_CHARACTERS = 64

export const BOARD_NAME = '^[a-z0-9][a-z0-9_-]{0,63}$'

export const ACTION_NAME = BOARD_NAME

export const BoardName = Type.String({ pattern: BOARD_NAME, description: 'Name of a board' })

export const ActionName = Type.String({
  pattern: ACTION_NAME,
  description: "Name of an action in the board's catalogue"
})

export const UserId = Type.String({
  pattern: `^${CHARACTER}{1,128}$`,
  description: '1 to 128 characters of printable Unicode'
})

/** The most bytes of a user id in a JSON list: 128 characters, each written as two escapes such as \ud83e\udd8a. */
export const USER_ID_JSON_BYTES = 128 * 12 + 8

export const GroupName = Type.String({
  // Letters and digits first: a name such as .. would be a step in a path.
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$',
  description: 'Name of a group: 1 to 128 of A-Z a-z 0-9 _ . : -, a letter or digit first'
})

export const ActionId = Type.String({
  pattern: `^${CHARACTER}{1,128}$`,
  description: 'Identifies one action of one user, which counts once. 1 to 128 characters of printable Unicode'
})

export const Username = Type.String({
  pattern: `^${CHARACTER}{1,${MAX_USERNAME_CHARACTERS}}$`,
  description: 'Shown on the board; 1 to 64 characters of any script, in NFC'
})

/** How long an action is remembered at least. */
export const MEMORY_MS = 86_400_000
/** How far the time in an action id may be ahead of Redis' clock. */
export const FUTURE_MS = 300_000

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** The time in ms that an action id carries when it is a UUIDv7 (RFC 9562, section 5.7), else undefined. */
export function timeOfActionId (actionId: string): number | undefined {
  if (actionId.length !== 36 || actionId[14] !== '7' || !UUID_V7.test(actionId)) return undefined
  return Number.parseInt(actionId.slice(0, 8) + actionId.slice(9, 13), 16)
}

/** A username from a service in NFC; undefined if it is then too long or has no visible character. */
export function normalizedName (name: string): string | undefined {
  const normalized = name.normalize('NFC')
  return VISIBLE.test(normalized) && Array.from(normalized).length <= MAX_USERNAME_CHARACTERS ? normalized : undefined
}

/** Turns the name in a token into one that can be shown: NFC, one line, 64 characters; undefined if nothing is left. */
export function presentableName (name: string): string | undefined {
  const visible = name.normalize('NFC').replace(UNSEEN, ' ').trim()
  return VISIBLE.test(visible) ? Array.from(visible).slice(0, MAX_USERNAME_CHARACTERS).join('') : undefined
}
