// Plans a rollback: what takes back a user's score changes since a moment.
import type { BoardHistory } from '../boards/board-history.ts'
import type { ScoreEvent } from './ledger.ts'
import type { Act } from '../moderation/moderation.ts'
import type { Board } from '../boards/board.ts'
import { foldUser } from './rebuild.ts'
import type { WindowName } from '../boards/window.ts'
import { shortHash } from '../short-hash.ts'

/** One correction that takes back a user's gains in one window. */
export interface RollbackStep {
  readonly window: WindowName
  /** '-' and '+' change the score by the amount, '=' sets it to the amount, 'x' removes the user from the window. */
  readonly change: '+' | '-' | '=' | 'x'
  readonly amount: number
  /** The score by the ledger. */
  readonly from: number
  /** The score without the events that are taken back; undefined if there is none. */
  readonly to: number | undefined
  /** Equal for equal events, so that a step counts once. */
  readonly actionId: string
}

interface RollbackPlan {
  /** Events that are taken back. */
  readonly events: number
  readonly steps: readonly RollbackStep[]
  /** Closed windows in which the events counted: their results are final. */
  readonly closed: readonly WindowName[]
}

/** Applies one step exactly once. @throws Problem `unavailable`, `outcome_unknown` */
export type ApplyRollback = (
  board: Board,
  act: Act,
  step: RollbackStep
) => Promise<{ readonly result: 'applied' | 'replayed' | 'none' | 'outdated', readonly score: number }>

/** A user, all its events, and the moment since which they are taken back, in ms since 1970. */
interface RollbackRequest {
  readonly userId: string
  readonly events: readonly ScoreEvent[]
  readonly sinceMs: number
  readonly atMs: number
}

const SCORING: ReadonlySet<ScoreEvent['kind']> = new Set(['increment', 'score', 'adjust', 'import'])
const isScoring = ({ kind, window }: ScoreEvent) => SCORING.has(kind) || (kind === 'delete' && window !== null)

/**
 * Plans how to undo every change of a user's scores since a moment, in each open window. Bans, removals and segments
 * stay. On boards that add points each step is a difference, so points gained meanwhile are kept. On other boards the
 * score becomes the best, or the latest, of the scores that are left.
 */
export function planRollback (
  history: BoardHistory,
  { userId, events, sinceMs, atMs }: RollbackRequest
): RollbackPlan {
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
