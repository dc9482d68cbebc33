// The log of a process: lines of JSON, or text for a terminal.
import { pino, type Logger } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from '../config.ts'

/** Creates the log, which goes to the standard output. */
export function createLog (
  { logLevel: level, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  colorize: boolean
): Logger {
  const options = { level, serializers: { err: errorFields } }
  if (logFormat === 'json') return pino(options)
  return pino(options, pretty({ colorize, translateTime: 'HH:MM:ss', ignore: 'pid,hostname', sync: true }))
}

/**
 * What the log says of an error. Clients hang more on theirs: a refusal of Redis carries the arguments of its command,
 * which hold names and secrets.
 */
function errorFields (error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name: type, message, stack, code, cause } = error as Error & { readonly code?: unknown }
  return {
    type,
    message,
    ...(code !== undefined && { code }),
    ...(cause instanceof Error && { cause: cause.message }),
    stack
  }
}
