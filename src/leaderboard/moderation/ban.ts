import { Type, type Static } from 'typebox'
import { CHARACTER } from '../identifiers.ts'
import { Problem } from '../problem.ts'
import { isMoment, RFC_3339 } from '../boards/window.ts'

/** Why somebody moderates: for the ledger, and for who asks later. */
export const Reason = Type.String({ pattern: `^${CHARACTER}{1,500}$`, description: 'Kept in the ledger; 1 to 500 characters of printable Unicode' })

/** What a ban is asked to be. */
export const BanRequest = Type.Object({
  reason: Reason,
  until: Type.Optional(Type.String({ pattern: RFC_3339, description: 'When it ends by itself, RFC 3339, in the future; never where it is left out' })),
  shadow: Type.Optional(Type.Boolean({ description: 'The user goes on and sees the own score; nobody else does' }))
}, { additionalProperties: false })
export type BanRequest = Static<typeof BanRequest>

/** A ban as it is kept. */
export const Ban = Type.Object({
  reason: Type.String(),
  until_ms: Type.Optional(Type.Integer()),
  shadow: Type.Optional(Type.Boolean()),
  actor: Type.String(),
  since_ms: Type.Integer()
})
export type Ban = Readonly<Static<typeof Ban>>

/** A ban before it is in force. */
export type NewBan = Omit<Ban, 'since_ms'>

export interface BannedUser extends Ban {
  readonly userId: string
}

/** @throws Problem `invalid_request` for an end that is no moment, or has passed */
export function judgeBan ({ reason, until, shadow = false }: BanRequest, actor: string, nowMs: number): NewBan {
  const untilMs = until === undefined ? undefined : Date.parse(until)
  if (until !== undefined && !(isMoment(until) && Date.parse(until) > nowMs)) {
    const message = 'must be a moment in the future'
    throw new Problem('invalid_request', `The body is not well formed: /until ${message}.`, { errors: [{ path: '/until', message }] })
  }
  return { reason, ...(untilMs !== undefined && { until_ms: untilMs }), ...(shadow && { shadow }), actor }
}

export function isOver ({ until_ms: untilMs }: NewBan, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs
}
