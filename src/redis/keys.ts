import { hash } from 'node:crypto'
import { DAY_MS } from '../leaderboard/window.ts'

/** Every key of a board, and the channel of its hints. They share a hash tag, so that one script may touch them all. */
export interface BoardKeys {
  readonly meta: string
  readonly gate: string
  readonly names: string
  readonly ledger: string
  readonly hints: string
  scores (window: string): string
  head (window: string): string
  quota (userId: string): string
  /** The slot for an action's digest among those of one day, counted from 1970 in UTC. */
  seen (day: number, digest: string): string
}

export function boardKeys (board: string): BoardKeys {
  const tag = `sw:{${board}}:`
  return {
    meta: `${tag}meta`,
    gate: `${tag}gate`,
    names: `${tag}user`,
    ledger: `${tag}ledger`,
    hints: `${tag}hints`,
    scores: (window) => `${tag}z:${window}`,
    head: (window) => `${tag}head:${window}`,
    quota: (userId) => `${tag}quota:${userId}`,
    seen: (day, digest) => `${tag}seen:${day}:${slotOf(digest)}`
  }
}

/** How long an action is remembered at least. */
export const MEMORY_MS = DAY_MS

/** The day that a moment's seen actions are kept under. A day's slots go when the day after it has ended. */
export function seenDayAt (atMs: number): number {
  return Math.floor(atMs / DAY_MS)
}

const DIGEST_BYTES = 16

/**
 * A fixed-length stand-in for an action of a user: 112 bits of SHA-256 as 16 characters of 7 bits,
 * so that it travels to Redis as plain text and takes 16 bytes there.
 */
export function actionDigest (userId: string, actionId: string): string {
  // Neither id can hold a NUL, so no two pairs give the same text.
  return hash('sha256', `${userId}\0${actionId}`, 'buffer').toString('ascii', 0, DIGEST_BYTES)
}

/**
 * One of 65,536 slots a day. Up to some six million actions a day the slots stay within 128 fields and so
 * in Redis' compact form; beyond that they go on working and cost about twice the memory.
 */
function slotOf (digest: string): string {
  return (digest.charCodeAt(0) << 9 | digest.charCodeAt(1) << 2 | digest.charCodeAt(2) >> 5).toString(36)
}
