// The words of a command line: options and operands, or a mistake that says how the command is used.
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { messageOf } from '../leaderboard/log.ts'
import { UsageError } from './command.ts'
import { usageText, type Usage } from './usage.ts'

/** A mistake in a command line, with how the command is used below it. */
export function misuse (message: string, usage: Usage): UsageError {
  return new UsageError(`${message}\n${usageText(usage)}`)
}

/** The options and operands in a command's words. @throws UsageError */
export function readWords<Config extends ParseArgsConfig> (
  config: Config,
  usage: Usage
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw misuse(messageOf(error), usage)
  }
}

/** For a command without options. @throws UsageError where there are words after its name */
export function readNoWords (name: string, words: readonly string[]): void {
  if (words.length === 0) return
  const command = `scorewire ${name}`
  throw new UsageError(`${command} takes no options: its environment configures it, see ${command} --help.`)
}
