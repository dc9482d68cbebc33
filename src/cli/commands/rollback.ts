// `scorewire rollback`: takes back what a user has gained since a time.
import { randomUUID } from 'node:crypto'
import { keptUntil } from '../../leaderboard/boards/board-history.ts'
import { planRollback, type RollbackStep } from '../../leaderboard/ledger/rollback.ts'
import type { LedgerBoard } from '../../ledger/board-rules.ts'
import { replayUsers } from '../../ledger/replay.ts'
import type { Store } from '../../redis/store.ts'
import { misuse, readWords } from '../arguments.ts'
import type { Command, Process } from '../command.ts'
import {
  boardsNamed,
  LEDGER_VARIABLES,
  storedRevision,
  withRunningLedger,
  type RunningLedger
} from '../running-ledger.ts'
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

/** Takes the gains back window by window, by events that stand in the ledger beside what they undo. */
export const rollback: Command = async (words, { env, write }) => {
  const asked = parseWords(words)
  return await withRunningLedger(env, async (running) => await rollbackUser(running, asked, write))
}

async function rollbackUser (running: RunningLedger, asked: Asked, write: Process['write']): Promise<number> {
  const { boardName, userId, since, isDry } = asked
  const { store } = running
  const { board, plan } = await planOf(running, asked)
  for (const window of plan.closed) write(`${window}: closed, it stays as it is\n`)
  const steps = plan.steps.filter(({ window }) => keptUntil(board.history, window, store.now()) !== undefined)
  if (steps.length === 0) {
    write(`Nothing to take back: ${userId} has no gains on ${boardName} since ${since}.\n`)
    return 0
  }
  for (const step of steps) write(`${isDry ? sentence(step, step.to) : await apply(store, board, { step, asked })}\n`)
  const done = `${plan.events} events of ${userId} on ${boardName} taken back.`
  write(
    isDry
      ? `Nothing was done: this was a dry run. ${plan.events} events would be taken back.\n`
      : `${done} They stay in the ledger, and so do their receipts.\n`
  )
  return 0
}

/** What has to be taken back, by a ledger that holds everything up to now. */
async function planOf (
  running: RunningLedger,
  { boardName, userId, sinceMs }: Asked
): Promise<{ board: LedgerBoard, plan: ReturnType<typeof planRollback> }> {
  const { store, database } = running
  const board = boardsNamed(running, boardName)[0]!
  const { history, sinceMicros } = board
  if (await storedRevision(store, boardName) !== history.board.revision) {
    const what = `Redis has no board ${boardName}, or one with other rules than the ledger`
    throw new Error(`${what}: run scorewire rebuild first.`)
  }
  await running.drain(board, store.now())
  const upTo = { ms: store.now(), seq: Number.MAX_SAFE_INTEGER }
  const [user] = await replayUsers(database, { board: boardName, sinceMicros }, { userIds: [userId], upTo })
  if (user!.events.length === 0) {
    throw new Error(`The ledger of the board ${boardName} knows no user ${JSON.stringify(userId)}.`)
  }
  return { board, plan: planRollback(history, { ...user!, sinceMs, atMs: store.now() }) }
}

/** Takes back the gains in one window. Returns what became of them. */
async function apply (
  store: Store,
  { history }: LedgerBoard,
  { step, asked }: { step: RollbackStep, asked: Asked }
): Promise<string> {
  const { boardName, userId, since, reason } = asked
  const { result, score } = await store.applyRollback(history.board, {
    userId,
    actionId: '',
    actor: 'scorewire rollback',
    ip: 'local',
    requestId: randomUUID(),
    reason: reason ?? `rolled back to ${since}`
  }, step)
  if (result === 'outdated') {
    const why = `The rules of the board ${boardName} were changed, or it is being rebuilt`
    throw new Error(`${why}: what is above is done. Run the same again.`)
  }
  if (result === 'applied') return sentence(step, score)
  const remark = result === 'replayed' ? 'was done before' : 'not in Redis: run scorewire reconcile'
  return `${sentence(step, step.to)} (${remark})`
}

function sentence ({ window, from }: RollbackStep, to: number | undefined): string {
  return `${window}: ${from} -> ${to === undefined || to === 0 ? 'none' : to}`
}

type Asked = ReturnType<typeof parseWords>

function parseWords (words: string[]) {
  const text = { type: 'string' } as const
  const { positionals, values } = readWords({
    args: words,
    allowPositionals: true,
    options: { board: text, user: text, since: text, reason: text, 'dry-run': { type: 'boolean', default: false } }
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
