// A board's catalogue of actions: what each gives, and how often a user may do it.
import { Type, type Static } from 'typebox'
import { ACTION_NAME } from '../identifiers.ts'
import { Problem } from '../problem.ts'

/** The periods of a limit, in ms. A period begins with the user's first use of the action, not with the calendar. */
export const PERIOD_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const Limit = Type.Object({
  max: Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'How often a user may do the action'
  }),
  per: Type.Enum(['second', 'minute', 'hour', 'day'], {
    description: "The period of the limit; it begins with the user's first use"
  })
}, { additionalProperties: false })

const CatalogueEntry = Type.Object({
  points: Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Points that the action gives; max_increment does not limit them'
  }),
  limit: Type.Optional(Limit)
}, { additionalProperties: false })

/** The actions of a board by name. */
export const Catalogue = Type.Record(Type.String({ pattern: ACTION_NAME }), CatalogueEntry, {
  maxProperties: 100,
  additionalProperties: false,
  default: {},
  description: 'Actions by name: what each gives, and how often a user may do it'
})

/** An action of a board's catalogue. */
export interface CatalogueAction extends Readonly<Static<typeof CatalogueEntry>> {
  readonly name: string
}

/** The action of this name in the board's catalogue. @throws Problem `unknown_action` */
export function catalogueAction (
  board: { readonly name: string, readonly actions: Static<typeof Catalogue> },
  name: string
): CatalogueAction {
  // An own property only: an action may be called `constructor`.
  const entry = Object.hasOwn(board.actions, name) ? board.actions[name] : undefined
  if (entry !== undefined) return { name, ...entry }
  throw new Problem('unknown_action', `The board ${board.name} has no action called ${JSON.stringify(name)}.`)
}
