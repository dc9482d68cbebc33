import { changesBetween, corruptingAmong, type BoardChange } from './board-change.ts'
import { Problem, unavailable } from '../problem.ts'
import { MAX_BOARDS, type Board } from './rules.ts'

/** A board as the store has it. */
export interface StoredBoard {
  readonly state: 'there'
  readonly board: Board
  /** When it was made and when its rules last changed, in µs of the store's time: they order boards, and changes of one. */
  readonly created: number
  readonly changed: number
  /** When it was made anew after a board of its name had been deleted; undefined where none was. */
  readonly anew: number | undefined
  /** Whether it takes no writes, because it is made anew from the ledger. */
  readonly isClosed: boolean
  /** Whether it has had a write. */
  readonly hasScores: boolean
}

/**
 * `deleted` for a day, in which a node that has missed it must not make the board again; `unsupported` where the rules are none that
 * this version understands.
 */
export type BoardState = StoredBoard | { readonly state: 'deleted' | 'unknown' } | { readonly state: 'unsupported', readonly why: string }

export interface ApplyOptions {
  /** The revision that the caller knows; undefined where it knows of no rules. */
  readonly ifRevision: string | undefined
  /** Whether scores that the board has would be wrong by the new rules. */
  readonly isCorrupting: boolean
  /** Whether a board that was deleted may be made again. */
  readonly anew: boolean
}

/** The boards as they are kept for all nodes. @throws Problem `unavailable`, `outcome_unknown` */
export interface BoardRegistry {
  /** All boards by name, with the time of their last change. */
  list (): Promise<ReadonlyMap<string, number>>
  read (name: string): Promise<BoardState>
  /** Makes a board or gives it other rules, and tells every node. With the last three nothing was done: other rules than `ifRevision` says, scores, deleted. */
  apply (board: Board, options: ApplyOptions): Promise<'created' | 'changed' | 'same' | 'outdated' | 'kept' | 'deleted'>
  /** Deletes a board with all that it has, and tells every node. `last` where there is no other. */
  remove (name: string): Promise<'deleted' | 'last' | 'unknown'>
  /** Opens a board that was closed by somebody who died over it. Whether it takes writes. */
  reopen (name: string): Promise<boolean>
}

/** What applying rules to a board would do, or has done. */
export interface BoardPlan {
  readonly board: Board
  readonly result: 'created' | 'changed' | 'same' | 'refused'
  readonly changes: readonly BoardChange[]
}

/** What may have to be so for rules to be applied. */
export interface Conditions {
  /** Whether there must be no such board yet. */
  readonly mustBeNew?: boolean
  /** Revision that the board must have; `*` for any. */
  readonly revision?: string | undefined
}

/** What it would do to give a stored board these rules, at `atMs`. */
export function planBoard (stored: BoardState, board: Board, atMs: number): BoardPlan {
  if (stored.state !== 'there') return { board, result: 'created', changes: [] }
  const changes = changesBetween(stored.board, board, atMs)
  if (changes.length === 0) return { board: stored.board, result: 'same', changes }
  return { board, result: stored.hasScores && corruptingAmong(changes).length > 0 ? 'refused' : 'changed', changes }
}

/** How often a board may change while its change is on its way. */
const MAX_TRIES = 5

/**
 * Makes a board, or gives it other rules.
 * @throws Problem `board_exists` for what must be new, or for a board with scores that the rules would make wrong; `board_changed` for
 * another revision than asked for; `board_limit`; `unavailable`, `outcome_unknown`
 */
export async function applyBoard (registry: BoardRegistry, board: Board, atMs: number, { mustBeNew = false, revision }: Conditions = {}): Promise<BoardPlan> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const stored = await registry.read(board.name)
    if (stored.state === 'unsupported') throw unavailable(`This node is too old for the rules that the board ${board.name} has; nothing was applied.`)
    const present = stored.state === 'there' ? stored.board.revision : undefined
    if (mustBeNew && present !== undefined) throw new Problem('board_exists', `There is a board called ${board.name} already.`)
    if (revision !== undefined && (revision === '*' ? present === undefined : revision !== present)) throw changedSince(board.name)
    if (present === undefined) await judgeCount(registry, board.name)
    const plan = planBoard(stored, board, atMs)
    const outcome = await registry.apply(plan.board, { ifRevision: present, isCorrupting: corruptingAmong(plan.changes).length > 0, anew: true })
    if (outcome === 'kept') throw refused(plan)
    if (outcome === 'created' || outcome === 'changed' || outcome === 'same') return { ...plan, result: outcome }
  }
  throw unavailable('The rules of the board keep changing; nothing was applied.')
}

/** Two nodes that make boards at the same moment may pass the limit by one: it is for the nodes' memory, not for a truth. */
async function judgeCount (registry: BoardRegistry, name: string): Promise<void> {
  const listed = await registry.list()
  if (listed.has(name) || listed.size < MAX_BOARDS) return
  throw new Problem('board_limit', `There are ${listed.size} boards, and a service has ${MAX_BOARDS} at most.`)
}

function changedSince (name: string): Problem {
  return new Problem('board_changed', `The board ${name} has other rules than the revision that If-Match names; nothing was applied.`)
}

function refused ({ board, changes }: BoardPlan): Problem {
  const errors = corruptingAmong(changes).map(({ path, why }) => ({ path, message: `cannot change any more: ${why}` }))
  const rules = errors.map(({ path }) => path.slice(1)).join(', ')
  return new Problem('board_exists', `The board ${board.name} has scores, and they would be wrong with other rules for ${rules}; nothing was applied.`, { errors })
}
