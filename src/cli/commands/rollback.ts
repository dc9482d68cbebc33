import { randomUUID } from 'node:crypto'
import { keptUntil } from '../../leaderboard/boards/board-history.ts'
import { planRollback, type RollbackStep } from '../../leaderboard/ledger/rollback.ts'
import { replayUsers } from '../../ledger/replay.ts'
import { misuse, readWords } from '../arguments.ts'
import type { Command } from '../command.ts'
import { boardsNamed, LEDGER_VARIABLES, storedRevision, withRunningLedger } from '../running-ledger.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire rollback` is used. */
export const usage: Usage = {
  summary: 'take back what a user has gained since a time, window by window',
  forms: ['rollback --board NAME --user ID --since TIME [--reason TEXT] [--dry-run]'],
  options: [
    ['--board NAME', 'the board'],
    ['--user ID', 'the user'],
    ['--since TIME', 'such as 2026-11-21 or 2026-11-21T12:00:00Z'],
    ['--reason TEXT', 'stands in the ledger, at most 500 characters ("rolled back to TIME")'],
    ['--dry-run', 'prints what would be taken back, and changes nothing']
  ],
  variables: LEDGER_VARIABLES
}

/** `scorewire rollback`: takes back what a user has gained since a moment, window by window, by events that stand in the ledger beside what they undo. */
export const rollback: Command = async (words, { env, write }) => {
  const { boardName, userId, sinceMs, since, reason, isDry } = parseWords(words)
  return await withRunningLedger(env, async (running) => {
    const [board] = boardsNamed(running, boardName)
    const { history, sinceMicros } = board!
    const { store, database } = running
    if (await storedRevision(store, boardName) !== history.board.revision) throw new Error(`Redis has no board ${boardName}, or one with other rules than the ledger: run scorewire rebuild first.`)
    await running.drain(board!, store.now())
    const upTo = { ms: store.now(), seq: Number.MAX_SAFE_INTEGER }
    const [user] = await replayUsers(database, { board: boardName, sinceMicros }, { userIds: [userId], upTo })
    if (user!.events.length === 0) throw new Error(`The ledger of the board ${boardName} knows no user ${JSON.stringify(userId)}.`)
    const plan = planRollback(history, { ...user!, sinceMs, atMs: store.now() })
    for (const window of plan.closed) write(`${window}: closed, it stays as it is\n`)
    const steps = plan.steps.filter(({ window }) => keptUntil(history, window, store.now()) !== undefined)
    if (steps.length === 0) {
      write(`Nothing to take back: ${userId} has no gains on ${boardName} since ${since}.\n`)
      return 0
    }
    const act = { userId, actionId: '', actor: 'scorewire rollback', ip: 'local', requestId: randomUUID(), reason: reason ?? `rolled back to ${since}` }
    for (const step of steps) {
      if (isDry) write(`${sentence(step, step.to)}\n`)
      else {
        const { result, score } = await store.rollback(history.board, act, step)
        if (result === 'outdated') throw new Error(`The rules of the board ${boardName} were changed, or it is being rebuilt: what is above is done. Run the same again.`)
        write(`${sentence(step, result === 'applied' ? score : step.to)}${result === 'applied' ? '' : result === 'replayed' ? ' (was done before)' : ' (not in Redis: run scorewire reconcile)'}\n`)
      }
    }
    write(isDry ? `Nothing was done: this was a dry run. ${plan.events} events would be taken back.\n` : `${plan.events} events of ${userId} on ${boardName} taken back. They stay in the ledger, and so do their receipts.\n`)
    return 0
  })
}

function sentence ({ window, from }: RollbackStep, to: number | undefined): string {
  return `${window}: ${from} -> ${to === undefined || to === 0 ? 'none' : to}`
}

function parseWords (words: string[]) {
  const text = { type: 'string' } as const
  const { positionals, values } = readWords({
    args: words, allowPositionals: true, options: { board: text, user: text, since: text, reason: text, 'dry-run': { type: 'boolean', default: false } }
  }, usage)
  const { board, user, since, reason } = values
  if (positionals.length > 0 || board === undefined || user === undefined || since === undefined) {
    throw misuse('a rollback names a board, a user and a time', usage)
  }
  const sinceMs = Date.parse(since)
  if (!(sinceMs >= 0)) throw misuse(`--since ${since} is not a time such as 2026-11-21T12:00:00Z or 2026-11-21`, usage)
  if (reason !== undefined && !/^[^\p{C}]{1,500}$/u.test(reason)) {
    throw misuse('--reason is 1 to 500 characters of printable Unicode', usage)
  }
  return { boardName: board, userId: user, since, sinceMs, reason, isDry: values['dry-run'] }
}
