import { reconcile as compare, type Drift } from '../../leaderboard/ledger/reconcile.ts'
import { closedSeasons, keptWindows } from '../../leaderboard/boards/retention.ts'
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

/** Windows that end so soon are not looked at. */
const ENDING_MS = 60_000

/** `scorewire reconcile`: tells where Redis and the ledger differ, while the service goes on; exit code 1 where something differs that was not repaired. */
export const reconcile: Command = async (words, { env, write, showProgress }) => {
  const { board: name, ...how } = parseWords(words)
  return await withRunningLedger(env, async (running) => {
    let left = 0
    for (const board of boardsNamed(running, name)) left += await reconcileOne(running, board, { ...how, write, showProgress })
    return left === 0 ? 0 : 1
  })
}

type Options = Pick<Process, 'write' | 'showProgress'> & { readonly apply: boolean, readonly json: boolean }

async function reconcileOne (running: RunningLedger, board: LedgerBoard, { apply, json, write, showProgress }: Options): Promise<number> {
  const { history, sinceMicros } = board
  const { name } = history.board
  const { database, store } = running
  const range = { board: name, sinceMicros }
  const atMs = store.now() + ENDING_MS
  const kept = keptWindows(history.board, atMs)
  const { store: compared, end } = await openReconcile({ url: running.redisUrl, timeoutMs: running.config.redisTimeoutMs, history })
  const progress = createProgress(showProgress, `users of ${name}`)
  try {
    await running.drain(board, store.now())
    const { users, drifts, left } = await compare({
      history,
      windows: [...kept.running, ...kept.past, ...closedSeasons(history.board, atMs)].map((window) => window.name),
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
        write(json ? `${JSON.stringify({ board: name, ...body(drift), repaired: isRepaired })}\n` : `${sentence(name, drift)}${isRepaired ? ' (repaired)' : ''}\n`)
      },
      onProgress: (users) => progress.show(users, undefined)
    })
    progress.end()
    if (!json) write(`${name}: ${users.toLocaleString('en')} users compared, ${drifts === 0 ? 'nothing differs' : `${drifts} differences${apply ? `, ${drifts - left} repaired` : ''}`}\n`)
    return left
  } finally {
    progress.end()
    end()
  }
}

function body ({ userId, what, window = null, segment = null, store = null, ledger = null }: Drift | { [Key in keyof Drift]: Drift[Key] | null }) {
  return { user_id: userId, what, window, segment, redis: store, ledger }
}

const WORDS: Record<Drift['what'], string> = { score: 'score', hidden: 'score set hidden', ban: 'ban', segments: 'segments', name: 'name' }

function sentence (board: string, { userId, what, window, segment, store, ledger }: Drift): string {
  const where = window === undefined ? '' : ` in ${window}${segment === undefined ? '' : ` ${segment}`}`
  return `${board}  ${userId}  ${WORDS[what]}${where}: ${store ?? 'none'} in Redis, ${ledger ?? 'none'} in the ledger`
}

function parseWords (words: string[]) {
  const { positionals, values } = readWords({
    args: words, allowPositionals: true, options: { board: { type: 'string' }, apply: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } }
  }, usage)
  if (positionals.length > 0) throw misuse('a board is named by --board', usage)
  const { board, apply, json } = values
  return { board, apply, json }
}
