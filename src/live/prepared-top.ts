// One version of a top as the messages that show it.
import type { RankedEntry } from '../leaderboard/ranking/order-entries.ts'
import type { Top } from '../leaderboard/ranking/reads.ts'
import { entryBody, resetBody } from '../leaderboard/ranking/wire.ts'
import { Frame } from './frame.ts'
import type { Heading } from './messages.ts'

/** How many entries a live message shows. */
export const LIVE_ROWS = 10

/** One version of a top, ready to be sent. The first message to a client is a snapshot, those after it are updates. */
export interface PreparedTop {
  /** What a server-sent stream is resumed by. */
  readonly id: string
  readonly snapshot: Frame
  readonly update: Frame
  /** Says that this version is still the newest. */
  readonly heartbeat: Frame
  /** Says that it may no longer be the newest. */
  readonly stale: Frame
}

export function prepareTop (heading: Heading, { epoch, version, readMs, resetsMs, entries }: Top): PreparedTop {
  const id = `${epoch}-${version}`
  const state = { ...heading, epoch, version }
  const rows = entries.slice(0, LIVE_ROWS).map(entryBody)
  const content = { ...state, ts: new Date(readMs).toISOString(), ...resetBody(resetsMs), top_scores: rows }
  return {
    id,
    snapshot: new Frame({ event: 'snapshot', ...content }, id),
    update: new Frame({ event: 'update', ...content }, id),
    heartbeat: new Frame({ event: 'heartbeat', ...state }),
    stale: new Frame({ event: 'stale', ...state })
  }
}

/** Whether two states of a board show the same rows. */
export function looksTheSame (before: readonly RankedEntry[], now: readonly RankedEntry[]): boolean {
  for (let row = 0; row < LIVE_ROWS; row++) {
    const was = before[row]
    const is = now[row]
    if (was?.userId !== is?.userId || was?.score !== is?.score || was?.username !== is?.username) return false
  }
  return true
}
