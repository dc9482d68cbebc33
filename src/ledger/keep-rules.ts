// A board that is made again is made after this look at it, so its own time is later.
import type { Log } from '../leaderboard/log.ts'
import type { BoardState } from '../leaderboard/boards/apply-board.ts'
import type { Boards } from '../leaderboard/boards/board.ts'
import { keepDeletion, keepRules } from './board-rules.ts'
import type { Database } from './database.ts'

const RETRY_MS = 1000
/** A board that is made again is made after this look at it, so its own time is later. */
const BEFORE_MS = 1000

interface RuleKeeperOptions {
  readonly boards: Boards
  readonly read: (name: string) => Promise<BoardState>
  readonly database: Database
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  readonly log: Log
}

/**
 * Takes note in the ledger of every board's rules and of each change of them, until it is stopped; what cannot be
 * written is tried again.
 * Returns the stop.
 */
export function startRuleKeeper ({ boards, read, database, now, log }: RuleKeeperOptions): () => Promise<void> {
  const due = new Set(boards.all.map(({ name }) => name))
  let timer: NodeJS.Timeout | undefined
  let keeping: Promise<void> | undefined
  let stopped = false

  async function keep (name: string): Promise<void> {
    const stored = await read(name)
    if (stored.state === 'deleted') await keepDeletion(database, name, (now() - BEFORE_MS) * 1000)
    if (stored.state !== 'there' || await keepRules(database, stored)) return
    log.warn(
      { board: name, rebuild: `scorewire rebuild --board ${name} --replace` },
      'the ledger knows a board with other rules and with events that Redis has lost'
    )
  }

  async function keepAll (): Promise<void> {
    try {
      for (const name of due) {
        if (stopped) return
        // Whoever changes it meanwhile makes it due again.
        due.delete(name)
        await keep(name).catch((error) => {
          due.add(name)
          throw error
        })
      }
    } catch (error) {
      log.debug({ err: error }, 'could not keep the rules of a board, trying again')
    }
  }

  function later (ms: number): void {
    if (stopped || due.size === 0 || keeping !== undefined || timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      keeping = keepAll().finally(() => {
        keeping = undefined
        later(RETRY_MS)
      })
    }, ms)
    timer.unref()
  }

  const unfollow = boards.onChange(({ before, after }) => {
    due.add((after ?? before)!.name)
    later(0)
  })
  later(0)
  return async () => {
    stopped = true
    unfollow()
    clearTimeout(timer)
    await keeping
  }
}
