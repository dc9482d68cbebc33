// Tests of ledger, migrate: migrations.
import { readdirSync } from 'node:fs'
import { test } from 'tap'
import { makeMonths, migrate } from '../../src/ledger/migrate.ts'
import { run } from '../harness/clients/command.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'

const OURS = readdirSync(new URL('../../migrations/', import.meta.url)).sort()

test('migrations', async (t) => {
  const { database } = await startPostgres(t, { migrated: false })

  await t.test('are applied once, however many come at the same time', async (t) => {
    const applied = await Promise.all([1, 2, 3, 4].map(async () => await migrate(database)))
    t.strictSame(applied.flat(), OURS, 'by one of them')
    t.strictSame(await migrate(database), [], 'and not again')
  })

  await t.test('are undone as a whole where one of them fails', async (t) => {
    const known = Object.fromEntries(OURS.map((name) => [name, '']))
    const folder = t.testdir({
      ...known,
      '9001-sound.sql': 'CREATE TABLE sound ()',
      '9002-broken.sql': 'CREATE TABLE',
      'notes.sql': 'nonsense'
    })
    const directory = new URL(`file://${folder}/`)
    await t.rejects(migrate(database, directory), { message: /syntax error/ })
    t.strictSame(await database.query("SELECT to_regclass('sound') AS found"), [{ found: null }])
  })

  await t.test('of another version are refused, by every process that opens the database', async (t) => {
    const other = await startPostgres(t, { migrated: false })
    await other.database.query('CREATE TABLE scorewire_migrations (name text PRIMARY KEY)')
    await other.database.query("INSERT INTO scorewire_migrations VALUES ('0001-ledger.sql'), ('0002-rebuild.sql')")
    const refusal = {
      message:
        /another version of scorewire \(0001-ledger.sql, 0002-rebuild.sql\): name an empty database in DATABASE_URL/
    }
    await t.rejects(migrate(other.database), refusal)
    const redis = await startRedis(t)
    const env = { REDIS_URL: redis.url, DATABASE_URL: other.url, PORT: '0', DATA_DIR: t.testdir({}) }
    for (const words of [['serve'], ['worker'], ['migrate'], ['rebuild'], ['reconcile']]) {
      const { code, error } = await run(words, env)
      t.match({ code, error }, { code: 1, error: refusal.message }, words.join(' '))
      t.equal(error.trim().split('\n').length, 1, 'in one line')
    }
    t.equal(await redis.client.dbsize(), 0, 'and no board is made')
  })

  await t.test('make the running month and those ahead, and a month that is there is not made again', async (t) => {
    await Promise.all([1, 2, 3].map(async () => await makeMonths(database)))
    const now = new Date()
    const ahead = [0, 1, 2].map((n) =>
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + n)).toISOString().slice(0, 7).replace('-', '_')
    )
    const months = await database.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'score_events'::regclass ORDER BY 1"
    )
    t.strictSame(months.map(({ name }) => name), ahead.map((month) => `score_events_${month}`))
  })
})
