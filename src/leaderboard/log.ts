// The log that every layer writes to. pino implements it; an error goes in as `{ err }`, which pino serializes with
// its stack.

/** What a part of the service tells an operator: a constant sentence, and the data that varies. */
export interface Log {
  debug(data: object, message: string): void
  info(data: object, message: string): void
  warn(data: object, message: string): void
  error(data: object, message: string): void
}

/** A log that drops everything, for work that reports its errors by itself. */
export const silent: Log = { debug () {}, info () {}, warn () {}, error () {} }

/** The message of anything that was thrown. */
export function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
