// `scorewire migrate`: brings the ledger's database up to date.
import { pino } from 'pino'
import { ConfigError, readConfig } from '../../config.ts'
import { placeOf } from '../../ledger/database.ts'
import { migrateAt } from '../../ledger/migrate.ts'
import { readNoWords } from '../arguments.ts'
import type { Command } from '../command.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire migrate` is used. */
export const usage: Usage = {
  summary: "bring the ledger's database up to date; a worker does the same when it starts",
  forms: ['migrate'],
  variables: ['DATABASE_URL']
}

/** Applies the migrations that are missing; a worker does the same when it starts. */
export const migrate: Command = async (words, { env, write }) => {
  readNoWords('migrate', words)
  const { databaseUrl } = readConfig(env, [])
  if (databaseUrl === undefined) throw new ConfigError(['DATABASE_URL is required: the database to bring up to date'])
  const applied = await migrateAt(databaseUrl, pino({ level: 'silent' })).catch((error) => {
    const why = error instanceof Error ? error.message || error.name : String(error)
    throw new Error(`The database ${placeOf(databaseUrl)} cannot be brought up to date: ${why}`)
  })
  write(applied.length === 0 ? 'The database is up to date.\n' : `Applied ${applied.join(', ')}.\n`)
  return 0
}
