// Deletes a board: ends it in one step, then removes its keys in many small ones.
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import { DAY_MS } from '../../leaderboard/boards/window.ts'
import { boardKeys, boardPattern } from '../keys.ts'
import { bindScript } from '../scripts.ts'

/** How long nodes that come late are told that a board was deleted. */
const TOMBSTONE_MS = DAY_MS

/** Keys looked at, and removed, in one step: about a millisecond of Redis. */
const STEP_KEYS = 500

interface DeleteBoardOptions {
  readonly reader: Redis
  readonly writer: Redis
  readonly directory?: URL | undefined
}

/**
 * Deletes a board: `end` at once and for every node, and `sweep` what it has left, in steps. Each may be done again.
 */
export function createDeleteBoard ({ reader, writer, directory }: DeleteBoardOptions) {
  const end = bindScript(writer, 'boards/delete-board', {
    reply: Type.Enum(['deleting', 'deleted', 'unknown']),
    directory
  })
  const step = bindScript(writer, 'boards/purge-board', {
    reply: Type.Enum(['deleting', 'deleted', 'ended']),
    directory
  })
  return {
    end: async (name: string) => await end([boardKeys(name).rules, boardKeys(name).meta], [TOMBSTONE_MS]),
    async sweep (name: string): Promise<void> {
      const { meta, ledger, deadLetters, archiver } = boardKeys(name)
      // What is not archived yet outlives the board; and what could not be archived is for an operator to look at.
      const kept = new Set([meta, ledger, deadLetters, archiver])
      let cursor = '0'
      do {
        const [next, found] = await reader.scan(cursor, 'MATCH', boardPattern(name), 'COUNT', STEP_KEYS)
        const keys = found.filter((key) => !kept.has(key))
        for (let n = 0; n < keys.length; n += STEP_KEYS) {
          if (await step([meta, ledger, ...keys.slice(n, n + STEP_KEYS)], []) === 'ended') return
        }
        cursor = next
      } while (cursor !== '0')
      await step([meta, ledger], [])
    }
  }
}
