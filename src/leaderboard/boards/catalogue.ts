import { Type, type Static } from 'typebox'
import { ACTION_NAME } from '../identifiers.ts'
import { Problem } from '../problem.ts'

/** The periods of a limit. Each begins with a user's first use of the action and not with the calendar, as the quota's does. */
export const PERIOD_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const Limit = Type.Object({
  max: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Times that a user may do it' }),
  per: Type.Enum(['second', 'minute', 'hour', 'day'], { description: 'in a period that begins with the first of them' })
}, { additionalProperties: false })

const CatalogueEntry = Type.Object({
  points: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'What the action gives, whatever max_increment says' }),
  limit: Type.Optional(Limit)
}, { additionalProperties: false })

/** The actions that a board knows by name. */
export const Catalogue = Type.Record(Type.String({ pattern: ACTION_NAME }), CatalogueEntry, {
  maxProperties: 100, additionalProperties: false, default: {}, description: 'Actions by name: what each gives, and how often a user may do it'
})

/** An action of a board's catalogue. */
export interface CatalogueAction extends Readonly<Static<typeof CatalogueEntry>> {
  readonly name: string
}

/** @throws Problem `unknown_action` */
export function catalogueAction (board: { readonly name: string, readonly actions: Static<typeof Catalogue> }, name: string): CatalogueAction {
  // `constructor` is a name that an action may have.
  const entry = Object.hasOwn(board.actions, name) ? board.actions[name] : undefined
  if (entry === undefined) throw new Problem('unknown_action', `The board ${board.name} has no action called ${JSON.stringify(name)}.`)
  return { name, ...entry }
}
