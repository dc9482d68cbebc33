// The commands of the ledger as an operator runs them, each a process of its own.
import { test } from 'tap'
import { audit } from '../../src/cli/commands/audit.ts'
import type { Command } from '../../src/cli/command.ts'
import { migrate } from '../../src/cli/commands/migrate.ts'
import { serve } from '../../src/cli/commands/serve.ts'
import { worker } from '../../src/cli/commands/worker.ts'
import { perform, run } from '../harness/clients/command.ts'
import { addEntry, archived } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { startWorker } from '../harness/servers/worker-process.ts'
import { eventually } from '../harness/eventually.ts'

async function isReady (url: string): Promise<void> {
  await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, 'the service is ready')
}

const COMMANDS: Readonly<Record<string, Command>> = { audit, migrate, serve, worker }

test('the ledger as an operator runs it', async (t) => {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t, { migrated: false })
  const env = { REDIS_URL: redis.url, DATABASE_URL: postgres.url }

  await t.test('scorewire migrate brings the database up to date, and says so', async (t) => {
    t.strictSame(await run(['migrate'], env), { code: 0, out: 'Applied 0001-events.sql.\n', error: '' })
    t.strictSame(await perform(migrate, [], env), { code: 0, out: 'The database is up to date.\n', error: '' })
  })

  await t.test('scorewire worker archives, tells operators how it is doing, and takes over from one that was killed', async (t) => {
    await addEntry(redis, 'main', { user_id: 'ada', delta: 5, score_after: 5 })
    const first = await startWorker(t, env)
    await archived(redis, 'main')
    t.equal((await fetch(`${first.url}/healthz`)).status, 200)
    await isReady(first.url)
    const metrics = async () => await (await fetch(`${first.url}/metrics`)).text()
    await eventually(
      async () => (await metrics()).includes('scorewire_archived_total{board="main",result="archived"} 1\n'),
      'the archived entry is counted'
    ) // it counts when Redis has told it so
    for (const line of ['scorewire_ledger_backlog{board="main"} 0', 'scorewire_ledger_lag_seconds{board="main"} 0']) {
      t.ok((await metrics()).includes(`${line}\n`), line)
    }
    t.equal((await fetch(`${first.url}/v1/boards/main/top`)).status, 404, 'it answers nobody else')

    const second = await startWorker(t, env)
    await first.stop('SIGKILL')
    await addEntry(redis, 'main', { user_id: 'ada', delta: 2, score_after: 7 })
    await redis.client.del('sw:{main}:archiver') // as if its lease had run out; test/slow/archiver-killed.slow.ts waits for that
    await archived(redis, 'main')
    t.equal(await second.stop('SIGTERM'), 0)
    t.strictSame(await postgres.database.query('SELECT score::integer FROM users_scores'), [{ score: 7 }])
  })

  await t.test('ROLES=worker makes serve one, and what one that is asked to stop leaves goes on at once', async (t) => {
    const worker = await startWorker(t, { ...env, ROLES: 'worker' }, 'serve')
    await addEntry(redis, 'main', { user_id: 'ada', score_after: 8 })
    await archived(redis, 'main')
    t.equal(await worker.stop('SIGTERM'), 0)
    t.equal(await redis.client.exists('sw:{main}:archiver'), 0, 'it gave its board back')
    t.equal(
      (await redis.client.xinfo('CONSUMERS', 'sw:{main}:ledger', 'archive') as unknown[]).length,
      1,
      'and only the one that was killed is still listed'
    )
  })

  await t.test('a worker needs no database: it says that nothing is archived, and is ready', async (t) => {
    const { url, stop } = await startWorker(t, { REDIS_URL: redis.url })
    await isReady(url)
    t.notMatch(await (await fetch(`${url}/metrics`)).text(), /scorewire_ledger/)
    t.equal(await stop('SIGTERM'), 0)
  })

  await t.test('scorewire audit prints what happened', async (t) => {
    const { code, out } = await perform(audit, ['--json', '--user', 'ada', '--limit', '2'], env)
    t.equal(code, 0)
    const lines = out.trim().split('\n').map((line) => JSON.parse(line))
    t.match(lines, [{ source: 'ledger', user_id: 'ada', score_after: 8 }, {
      source: 'ledger',
      user_id: 'ada',
      score_after: 7,
      delta: 2,
      ip: '192.0.2.1'
    }])
    t.equal(lines.length, 2)
    const stream = await perform(audit, ['--from', new Date(Date.now() - 3_600_000).toISOString()], {
      REDIS_URL: redis.url
    })
    t.match(JSON.parse(stream.out.split('\n')[0]!), { source: 'stream', score_after: 8 })
    t.equal((await perform(audit, ['--to', '2000-01-01'], env)).out, '')
  })

  await t.test('a command line that cannot be followed gets one clear answer', async (t) => {
    const cases: [string[], Record<string, string>, number, RegExp][] = [
      [['worker'], {}, 1, /^REDIS_URL is required for a worker$/],
      [['worker', 'now'], env, 2, /^scorewire worker takes no options/],
      [['worker'], { ...env, REDIS_URL: 'redis://127.0.0.1:1' }, 1, /^Redis cannot be reached at 127\.0\.0\.1:1/],
      [['migrate'], {}, 1, /^DATABASE_URL is required/],
      [['migrate', '--down'], env, 2, /takes no options/],
      [
        ['migrate'],
        { DATABASE_URL: 'postgres://ada:secret@127.0.0.1:1/scores' },
        1,
        /^The database 127\.0\.0\.1:1\/scores cannot be brought up to date: connect ECONNREFUSED/
      ],
      [['migrate'], { DATABASE_URL: 'mysql://x' }, 1, /^DATABASE_URL must be postgres:\/\/…$/],
      [['serve'], { ROLES: 'king' }, 1, /^ROLES must be api, worker or api,worker$/],
      [['audit', '--limit', '0'], env, 2, /--limit 0 is not a number of events/],
      [['audit', '--from', 'yesterday'], env, 2, /--from yesterday is not a time/],
      [['audit', '--board', 'none'], env, 1, /There is no board called "none"/],
      [['audit', 'ada'], env, 2, /usage: scorewire audit/],
      [['audit'], { DATABASE_URL: 'postgres://ada:secret@127.0.0.1:1/scores' }, 1, /^The ledger is away\.$/]
    ]
    for (const [[name, ...words], more, code, error] of cases) {
      const line = [name, ...words].join(' ')
      const answer = await perform(COMMANDS[name!]!, words, more)
      t.equal(answer.code, code, line)
      t.match(answer.error, error, line)
      t.notMatch(answer.error, /secret|at .+\.ts:\d+/, `${line}: no password, no stack`)
    }
  })

  await t.test('and so does a process, on its standard error', async (t) => {
    t.strictSame(await run(['worker']), { code: 1, out: '', error: 'scorewire: REDIS_URL is required for a worker\n' })
  })
})
