import { rebuildBoard, RebuildRefusal, type RebuildReport } from '../../leaderboard/ledger/rebuild.ts'
import type { LedgerBoard } from '../../ledger/board-rules.ts'
import { openRebuild } from '../../redis/ledger/rebuild.ts'
import { misuse, readWords } from '../arguments.ts'
import type { Command, Process } from '../command.ts'
import { createProgress } from '../progress.ts'
import { boardsNamed, LEDGER_VARIABLES, putRules, withRunningLedger, type RunningLedger } from '../running-ledger.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire rebuild` is used. */
export const usage: Usage = {
  summary: 'make boards anew in Redis from the ledger, while nodes run',
  forms: ['rebuild [--board NAME] [--replace]'],
  options: [
    ['--board NAME', 'this board alone (all boards of the ledger)'],
    ['--replace', 'also a board that has scores in Redis: what the ledger says takes their place']
  ],
  variables: LEDGER_VARIABLES,
  notes: ['Nodes refuse writes to a board while it is rebuilt. Exits with 1 where a board was not rebuilt.']
}

/** `scorewire rebuild`: makes boards anew in Redis from the ledger, while nodes are running: their writes are refused for so long. */
export const rebuild: Command = async (words, { env, write, showProgress }) => {
  const { board: name, replace } = parseWords(words)
  return await withRunningLedger(env, async (running) => {
    const boards = boardsNamed(running, name)
    const bans: RebuildReport['allBoardsBans'][] = []
    let refused = 0
    for (const board of boards) {
      try {
        const report = await rebuildOne(running, board, { which: replace ? 'any' : 'empty', showProgress })
        bans.push(report.allBoardsBans)
        write(sentence(board, report))
      } catch (error) {
        if (!(error instanceof RebuildRefusal)) throw error
        // The others are no worse for it.
        write(`${board.history.board.name}: ${WHY[error.why]}\n`)
        if (error.why !== 'nothing' || name !== undefined) refused++
      }
    }
    if (name === undefined && refused === 0) write(await restoreServiceBans(running, bans))
    return refused === 0 ? 0 : 1
  })
}

const WHY: Record<RebuildRefusal['why'], string> = {
  other: 'not rebuilt: another rebuild is at it.',
  rules: 'not rebuilt: its rules were changed at the same time. Try again.',
  scores: 'not rebuilt: it has scores in Redis. Look with scorewire reconcile what differs; with --replace they go, and what the ledger says takes their place.',
  lost: 'not rebuilt: it was opened, changed or deleted meanwhile, or Redis has lost some of it. Nothing has changed; try again.',
  written: 'not rebuilt: something was written to it meanwhile. Nothing has changed; try again.',
  nothing: 'nothing in the ledger.'
}

async function rebuildOne (
  running: RunningLedger, board: LedgerBoard, { which, showProgress }: { which: 'empty' | 'any', showProgress: Process['showProgress'] }
): Promise<RebuildReport & { seconds: number }> {
  const { history } = board
  const begun = performance.now()
  await putRules(running.store, history.board)
  const rebuilding = await openRebuild({ url: running.redisUrl, timeoutMs: running.config.redisTimeoutMs })
  const progress = createProgress(showProgress, `events of ${history.board.name}`)
  try {
    const report = await rebuildBoard({ history, which, close: rebuilding.close, ledger: running.ledgerOf(board), onProgress: progress.show })
    return { ...report, seconds: (performance.now() - begun) / 1000 }
  } finally {
    progress.end()
    rebuilding.end()
  }
}

function sentence ({ history: { board } }: LedgerBoard, { events, users, remembered, seconds }: RebuildReport & { seconds: number }): string {
  const n = (count: number) => count.toLocaleString('en')
  return `${board.name}: rebuilt from ${n(events)} events in ${seconds.toFixed(1)} s: ${n(users)} users, ${n(remembered)} remembered actions\n`
}

/** Bans from all boards are told by the boards' ledgers: the last word of any counts. They are put back where Redis has lost them all. */
async function restoreServiceBans ({ store }: RunningLedger, boards: readonly RebuildReport['allBoardsBans'][]): Promise<string> {
  const last = new Map<string, RebuildReport['allBoardsBans'] extends ReadonlyMap<string, infer Word> ? Word : never>()
  for (const board of boards) {
    for (const [userId, word] of board) if ((last.get(userId)?.ms ?? -1) < word.ms) last.set(userId, word)
  }
  const bans = [...last].flatMap(([userId, { ban }]) => ban === undefined ? [] : [{ userId, ban }])
  if (bans.length === 0) return ''
  const { bans: present } = await store.readBans.page(undefined, undefined)
  if (present.length > 0) return ''
  for (const { userId, ban } of bans) await store.serviceBans.put(userId, ban)
  return `${bans.length} bans from all boards restored\n`
}

function parseWords (words: string[]) {
  const { positionals, values: { board, replace } } = readWords({
    args: words, allowPositionals: true, options: { board: { type: 'string' }, replace: { type: 'boolean', default: false } }
  }, usage)
  if (positionals.length > 0) throw misuse('a board is named by --board', usage)
  return { board, replace }
}
