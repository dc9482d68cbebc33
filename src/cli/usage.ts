// How a command is used, written once for its own help, the list of all commands and the reminder under a mistake.
import { describeVariable, type VariableName } from '../environment.ts'

export interface Usage {
  /** What the command does, as one line without a full stop. */
  readonly summary: string
  /** The ways to call it, without the name of the program. */
  readonly forms: readonly [string, ...string[]]
  /** Each option or operand with what it means and its default. */
  readonly options?: readonly (readonly [option: string, meaning: string])[]
  /** The variables that it reads. */
  readonly variables: readonly VariableName[]
  /** What else there is to know, such as exit codes: a sentence a line. */
  readonly notes?: readonly string[]
}

/** What `scorewire <command> --help` prints. */
export function helpText (name: string, { summary, forms, options = [], variables, notes = [] }: Usage): string {
  const described = variables.map((variable) => [variable, describeVariable(variable)] as const)
  return [
    `scorewire ${name}: ${summary}`,
    forms.map((form) => `  scorewire ${form}`).join('\n'),
    section('Options', options),
    section('Variables, with their defaults', described),
    notes.join('\n')
  ].filter(Boolean).join('\n\n') + '\n'
}

/** The reminder under a mistake in a command line. */
export function usageText ({ forms: [first, ...more] }: Usage): string {
  return [`usage: scorewire ${first}`, ...more.map((form) => `       scorewire ${form}`)].join('\n')
}

/** What `scorewire help` prints: each command with its summary. */
export function commandList (version: string, commands: ReadonlyMap<string, Usage>): string {
  const rows = [...commands].map(([name, { summary }]) => [name, summary] as const)
  return `scorewire ${version}: a live leaderboard service\n\n${section('Commands', rows)}\n\n` +
    'scorewire <command> --help prints its options and variables; scorewire --version prints the version.\n'
}

function section (title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return ''
  const width = Math.max(...rows.map(([name]) => name.length))
  const indent = `\n${' '.repeat(width + 4)}`
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text.replaceAll('\n', indent)}`)
  return [`${title}:`, ...lines].join('\n')
}
