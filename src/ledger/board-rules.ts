// A board as the ledger knows it.
import { BoardHistory } from '../leaderboard/boards/board-history.ts'
import type { StoredBoard } from '../leaderboard/boards/apply-board.ts'
import { parseRules, rulesOf, type Board } from '../leaderboard/boards/rules.ts'
import type { Database } from './database.ts'

/** A board as the ledger knows it. */
export interface LedgerBoard {
  readonly history: BoardHistory
  /** What happened before, in µs since 1970, is of a board of this name that was deleted. */
  readonly sinceMicros: number
}

interface Row {
  readonly board: string
  readonly changed: string
  readonly revision: string | null
  readonly rules: object | null
  readonly [column: string]: unknown
}

const INSERT =
  'INSERT INTO board_rules (board, changed, revision, rules) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING'

/**
 * Takes note of a board's rules, where they are others than before. A store that has lost a board and was given one
 * of this name, with rules that nobody has changed since, does not change what the ledger knows: false then.
 */
export async function keepRules (database: Database, { board, created, changed, anew }: StoredBoard): Promise<boolean> {
  return await database.transaction(async (query) => {
    await query("SELECT pg_advisory_xact_lock(hashtext('scorewire'), hashtext($1))", [`rules ${board.name}`])
    if (anew !== undefined) await query(INSERT, [board.name, anew - 1, null, null])
    const [last] = await query<Row>('SELECT * FROM board_rules WHERE board = $1 ORDER BY changed DESC LIMIT 1', [
      board.name
    ])
    if (last?.revision === board.revision) return true
    if (last !== undefined && last.revision !== null && changed === created) return false
    const at = Math.max(changed, last === undefined ? 0 : Number(last.changed) + 1)
    await query(INSERT, [board.name, at, board.revision, JSON.stringify(rulesOf(board))])
    return true
  })
}

/** Takes note that a board was deleted, at the latest at `atMicros`. */
export async function keepDeletion (database: Database, board: string, atMicros: number): Promise<void> {
  await database.query(
    `
    INSERT INTO board_rules (board, changed) SELECT board, greatest(changed + 1, $2::bigint) FROM board_rules AS last
    WHERE board = $1 AND rules IS NOT NULL AND NOT EXISTS (SELECT FROM board_rules WHERE board = $1 AND changed > last.changed)`,
    [board, Math.floor(atMicros)]
  )
}

/**
 * The boards that the ledger knows, but for those that were deleted, in the order in which they were made.
 * @throws Error for rules that this version does not understand
 */
export async function readBoardRules (database: Pick<Database, 'query'>): Promise<ReadonlyMap<string, LedgerBoard>> {
  const rows = await database.query<Row>('SELECT board, changed, revision, rules FROM board_rules ORDER BY changed')
  const lives = new Map<string, { sinceMicros: number, rules: { fromMs: number, board: Board }[] }>()
  for (const { board, changed, revision, rules } of rows) {
    if (rules === null) lives.set(board, { sinceMicros: Number(changed), rules: [] })
    else {
      const life = lives.get(board) ?? { sinceMicros: 0, rules: [] }
      life.rules.push({
        fromMs: Math.floor(Number(changed) / 1000),
        board: { ...boardOf(board, rules), revision: revision! }
      })
      lives.set(board, life)
    }
  }
  return new Map(
    [...lives].filter(([, { rules }]) => rules.length > 0).map((
      [name, { sinceMicros, rules }]
    ) => [name, { history: new BoardHistory(rules), sinceMicros }])
  )
}

function boardOf (name: string, rules: object): Board {
  const parsed = parseRules({ boards: { [name]: rules } })
  if ('problems' in parsed) {
    throw new Error(
      `The ledger has rules of the board ${name} that this version does not understand: ${parsed.problems.join('; ')}`
    )
  }
  return parsed.boards[0]!
}
