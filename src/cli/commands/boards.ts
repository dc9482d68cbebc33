// `scorewire boards`: shows and changes the boards of a running service.
import { messageOf } from '../../leaderboard/log.ts'
import { readBoards } from '../../config.ts'
import {
  applyBoard,
  planBoard,
  type BoardPlan,
  type BoardRegistry,
  type StoredBoard
} from '../../leaderboard/boards/apply-board.ts'
import { rulesOf } from '../../leaderboard/boards/rules.ts'
import type { Store } from '../../redis/store.ts'
import { boardDiff } from '../board-diff.ts'
import { readWords } from '../arguments.ts'
import { UsageError, type Command, type Process } from '../command.ts'
import { STORE_VARIABLES, withRunningStore } from '../running-store.ts'
import { usageText, type Usage } from '../usage.ts'

/** How `scorewire boards` is used. */
export const usage: Usage = {
  summary: 'show and change the boards of a running service',
  forms: ['boards apply FILE [--yes | --dry-run]', 'boards list', 'boards show NAME'],
  options: [
    ['apply FILE', 'makes the boards of a JSON file, or gives them its rules; running nodes take them over at once'],
    ['list', 'prints each board with its revision and its windows'],
    ['show NAME', 'prints the rules of a board as a file that apply takes'],
    ['--dry-run', 'prints what would change, and changes nothing'],
    ['--yes', 'accepted for scripts: nothing is asked in any case']
  ],
  variables: STORE_VARIABLES
}

/** Lists, shows or changes boards. Running nodes take a change over at once. */
export const boards: Command = async (words, { env, write }) => {
  const run = parseWords(words)
  return await withRunningStore(env, async (store) => await run(store, write))
}

type Run = (store: Store, write: Process['write']) => Promise<number>

function parseWords (words: string[]): Run {
  const flag = { type: 'boolean', default: false } as const
  const { positionals: [verb, operand, ...more], values: { yes, 'dry-run': isDry } } = readWords({
    args: words,
    allowPositionals: true,
    options: { yes: flag, 'dry-run': flag }
  }, usage)
  const isApply = verb === 'apply'
  const isUnderstood = more.length === 0 && (isApply || (!yes && !isDry)) && !(yes && isDry)
  if (isUnderstood && isApply && operand !== undefined) return async (...args) => await apply(operand, isDry, ...args)
  if (isUnderstood && verb === 'list' && operand === undefined) return list
  if (isUnderstood && verb === 'show' && operand !== undefined) return async (...args) => await show(operand, ...args)
  throw new UsageError(usageText(usage))
}

async function apply (
  file: string,
  isDry: boolean,
  { boards: registry, now }: Store,
  write: Process['write']
): Promise<number> {
  const wanted = readBoards(file).all
  const listed = await registry.list()
  const plans: BoardPlan[] = []
  for (const board of wanted) plans.push(planBoard(await registry.read(board.name), board, now()))
  write(boardDiff(plans))
  const others = [...listed.keys()].filter((name) => !wanted.some((board) => board.name === name))
  if (others.length > 0) write(`Not in the file, and left alone: ${others.join(', ')}.\n`)

  const due = plans.filter(({ result }) => result !== 'same')
  const count = boardsIn(due.length)
  if (due.some(({ result }) => result === 'refused')) {
    return end(write, 'Nothing was applied: what is marked with ! cannot change on a board that has scores.', 1)
  }
  if (due.length === 0) return end(write, 'Nothing to do: the boards are as the file says.', 0)
  if (isDry) return end(write, `Nothing was applied: this was a dry run. ${count} would be made or changed.`, 0)
  for (const [n, { board }] of due.entries()) {
    try {
      await applyBoard(registry, board, now())
    } catch (error) {
      const why = messageOf(error)
      throw new Error(`${why} Of ${count}, ${n} came before and ${n === 1 ? 'was' : 'were'} applied.`)
    }
  }
  return end(write, `Applied: ${count} made or changed. Running nodes take them over at once.`, 0)
}

async function list ({ boards: registry }: Store, write: Process['write']): Promise<number> {
  const stored = await readAll(registry)
  const width = Math.max(0, ...stored.map(({ board }) => board.name.length))
  for (const { board: { name, revision, windows }, hasScores } of stored) {
    write(`${name.padEnd(width)}  ${revision}  ${windows.join(', ')}${hasScores ? '' : '  (no scores yet)'}\n`)
  }
  if (stored.length === 0) write('There are no boards yet.\n')
  return 0
}

/** Prints a board as a boards file has it, so that it can be changed and applied. */
async function show (name: string, { boards: registry }: Store, write: Process['write']): Promise<number> {
  const stored = await registry.read(name)
  if (stored.state !== 'there') {
    throw new Error(`There is no board called ${JSON.stringify(name)}${stored.state === 'deleted' ? ' any more' : ''}.`)
  }
  write(`${JSON.stringify({ boards: { [name]: rulesOf(stored.board) } }, null, 2)}\n`)
  return 0
}

/** All boards in the order in which they were made. */
async function readAll (registry: BoardRegistry): Promise<StoredBoard[]> {
  const names = [...(await registry.list()).keys()]
  const states = await Promise.all(names.map(async (name) => await registry.read(name)))
  return states.filter((stored) => stored.state === 'there').sort((a, b) => a.created - b.created)
}

function boardsIn (count: number): string {
  return count === 1 ? '1 board' : `${count} boards`
}

/** Ends a command with a sentence. Returns the exit code. */
function end (write: Process['write'], sentence: string, code: number): number {
  write(`\n${sentence}\n`)
  return code
}
