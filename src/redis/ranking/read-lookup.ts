// Reads some users of a ranking with their rank in it and among each other.
import { Type } from 'typebox'
import { groupRank } from '../../leaderboard/ranking/order-entries.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { windowNameAt } from '../../leaderboard/boards/window.ts'
import { boardKeys } from '../keys.ts'
import { shown } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Array(Type.String())

/** On a board of a million, 500 users at once took Redis 3 ms, in which it does nothing else, and 200 take 1.2 ms. */
const MAX_USERS_PER_CALL = 200

/**
 * Looks users up in calls of at most 200, one after the other: each is atomic by itself, and a write may come between
 * two of them.
 */
export function createReadLookup ({ redis, clock, directory }: ScriptContext): Reads['lookup'] {
  const script = bindScript(redis, 'ranking/read-lookup', { reply: Reply, directory })
  return async (board, { window: asked, segment }, userIds) => {
    const names = boardKeys(board.name)
    // One window for all calls, whatever the hour.
    const window = windowNameAt(asked, board, clock.now())
    const keys = [names.scores(window, segment), names.head(window, segment), names.names]
    const found = []
    // Not all at once: Redis would take what has arrived on one connection before it hears anybody else.
    for (const some of callsFor(userIds)) found.push(...usersOf(some, await script(keys, [JSON.stringify(some)])))
    return shown(board, groupRank(found))
  }
}

function callsFor (userIds: readonly string[]): readonly string[][] {
  return Array.from(
    { length: Math.ceil(userIds.length / MAX_USERS_PER_CALL) },
    (_, call) => userIds.slice(call * MAX_USERS_PER_CALL, (call + 1) * MAX_USERS_PER_CALL)
  )
}

/** Turns the script's cells {score, higher, sequence, name, …} into users; those without a score are left out. */
function usersOf (userIds: readonly string[], cells: readonly string[]): Parameters<typeof groupRank>[0] {
  return userIds.flatMap((userId, n) => {
    const [score, higher, sequence, name] = cells.slice(4 * n, 4 * n + 4) as [string, string, string, string]
    if (score === '') return []
    return [{
      rank: Number(higher) + 1,
      userId,
      username: name || userId,
      score: Number(score),
      sequence: sequence === '' ? undefined : Number(sequence)
    }]
  })
}
