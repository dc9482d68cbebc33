import { Type, type Static } from 'typebox'
import type { RankedEntry } from './order-entries.ts'
import type { GroupEntry } from './reads.ts'

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
export const GroupEntryBody = Type.Object({
  ...EntryBody.properties,
  group_rank: Type.Integer({ description: 'The rank among the users asked for; equals share it' })
})
export type GroupEntryBody = Static<typeof GroupEntryBody>

export function groupEntryBody (entry: GroupEntry): GroupEntryBody {
  return { ...entryBody(entry), group_rank: entry.groupRank }
}
