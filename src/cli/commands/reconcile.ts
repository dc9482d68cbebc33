// `scorewire reconcile`: prints where Redis and the ledger differ, and repairs it.
import { reconcile as compare, type Drift } from '../../leaderboard/ledger/reconcile.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import { closedSeasons, keptWindows } from '../../leaderboard/boards/retention.ts'
import type { WindowName } from '../../leaderboard/boards/window.ts'
import type { LedgerBoard } from '../../ledger/board-rules.ts'
import { namesOfUsers, replayUsers } from '../../ledger/replay.ts'
import { openReconcile } from '../../redis/ledger/reconcile.ts'
import { misuse, readWords } from '../arguments.ts'
import type { Command, Process } from '../command.ts'
import { createProgress } from '../progress.ts'
import { boardsNamed, LEDGER_VARIABLES, withRunningLedger, type RunningLedger } from '../running-ledger.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire reconcile` is used. */
export const usage: Usage = {
  summary: 'print where Redis and the ledger differ, while the service goes on',
  forms: ['reconcile [--board NAME] [--apply] [--json]'],
  options: [
    ['--board NAME', 'this board alone (all boards of the ledger)'],
    ['--apply', 'repairs each difference: Redis gets what the ledger says'],
    ['--json', 'a JSON object a line for each difference']
  ],
  variables: LEDGER_VARIABLES,
  notes: ['Exits with 1 where a difference was not repaired.']
}

/** A window that ends within this time is not compared. */
const ENDING_MS = 60_000

/** Compares both, while the service goes on. The exit code is 1 where a difference was not repaired. */
export const reconcile: Command = async (words, { env, write, showProgress }) => {
  const { board: name, ...how } = parseWords(words)
  return await withRunningLedger(env, async (running) => {
    let left = 0
    for (const board of boardsNamed(running, name)) {
      left += await reconcileOne(running, board, { ...how, write, showProgress })
    }
    return left === 0 ? 0 : 1
  })
}

type Options = Pick<Process, 'write' | 'showProgress'> & { readonly apply: boolean, readonly json: boolean }

/** Compares a board, and repairs it where asked to. Returns how many differences are left. */
async function reconcileOne (
  running: RunningLedger,
  board: LedgerBoard,
  { apply, json, write, showProgress }: Options
): Promise<number> {
  const { history, sinceMicros } = board
  const { name } = history.board
  const { database, store, redisUrl, config } = running
  const range = { board: name, sinceMicros }
  const { store: compared, end } = await openReconcile({ url: redisUrl, timeoutMs: config.redisTimeoutMs, history })
  const progress = createProgress(showProgress, `users of ${name}`)
  try {
    await running.drain(board, store.now())
    const { users, drifts, left } = await compare({
      history,
      windows: windowsToCompare(history.board, store.now() + ENDING_MS),
      store: compared,
      ledger: {
        replay: running.ledgerOf(board).replay,
        async usersUpTo (userIds, at) {
          await running.drain(board, at.ms)
          return await replayUsers(database, range, { userIds, upTo: at })
        },
        namesOf: async (userIds) => await namesOfUsers(database, name, userIds)
      },
      apply,
      onDrift (drift, isRepaired) {
        progress.end()
        const line = json
          ? JSON.stringify({ board: name, ...body(drift), repaired: isRepaired })
          : `${sentence(name, drift)}${isRepaired ? ' (repaired)' : ''}`
        write(`${line}\n`)
      },
      onProgress: (users) => progress.show(users, undefined)
    })
    progress.end()
    const repaired = apply ? `, ${drifts - left} repaired` : ''
    const found = drifts === 0 ? 'nothing differs' : `${drifts} differences${repaired}`
    if (!json) write(`${name}: ${users.toLocaleString('en')} users compared, ${found}\n`)
    return left
  } finally {
    progress.end()
    end()
  }
}

function windowsToCompare (board: Board, atMs: number): WindowName[] {
  const { running, past } = keptWindows(board, atMs)
  return [...running, ...past, ...closedSeasons(board, atMs)].map(({ name }) => name)
}

function body ({ userId, what, window, segment, store, ledger }: Drift) {
  const place = { window: window ?? null, segment: segment ?? null }
  return { user_id: userId, what, ...place, redis: store ?? null, ledger: ledger ?? null }
}

const WORDS: Record<Drift['what'], string> = {
  score: 'score',
  hidden: 'hidden score',
  ban: 'ban',
  segments: 'segments',
  name: 'name'
}

function sentence (board: string, { userId, what, window, segment, store, ledger }: Drift): string {
  const where = window === undefined ? '' : ` in ${window}${segment === undefined ? '' : ` ${segment}`}`
  return `${board}  ${userId}  ${WORDS[what]}${where}: ${store ?? 'none'} in Redis, ${ledger ?? 'none'} in the ledger`
}

function parseWords (words: string[]) {
  const flag = { type: 'boolean', default: false } as const
  const { positionals, values } = readWords({
    args: words,
    allowPositionals: true,
    options: { board: { type: 'string' }, apply: flag, json: flag }
  }, usage)
  if (positionals.length > 0) throw misuse('a board is named by --board', usage)
  const { board, apply, json } = values
  return { board, apply, json }
}
