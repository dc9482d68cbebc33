// Stored groups of users.
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import type { Groups } from '../../leaderboard/ranking/group.ts'
import { callWrite, SEND_AGAIN } from '../connection.ts'
import { groupKey } from '../keys.ts'
import { checker } from '../../leaderboard/schema.ts'

const Stored = Type.Array(Type.String())
const isStored = checker(Stored)

/**
 * Groups as one JSON text each: a SET replaces the whole of it at once, and depends on nothing that was there before,
 * so that neither a script is needed nor harm done where a lost connection has it sent again.
 */
export function createGroups ({ reader, writer }: { reader: Redis, writer: Redis }): Groups {
  return {
    async store (group, userIds) {
      await callWrite(writer, async () => await writer.set(groupKey(group), JSON.stringify(userIds)), SEND_AGAIN)
    },
    async read (group) {
      const text = await reader.get(groupKey(group))
      if (text === null) return undefined
      const userIds: unknown = JSON.parse(text)
      if (!isStored(userIds)) throw new Error(`${groupKey(group)} holds something else than a list of users`)
      return userIds
    },
    async remove (group) {
      await callWrite(writer, async () => await writer.unlink(groupKey(group)), SEND_AGAIN)
    }
  }
}
