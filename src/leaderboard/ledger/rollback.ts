import type { BoardHistory } from '../boards/board-history.ts'
import type { ScoreEvent } from './ledger.ts'
import type { Act } from '../moderation/moderation.ts'
import type { Board } from '../boards/board.ts'
import { foldUser } from './rebuild.ts'
import type { WindowName } from '../boards/window.ts'
import { shortHash } from '../short-hash.ts'

/** What takes back a user's gains in one window. */
export interface RollbackStep {
  readonly window: WindowName
  /** '-' and '+' by the amount, '=' to it, 'x' out of the window. */
  readonly change: '+' | '-' | '=' | 'x'
  readonly amount: number
  /** The score as the ledger has it, and as it would be without those events; undefined for none. */
  readonly from: number
  readonly to: number | undefined
  /** The same for the same events, so that it counts once. */
  readonly actionId: string
}

interface RollbackPlan {
  /** Events that are taken back. */
  readonly events: number
  readonly steps: readonly RollbackStep[]
  /** Windows that have changed since, and are closed: their results stand. */
  readonly closed: readonly WindowName[]
}

/** Keeps one step: exactly once. @throws Problem `unavailable`, `outcome_unknown` */
export type ApplyRollback = (board: Board, act: Act, step: RollbackStep) => Promise<{ readonly result: 'applied' | 'replayed' | 'none' | 'outdated', readonly score: number }>

const SCORING: ReadonlySet<ScoreEvent['kind']> = new Set(['increment', 'score', 'adjust', 'import'])
const isScoring = ({ kind, window }: ScoreEvent) => SCORING.has(kind) || (kind === 'delete' && window !== null)

/**
 * What it takes to undo all that has changed a user's scores since a moment, in each window that is open: bans, removals and segments stay
 * as they are. On boards that add points it is by difference, so what the user gains meanwhile is not lost; on others the score becomes
 * the best, or the latest, of those that are left.
 */
export function planRollback (history: BoardHistory, { userId, events, sinceMs, atMs }: { userId: string, events: readonly ScoreEvent[], sinceMs: number, atMs: number }): RollbackPlan {
  const undone = events.filter((event) => event.ms >= sinceMs && isScoring(event))
  const now = foldUser(history, { userId, events })
  const left = foldUser(history, { userId, events: events.filter((event) => !undone.includes(event)) })
  const period = history.at(atMs)
  const last = undone.at(-1)
  const steps: RollbackStep[] = []
  const closed: WindowName[] = []
  const isSum = history.board.operator === 'increment'
  for (const [window, { score: from }] of [...now.visible, ...now.hidden]) {
    const to = (left.visible.get(window) ?? left.hidden.get(window))?.score
    if (to === from) continue
    if (!period.isOpen(window, atMs)) {
      closed.push(window)
      continue
    }
    const change = isSum ? ((to ?? 0) < from ? '-' : '+') : to === undefined ? 'x' : '='
    const amount = isSum ? Math.abs((to ?? 0) - from) : to ?? 0
    const content = [history.board.name, userId, sinceMs, window, last?.ms, last?.seq].join('\0')
    steps.push({ window, change, amount, from, to, actionId: `rollback:${shortHash(content, 132)}` })
  }
  return { events: undone.length, steps, closed }
}
