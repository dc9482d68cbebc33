// Makes a board or changes its rules, under the conditions of the caller; the port of the board registry.
import { changesBetween, corruptingAmong, type BoardChange } from './board-change.ts'
import { Problem, unavailable } from '../problem.ts'
import { MAX_BOARDS, type Board } from './rules.ts'

/** A board as the store holds it. */
export interface StoredBoard {
  readonly state: 'there'
  readonly board: Board
  /** When the board was created, in µs of the store's clock. Boards are listed in this order. */
  readonly created: number
  /** When its rules last changed, in µs of the store's clock. */
  readonly changed: number
  /** When it was created again after a board of the same name was deleted; undefined if that never happened. */
  readonly anew: number | undefined
  /** Whether it refuses writes because a rebuild from the ledger is running. */
  readonly isClosed: boolean
  /** Whether it has ever had a write. */
  readonly hasScores: boolean
}

/**
 * A board's entry in the registry. `deleted` lasts a day: a node that missed the deletion must not create the board
 * again. `unsupported` means that this version does not understand the rules.
 */
export type BoardState =
  | StoredBoard
  | { readonly state: 'deleted' | 'unknown' }
  | { readonly state: 'unsupported', readonly why: string }

/** Conditions of one `apply`. */
export interface ApplyOptions {
  /** The revision that the caller knows; undefined if the board is new to it. */
  readonly ifRevision: string | undefined
  /** Whether existing scores of the board would be wrong under the new rules. */
  readonly isCorrupting: boolean
  /** Whether a deleted board may be created again. */
  readonly anew: boolean
}

/** The boards that all nodes share. @throws Problem `unavailable`, `outcome_unknown` */
export interface BoardRegistry {
  /** All boards by name, with the time of their last change. */
  list(): Promise<ReadonlyMap<string, number>>
  read(name: string): Promise<BoardState>
  /**
   * Creates a board or changes its rules, and notifies every node. The last three results change nothing: `outdated`,
   * the revision is not `ifRevision`; `kept`, existing scores would be wrong; `deleted`, the board was deleted.
   */
  apply(
    board: Board,
    options: ApplyOptions
  ): Promise<'created' | 'changed' | 'same' | 'outdated' | 'kept' | 'deleted'>
  /**
   * Deletes a board with everything it holds, and notifies every node. `last`: it is the only board, nothing is done.
   */
  remove(name: string): Promise<'deleted' | 'last' | 'unknown'>
  /** Opens a board that a rebuild closed before it died. Returns whether the board takes writes. */
  reopen(name: string): Promise<boolean>
}

/** What applying rules to a board does, or did. */
export interface BoardPlan {
  readonly board: Board
  readonly result: 'created' | 'changed' | 'same' | 'refused'
  readonly changes: readonly BoardChange[]
}

/** Conditions that the caller sets for a change of rules. */
export interface Conditions {
  /** Whether the board must not exist yet. */
  readonly mustBeNew?: boolean
  /** Revision that the board must have; `*` for any. */
  readonly revision?: string | undefined
}

/** Plans a change of a stored board to these rules. `atMs` is in ms since 1970. */
export function planBoard (stored: BoardState, board: Board, atMs: number): BoardPlan {
  if (stored.state !== 'there') return { board, result: 'created', changes: [] }
  const changes = changesBetween(stored.board, board, atMs)
  if (changes.length === 0) return { board: stored.board, result: 'same', changes }
  const isRefused = stored.hasScores && corruptingAmong(changes).length > 0
  return { board, result: isRefused ? 'refused' : 'changed', changes }
}

/** How often another writer may change the board while this change is applied. */
const MAX_TRIES = 5

/**
 * Creates a board, or changes its rules. `atMs` is in ms since 1970.
 * @throws Problem `board_exists` for a board that must be new, or whose scores the rules would make wrong;
 * `board_changed` for another revision than the condition names; `board_limit`; `unavailable`, `outcome_unknown`
 */
export async function applyBoard (
  registry: BoardRegistry,
  board: Board,
  atMs: number,
  { mustBeNew = false, revision }: Conditions = {}
): Promise<BoardPlan> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const stored = await registry.read(board.name)
    if (stored.state === 'unsupported') throw tooNew(board.name)
    const present = stored.state === 'there' ? stored.board.revision : undefined
    if (mustBeNew && present !== undefined) {
      throw new Problem('board_exists', `A board called ${board.name} exists already.`)
    }
    const fits = revision === undefined || (revision === '*' ? present !== undefined : revision === present)
    if (!fits) throw changedSince(board.name)
    if (present === undefined) await judgeCount(registry, board.name)
    const plan = planBoard(stored, board, atMs)
    const isCorrupting = corruptingAmong(plan.changes).length > 0
    const outcome = await registry.apply(plan.board, { ifRevision: present, isCorrupting, anew: true })
    if (outcome === 'kept') throw refused(plan)
    if (outcome === 'created' || outcome === 'changed' || outcome === 'same') return { ...plan, result: outcome }
  }
  throw unavailable('The rules of the board keep changing; nothing was applied.')
}

function tooNew (name: string): Problem {
  return unavailable(`The rules of the board ${name} need a newer version of this service; nothing was applied.`)
}

/** Two nodes that create boards at the same moment may exceed the limit by one. The limit only protects memory. */
async function judgeCount (registry: BoardRegistry, name: string): Promise<void> {
  const listed = await registry.list()
  if (listed.has(name) || listed.size < MAX_BOARDS) return
  throw new Problem('board_limit', `The service has ${listed.size} boards already, and ${MAX_BOARDS} is the limit.`)
}

function changedSince (name: string): Problem {
  const detail = `The rules of the board ${name} are not at the revision in If-Match; nothing was applied.`
  return new Problem('board_changed', detail)
}

function refused ({ board, changes }: BoardPlan): Problem {
  const errors = corruptingAmong(changes).map(({ path, why }) => ({ path, message: `cannot change any more: ${why}` }))
  const rules = errors.map(({ path }) => path.slice(1)).join(', ')
  const wrong = `a change of ${rules} would make them wrong`
  const detail = `The board ${board.name} has scores, and ${wrong}; nothing was applied.`
  return new Problem('board_exists', detail, { errors })
}
