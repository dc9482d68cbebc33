// An event of the ledger as the API and the audit show it.
import { Type, type Static } from 'typebox'
import { EventKind, type ScoreEvent } from './ledger.ts'

const Known = Type.Union([Type.String(), Type.Null()])

export const EventBody = Type.Object({
  at: Type.String({ description: 'RFC 3339 in UTC, by the clock of the score store' }),
  user_id: Type.String({ description: 'erased:… if the user was erased' }),
  action_id: Type.String(),
  kind: EventKind,
  delta: Type.Integer({
    description: 'Points gained or lost. The score itself for the kinds score and import, ' +
      'and for an adjust of a board that keeps the best or the latest score'
  }),
  score_after: Type.Integer({ description: "In the board's first window" }),
  actor: Type.Union([Type.String(), Type.Null()], { description: 'The user id of the token that asked for it' }),
  ip: Known,
  request_id: Known,
  action: Type.Union([Type.String(), Type.Null()], {
    description: "Action of the board's catalogue that gave the points"
  }),
  reason: Known,
  until: Known,
  season: Known,
  segments: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
  window: Type.Union([Type.String(), Type.Null()], {
    description: 'The window of an import; for an adjust or delete, the only window that it changed'
  }),
  hidden: Type.Boolean({ description: 'Whether the score was hidden from others because the user was banned' })
})
export type EventBody = Static<typeof EventBody>

/** An event as the API and the audit show it. */
export function eventBody (event: ScoreEvent): EventBody {
  return {
    at: new Date(event.ms).toISOString(),
    user_id: event.userId,
    action_id: event.actionId,
    kind: event.kind,
    delta: event.delta,
    score_after: event.scoreAfter,
    actor: event.actor,
    ip: event.ip,
    request_id: event.requestId,
    action: event.action,
    reason: event.reason,
    until: event.untilMs === null ? null : new Date(event.untilMs).toISOString(),
    season: event.season,
    segments: event.segments === null ? null : { ...event.segments },
    window: event.window,
    hidden: event.hidden
  }
}
