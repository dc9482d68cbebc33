// Entries of a board as the API and the live messages show them.
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

/** The field `resets_at`: when the running window ends, RFC 3339 in UTC. Empty for a window that does not end. */
export function resetBody (resetsMs: number | undefined): { resets_at?: string } {
  return resetsMs === undefined ? {} : { resets_at: new Date(resetsMs).toISOString() }
}

/** An entry as the API and the live messages show it. */
export function entryBody ({ rank, userId, username, score }: RankedEntry): EntryBody {
  return { rank, user_id: userId, username, score }
}

/** An entry of a group, with the rank within the group. */
export const GroupEntryBody = Type.Object({
  ...EntryBody.properties,
  group_rank: Type.Integer({ description: 'The rank within the group; users with equal scores share it' })
})
export type GroupEntryBody = Static<typeof GroupEntryBody>

/** An entry of a group as the API shows it. */
export function groupEntryBody (entry: GroupEntry): GroupEntryBody {
  return { ...entryBody(entry), group_rank: entry.groupRank }
}
