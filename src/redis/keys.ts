// Every key in Redis is named here, and nowhere else.
import { DAY_MS } from '../leaderboard/boards/window.ts'
import { shortHash } from '../leaderboard/short-hash.ts'

/** Least time between two hints that a board's top has changed. */
export const GATE_MS = 50

/** Without an archive the ledger is an audit log of about this many entries a board, some 75 B each. */
export const LEDGER_MAX = 1_000_000

/** Every key of a board, and the channel of its hints. They share a hash tag, so that one script may touch them all. */
export interface BoardKeys {
  readonly meta: string
  readonly rules: string
  readonly gate: string
  readonly names: string
  readonly ledger: string
  /** Entries of the ledger that could not be archived. */
  readonly deadLetters: string
  /** Which worker archives the board. */
  readonly archiver: string
  /** Who makes the board anew from the ledger, and has it closed for writes meanwhile. */
  readonly rebuilder: string
  /** Where a key of the board is made before it takes the place of another one, by whom. */
  draft(rebuilder: string, key: string): string
  readonly hints: string
  readonly banned: string
  /** When bans end. */
  readonly banEnds: string
  /** The segments that each user is in, and those that a user has left. */
  readonly currentSegments: string
  readonly formerSegments: string
  /** Of a window, or of one segment of it, such as region:eu. */
  scores(window: string, segment?: string): string
  head(window: string, segment?: string): string
  /** The head that belongs to a key of scores. */
  headOf(scores: string): string
  /** Scores that count and that nobody sees. */
  hidden(window: string, segment?: string): string
  /** What a closed season looked like. */
  archive(season: string): string
  /** The names of the board's webhooks. */
  readonly webhooks: string
  webhook(name: string): WebhookKeys
  /** Which worker publishes the board's events to webhooks. */
  readonly publisher: string
  /** How the velocity of users is followed, who was flagged when, and flags that are not published yet. */
  readonly velocity: string
  readonly flagged: string
  readonly flags: string
  /** The points of users in one slice of time, of the sums begun at `since`. */
  slice(since: string, slice: number): string
  quota(userId: string): string
  /** How often a user has done a catalogue's action in the running period of its limit. */
  limit(userId: string, action: string): string
  /** The slot for an action's digest among those of one day, counted from 1970 in UTC. */
  actions(day: number, digest: string): string
  /** Queued actions that were refused on a day. */
  refused(day: number): string
}

/** Everything that is kept of one webhook. */
export interface WebhookKeys {
  readonly settings: string
  readonly due: string
  readonly busy: string
  readonly log: string
  readonly order: string
  readonly marks: string
  /** Deliveries of one kind of event that have ended. */
  done(kind: string): string
}

export function boardKeys (board: string): BoardKeys {
  const tag = `sw:{${board}}:`
  return {
    meta: `${tag}meta`,
    rules: `${tag}rules`,
    gate: `${tag}gate`,
    names: `${tag}user`,
    ledger: `${tag}ledger`,
    deadLetters: `${tag}dead`,
    archiver: `${tag}archiver`,
    rebuilder: `${tag}rebuilder`,
    draft: (rebuilder, key) => `${tag}draft:${rebuilder}:${key.slice(tag.length)}`,
    hints: `${tag}hints`,
    banned: `${tag}banned`,
    banEnds: `${tag}ban-ends`,
    currentSegments: `${tag}segments`,
    formerSegments: `${tag}segments-left`,
    scores: (window, segment) => `${tag}z:${window}${behind(segment)}`,
    head: (window, segment) => `${tag}head:${window}${behind(segment)}`,
    headOf: (scores) => `${tag}head:${scores.slice(`${tag}z:`.length)}`,
    hidden: (window, segment) => `${tag}hidden:${window}${behind(segment)}`,
    archive: (season) => `${tag}archive:${season}`,
    webhooks: `${tag}webhooks`,
    webhook: (name) => ({
      settings: `${tag}webhook:${name}`,
      due: `${tag}webhook-due:${name}`,
      busy: `${tag}webhook-busy:${name}`,
      log: `${tag}webhook-log:${name}`,
      order: `${tag}webhook-order:${name}`,
      marks: `${tag}webhook-marks:${name}`,
      done: (kind) => `${tag}webhook-done:${name}:${kind}`
    }),
    publisher: `${tag}publisher`,
    velocity: `${tag}velocity`,
    flagged: `${tag}flagged`,
    flags: `${tag}flags`,
    slice: (since, slice) => `${tag}speed:${since}:${slice}`,
    quota: (userId) => `${tag}quota:${userId}`,
    // An action's name holds no colon, and a user id may.
    limit: (userId, action) => `${tag}limit:${action}:${userId}`,
    actions: (day, digest) => `${tag}actions:${day}:${slotOf(digest)}`,
    refused: (day) => `${tag}refused:${day}`
  }
}

