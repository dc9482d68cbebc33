// What applying a boards file would change, as text.
import type { BoardChange } from '../leaderboard/boards/board-change.ts'
import type { BoardPlan } from '../leaderboard/boards/apply-board.ts'

const MARKS = { created: '+', changed: '~', same: '=', refused: '!' } as const
const WORDS = { created: 'new', changed: '', same: 'unchanged', refused: 'refused: the board has scores' } as const
const INDENT = 6

/** What plans would do: a line for each board, and below it a line for each rule, from what to what. */
export function boardDiff (plans: readonly BoardPlan[]): string {
  const width = Math.max(...plans.map(({ board }) => board.name.length))
  return plans.map(({ board, result, changes }) => {
    const head = `${MARKS[result]} ${board.name.padEnd(width)}  ${WORDS[result]}`.trimEnd()
    const lines = changes.map((change) => ' '.repeat(INDENT) + changeLine(change, result === 'refused'))
    return [head, ...lines, ''].join('\n')
  }).join('')
}

function changeLine ({ path, from, to, kind, why }: BoardChange, isRefused: boolean): string {
  const mark = isRefused && kind === 'corrupting' ? '! ' : ''
  // Without scores nothing can be wrong.
  const remark = why === '' || (kind === 'corrupting' && !isRefused) ? '' : `  (${why})`
  return `${mark}${path.slice(1)}: ${text(from)} -> ${text(to)}${remark}`
}

function text (value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value)
}
