import { FORMATS, type Format } from '../leaderboard/transfer/transfer-format.ts'
import { UsageError } from './command.ts'

/** The format that is asked for, or that a file's name says; else NDJSON. @throws UsageError */
export function formatOf (asked: string | undefined, file: string | undefined, usage: string): Format {
  if (asked === undefined) return file?.toLowerCase().endsWith('.csv') === true ? 'csv' : 'ndjson'
  const format = FORMATS.find((one) => one === asked)
  if (format === undefined) throw new UsageError(`--format ${asked} is none of ${FORMATS.join(', ')}\n${usage}`)
  return format
}
