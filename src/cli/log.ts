// The log of a process: lines of JSON, or text for a terminal.
import { pino, type Logger } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from '../config.ts'

/** Creates the log, which goes to the standard output. */
export function createLog (
  { logLevel: level, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  colorize: boolean
): Logger {
  if (logFormat === 'json') return pino({ level })
  return pino({ level }, pretty({ colorize, translateTime: 'HH:MM:ss', ignore: 'pid,hostname', sync: true }))
}
