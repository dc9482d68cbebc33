// A store on a test's Redis, closed when the test ends.
import type { Test } from 'tap'
import { systemClock } from '../../../src/app/system-clock.ts'
import { silent } from '../../../src/leaderboard/log.ts'
import { defaultBoards, parseBoards, type Board } from '../../../src/leaderboard/boards/board.ts'
import type { CatalogueAction } from '../../../src/leaderboard/boards/catalogue.ts'
import type { Increment } from '../../../src/leaderboard/scoring/increment.ts'
import { timeOfActionId } from '../../../src/leaderboard/identifiers.ts'
import { openStore, type Store, type StoreOptions } from '../../../src/redis/store.ts'
import { PATIENT } from './redis.ts'

export { silent }

/** A store on a test's Redis, closed when the test ends. */
export async function openTestStore (t: Test, url: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({
    url,
    log: silent,
    now: Date.now,
    clock: systemClock,
    timeoutMs: Number(PATIENT.REDIS_TIMEOUT_MS),
    ...options
  })
  t.teardown(() => store.close())
  return store
}

let boards = 0

/** A board that no other test has, with these rules. */
export function freshBoard (rules: object = {}): Board {
  const name = `${defaultBoards().default.name}-${process.pid}-${boards++}`
  const parsed = parseBoards({ boards: { [name]: { quota: { increments: 1_000_000, per_seconds: 3600 }, ...rules } } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards.default
}

let actions = 0

/** An increment as the routes would hand it to the store; every one is an action of its own unless it names one. */
export function increment (
  userId: string,
  points = 1,
  { actionId = `action-${actions++}`, username, action }: {
    actionId?: string,
    username?: string,
    action?: CatalogueAction | undefined
  } = {}
): Increment {
  return {
    userId,
    username,
    actionId,
    increment: points,
    action,
    madeMs: timeOfActionId(actionId),
    actor: userId,
    ip: '192.0.2.1',
    requestId: 'test'
  }
}
