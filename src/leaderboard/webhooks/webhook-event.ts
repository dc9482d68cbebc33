// The bodies of webhook deliveries.
import type { Board } from '../boards/board.ts'
import type { Top } from '../ranking/reads.ts'
import { closeOf } from '../boards/season.ts'
import type { DeliveryKind, NewDelivery } from './webhook.ts'
import type { Season } from '../boards/window.ts'
import { entryBody, resetBody } from '../ranking/wire.ts'
import { shortHash } from '../short-hash.ts'

/** As `GET top` gives it by default. */
const TOP_ROWS = 10

/** A user who gained points too fast. */
export interface Flag {
  /** The entry of the ledger that passed the rule. */
  readonly entry: string
  readonly userId: string
  readonly actionId: string
  readonly atMs: number
  readonly points: number
}

/** The top of a board as it is now. It is published where its entries differ from those published last. */
export function topChanged (
  board: Board,
  { epoch, version, readMs, resetsMs, entries }: Top
): NewDelivery & { readonly mark: { readonly value: string } } {
  const rows = entries.slice(0, TOP_ROWS).map(entryBody)
  const window = board.windows[0]!
  const value = digestOf(rows)
  const data = {
    board: board.name,
    window,
    epoch,
    version,
    generated_at: timeOf(readMs),
    ...resetBody(resetsMs),
    top_scores: rows
  }
  return {
    ...event('top.changed', [board.name, window, epoch, version, value], readMs, data),
    mark: { field: 'top', value },
    newest: true
  }
}

/** The mark of a board without entries: a webhook to which no top was published yet has this mark. */
export const EMPTY_TOP = digestOf([])

/** A season that is closed and has its archive. */
export function seasonClosed (
  board: Board,
  season: Season,
  { top, entries, digest }: { top: Top, entries: number, digest: string }
): NewDelivery {
  const closedMs = closeOf(season)
  const data = {
    board: board.name,
    season: season.name,
    window: `season:${season.name}`,
    start: season.start,
    end: season.end,
    closed_at: timeOf(closedMs),
    entries,
    archive: `/v1/boards/${board.name}/seasons/${season.name}/archive`,
    top_scores: top.entries.slice(0, TOP_ROWS).map(entryBody)
  }
  return {
    ...event('season.closed', [board.name, season.name, closedMs, digest], closedMs, data),
    mark: seasonMark(season)
  }
}

/** What is remembered of a season that was published. */
export function seasonMark (season: Season): { field: string, value: string } {
  return { field: `season ${season.name}`, value: String(closeOf(season)) }
}

export function userFlagged (board: Board, { entry, userId, actionId, atMs, points }: Flag): NewDelivery {
  const { velocity } = board
  const data = {
    board: board.name,
    user_id: userId,
    action_id: actionId,
    points,
    at: timeOf(atMs),
    ...(velocity && { rule: velocity })
  }
  return event('user.flagged', [board.name, entry, userId], atMs, data)
}

/** A delivery that says nothing but that deliveries arrive. */
export function webhookTest (
  board: string,
  webhook: string,
  { id, nowMs }: { id: string, nowMs: number }
): NewDelivery {
  return event('webhook.test', [board, webhook, id], nowMs, { board, webhook })
}

/**
 * An event has one id, whichever webhook and process it goes through, so that a receiver can tell what it has had
 * before.
 */
function event (kind: DeliveryKind, about: readonly unknown[], atMs: number, data: object): NewDelivery {
  return {
    id: `msg_${digestOf([kind, ...about])}`,
    kind,
    body: JSON.stringify({ type: kind, timestamp: timeOf(atMs), data })
  }
}

function digestOf (value: unknown): string {
  return shortHash(JSON.stringify(value), 132)
}

function timeOf (ms: number): string {
  return new Date(ms).toISOString()
}
