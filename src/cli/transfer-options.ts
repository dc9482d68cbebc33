// The format of an import or an export, as its options name it.
import { FORMATS, type Format } from '../leaderboard/transfer/transfer-format.ts'
import { misuse } from './arguments.ts'
import type { Usage } from './usage.ts'

/** The format that is asked for, or that a file's name says; else NDJSON. @throws UsageError */
export function formatOf (asked: string | undefined, file: string | undefined, usage: Usage): Format {
  if (asked === undefined) return file?.toLowerCase().endsWith('.csv') === true ? 'csv' : 'ndjson'
  const format = FORMATS.find((one) => one === asked)
  if (format === undefined) throw misuse(`--format ${asked} is none of ${FORMATS.join(', ')}`, usage)
  return format
}
