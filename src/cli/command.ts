// What a command of the program is, and what it gets of its process.
import type { Readable, Writable } from 'node:stream'

/** What a command gets of its process. */
export interface Process {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTerminal: boolean
  readonly write: (text: string) => void
  /** Shows a line in the place of the last one, where the standard error is a terminal. */
  readonly showProgress: (line: string) => void
  /** The standard input and output, for more than fits into memory. */
  readonly stdin: Readable
  readonly stdout: Writable
  /** Resolves with the name of the first signal that asks the process to stop. */
  readonly stopSignal: Promise<string>
}

/** Runs a command with the words after its name. Resolves to the exit code: 0 done, 1 not done, 2 not understood. */
export type Command = (words: string[], process: Process) => Promise<number>

/** A command line that is not understood. The message says what is wrong with it. */
export class UsageError extends Error {}
