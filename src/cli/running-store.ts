// The score store of a running service, as commands use it.
import { systemClock } from '../app/system-clock.ts'
import { silent } from '../leaderboard/log.ts'
import { readConfig } from '../config.ts'
import type { Board } from '../leaderboard/boards/rules.ts'
import { runningEmbeddedRedis } from '../redis/embedded.ts'
import { openStore, type Store } from '../redis/store.ts'
import type { Process } from './command.ts'
import type { Usage } from './usage.ts'

/** The variables that say where the store is. */
export const STORE_VARIABLES: Usage['variables'] = ['REDIS_URL', 'REDIS_TIMEOUT_MS', 'DATA_DIR']

/**
 * Lets `use` work with the store of a running service: the one at REDIS_URL, or the embedded one of DATA_DIR.
 * @throws Error when there is none
 */
export async function withRunningStore<T> (env: Process['env'], use: (store: Store) => Promise<T>): Promise<T> {
  const { redisUrl, redisTimeoutMs, dataDir } = readConfig({ ...env, BOARDS_FILE: undefined }, ['REDIS_URL'])
  const url = redisUrl ?? await runningEmbeddedRedis(dataDir)
  const store = await openStore({ url, timeoutMs: redisTimeoutMs, log: silent, now: Date.now, clock: systemClock })
  try {
    return await use(store)
  } finally {
    store.close()
  }
}

/** A board as the store has it. @throws Error when there is none of this name */
export async function storedBoard ({ boards }: Store, name: string): Promise<Board> {
  const stored = await boards.read(name)
  if (stored.state === 'there') return stored.board
  const names = [...(await boards.list()).keys()]
  const present = `there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ') || 'none yet'}`
  throw new Error(`There is no board called ${JSON.stringify(name)}; ${present}.`)
}
