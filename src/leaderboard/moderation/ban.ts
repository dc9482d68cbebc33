// Bans: what a request says, what is stored, and when a ban ends.
import { Type, type Static } from 'typebox'
import { CHARACTER } from '../identifiers.ts'
import { Problem } from '../problem.ts'
import { isMoment, RFC_3339 } from '../boards/window.ts'

/** The reason of an act of moderation, which the ledger keeps. */
export const Reason = Type.String({
  pattern: `^${CHARACTER}{1,500}$`,
  description: 'Kept in the ledger; 1 to 500 characters of printable Unicode'
})

/** A request for a ban. */
export const BanRequest = Type.Object({
  reason: Reason,
  until: Type.Optional(Type.String({
    pattern: RFC_3339,
    description: 'When the ban ends, RFC 3339, in the future. Without it the ban does not end'
  })),
  shadow: Type.Optional(Type.Boolean({
    description: 'The user continues to see the own score; it is hidden from others'
  }))
}, { additionalProperties: false })
export type BanRequest = Static<typeof BanRequest>

/** A ban as it is stored. */
export const Ban = Type.Object({
  reason: Type.String(),
  until_ms: Type.Optional(Type.Integer()),
  shadow: Type.Optional(Type.Boolean()),
  actor: Type.String(),
  since_ms: Type.Integer()
})
export type Ban = Readonly<Static<typeof Ban>>

/** A ban before the store applies it. */
export type NewBan = Omit<Ban, 'since_ms'>

export interface BannedUser extends Ban {
  readonly userId: string
}

/** Turns a request into a ban. @throws Problem `invalid_request` for an end that is no date or has passed */
export function judgeBan ({ reason, until, shadow = false }: BanRequest, actor: string, nowMs: number): NewBan {
  const untilMs = until === undefined ? undefined : Date.parse(until)
  if (until !== undefined && !(isMoment(until) && Date.parse(until) > nowMs)) {
    const message = 'must be a moment in the future'
    throw new Problem('invalid_request', `The body is not well formed: /until ${message}.`, {
      errors: [{ path: '/until', message }]
    })
  }
  return { reason, ...(untilMs !== undefined && { until_ms: untilMs }), ...(shadow && { shadow }), actor }
}

/** Whether a ban has ended. */
export function isOver ({ until_ms: untilMs }: NewBan, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs
}
