import type { Readable, Writable } from 'node:stream'

/** What a command gets of its process. */
export interface Process {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTerminal: boolean
  readonly write: (text: string) => void
  /** Shows a line in the place of the last one, where somebody looks at the standard error. */
  readonly showProgress: (line: string) => void
  /** The standard input and output, for more than fits into memory. */
  readonly stdin: Readable
  readonly stdout: Writable
  /** Resolves with the name of the first signal that asks the process to stop. */
  readonly stopSignal: Promise<string>
}

/** Runs a command with the words after its name and resolves to the exit code: 0 done, 1 could not be done, 2 not understood. */
export type Command = (words: string[], process: Process) => Promise<number>

/** A command line that is not understood; the message says what would be. */
export class UsageError extends Error {}
