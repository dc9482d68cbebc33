// `scorewire rebuild`: makes boards anew in Redis from the ledger.
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

/** Makes boards anew while nodes run. Nodes refuse writes to a board while it is rebuilt. */
export const rebuild: Command = async (words, { env, write, showProgress }) => {
  const { board: name, replace } = parseWords(words)
  return await withRunningLedger(env, async (running) => {
    const boards = boardsNamed(running, name)
    const bans: Bans[] = []
    let refused = 0
    for (const board of boards) {
      try {
        const report = await rebuildOne(running, board, { which: replace ? 'any' : 'empty', showProgress })
        bans.push(report.allBoardsBans)
        write(sentence(board, report))
      } catch (error) {
        if (!(error instanceof RebuildRefusal)) throw error
        // The other boards can be rebuilt all the same.
        write(`${board.history.board.name}: ${WHY[error.why]}\n`)
        if (error.why !== 'nothing' || name !== undefined) refused++
      }
    }
    if (name === undefined && refused === 0) write(await restoreServiceBans(running, bans))
    return refused === 0 ? 0 : 1
  })
}

const WHY: Record<RebuildRefusal['why'], string> = {
  other: 'not rebuilt: another rebuild is running.',
  outdated: 'not rebuilt: its rules were changed at the same time. Try again.',
  scores: 'not rebuilt: it has scores in Redis. scorewire reconcile prints what differs; ' +
    'with --replace the scores of the ledger take their place.',
  lost: 'not rebuilt: it was opened, changed or deleted meanwhile, or Redis has lost some of it. ' +
    'Nothing has changed; try again.',
  written: 'not rebuilt: something was written to it meanwhile. Nothing has changed; try again.',
  nothing: 'nothing in the ledger.'
}

interface HowToRebuild {
  readonly which: 'empty' | 'any'
  readonly showProgress: Process['showProgress']
}
type TimedReport = RebuildReport & { readonly seconds: number }

async function rebuildOne (
  running: RunningLedger,
  board: LedgerBoard,
  { which, showProgress }: HowToRebuild
): Promise<TimedReport> {
  const { history } = board
  const begun = performance.now()
  await putRules(running.store, history.board)
  const rebuilding = await openRebuild({ url: running.redisUrl, timeoutMs: running.config.redisTimeoutMs })
  const progress = createProgress(showProgress, `events of ${history.board.name}`)
  try {
    const report = await rebuildBoard({
      history,
      which,
      close: rebuilding.close,
      ledger: running.ledgerOf(board),
      onProgress: progress.show
    })
    return { ...report, seconds: (performance.now() - begun) / 1000 }
  } finally {
    progress.end()
    rebuilding.end()
  }
}

function sentence ({ history: { board } }: LedgerBoard, { events, users, remembered, seconds }: TimedReport): string {
  const n = (count: number) => count.toLocaleString('en')
  const made = `${n(users)} users, ${n(remembered)} remembered actions`
  return `${board.name}: rebuilt from ${n(events)} events in ${seconds.toFixed(1)} s: ${made}\n`
}

type Bans = RebuildReport['allBoardsBans']

/**
 * Restores the bans from all boards, where Redis has lost them all. The ledger of each board has noted them; the latest
 * note on a user counts.
 */
async function restoreServiceBans ({ store }: RunningLedger, boards: readonly Bans[]): Promise<string> {
  const last = new Map<string, Bans extends ReadonlyMap<string, infer Note> ? Note : never>()
  for (const board of boards) {
    for (const [userId, note] of board) if ((last.get(userId)?.ms ?? -1) < note.ms) last.set(userId, note)
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
    args: words,
    allowPositionals: true,
    options: { board: { type: 'string' }, replace: { type: 'boolean', default: false } }
  }, usage)
  if (positionals.length > 0) throw misuse('a board is named by --board', usage)
  return { board, replace }
}