/** Matches every key of a board, as `SCAN` reads patterns. */
export function boardPattern (board: string): string {
  return `sw:{${board.replace(/[\\*?[\]^]/g, '\\$&')}}:*`
}

/** Matches the drafts of a board, whosever they are. */
export function draftPattern (board: string): string {
  return boardPattern(board).replace(/\*$/, 'draft:*')
}

/**
 * Tells of a key of the board whether it holds scores, or who has them under which name, in which segments, with
 * which bans.
 */
export function scoreKeys (board: string): (key: string) => boolean {
  const keys = boardKeys(board)
  const [scores, head, hidden] = [keys.scores(''), keys.head(''), keys.hidden('')]
  const others = new Set([keys.names, keys.banned, keys.banEnds, keys.currentSegments, keys.formerSegments])
  return (key) => others.has(key) || key.startsWith(scores) || key.startsWith(head) || key.startsWith(hidden)
}

/**
 * Where all boards are listed, each with the time of its last change. No board's slot is its own.
 * The number is the format of everything that Redis holds: it rises when an older version would misread what a newer
 * one writes.
 */
export const BOARD_REGISTRY = 'sw:boards:1'
/** Where scorewire 0.1.0 listed its boards, whose data this version does not read. */
export const FORMER_REGISTRY = 'sw:boards'

/** The boards that have had a webhook: the boards that workers poll. */
export const WEBHOOK_BOARDS = 'sw:webhooks'

/** The channel that says which board has changed. */
export const BOARD_CHANGES = 'sw:boards:changes'
/** Bans from all boards, those to come too: a hash, user -> JSON of the ban. */
export const SERVICE_BANS = 'sw:bans'

const behind = (segment: string | undefined) => segment === undefined ? '' : `:${segment}`

/** The key of a stored group. It has no hash tag, and so can be none of a board's. */
export function groupKey (group: string): string {
  return `sw:group:${group}`
}

/**
 * The consumer group of the archivers. Where a stream has it, nothing of the stream is trimmed before it is archived.
 */
export const ARCHIVE_GROUP = 'archive'

/** The boards whose ledgers are archived, those too that were deleted and are not archived to the end. */
export const ARCHIVED_KEY = 'sw:ledgers'

/** The workers that share the boards. */
export const WORKERS_KEY = 'sw:workers'

export { FUTURE_MS, MEMORY_MS } from '../leaderboard/identifiers.ts'

/**
 * The day that a moment's action records and refusals are kept under. What a day has goes when the day after it has
 * ended.
 */
export function recordDayAt (atMs: number): number {
  return Math.floor(atMs / DAY_MS)
}

/**
 * A stand-in of 16 characters for an action of a user. To make an action pass for another user's takes some 2^96 tries.
 */
export function actionDigest (userId: string, actionId: string): string {
  // Neither id can hold a NUL, so no two pairs give the same text.
  return shortHash(`${userId}\0${actionId}`, 96)
}

/**
 * What marks a catalogue's action in the record of an increment: four characters, since a record is kept for each of
 * them. Where two actions of a catalogue share a mark, what is lost is a warning: their action ids still count once.
 */
export function actionMark (action: string): string {
  return shortHash(action, 24)
}

/**
 * One of 65,536 slots a day: two characters of the digest and four bits of the third. Up to some five million actions
 * a day the slots stay within 128 fields and so in Redis' compact form; beyond that they go on working at about twice
 * the memory.
 */
function slotOf (digest: string): string {
  return digest.slice(0, 2) + (digest.charCodeAt(2) & 15).toString(16)
}

/**
 * The slot of a digest as a number below `SLOT_NUMBERS`, of which a quarter is in use: for whoever sorts a million of
 * them.
 */
export function slotNumberOf (digest: string): number {
  return digest.charCodeAt(0) << 11 | digest.charCodeAt(1) << 4 | digest.charCodeAt(2) & 15
}

export const SLOT_NUMBERS = 1 << 18
