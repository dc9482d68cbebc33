import { Type, type Static } from 'typebox'
import type { RankedEntry } from './order-entries.ts'
import type { AmongEntry } from './reads.ts'

/** One row of a board as the API and the live messages show it. */
export const EntryBody = Type.Object({
  rank: Type.Integer({ minimum: 1 }),
  user_id: Type.String(),
  username: Type.String(),
  score: Type.Integer({ minimum: 0 })
})
export type EntryBody = Static<typeof EntryBody>

/** When the running window ends, for windows that do. */
export function resetBody (resetsMs: number | undefined): { resets_at?: string } {
  return resetsMs === undefined ? {} : { resets_at: new Date(resetsMs).toISOString() }
}

export function entryBody ({ rank, userId, username, score }: RankedEntry): EntryBody {
  return { rank, user_id: userId, username, score }
}

/** A row of some users of a board. */
export const AmongBody = Type.Object({
  ...EntryBody.properties,
  rank_among: Type.Integer({ description: 'The rank among the users asked for; equals share it' })
})
export type AmongBody = Static<typeof AmongBody>

export function amongBody (entry: AmongEntry): AmongBody {
  return { ...entryBody(entry), rank_among: entry.rankAmong }
}
