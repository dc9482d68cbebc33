// On a busy machine PostgreSQL may take seconds to let somebody in, and no test of this connection is about that.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, chown, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Test } from 'tap'
import { migrate } from '../../../src/ledger/migrate.ts'
import { openDatabase, type Database } from '../../../src/ledger/database.ts'
import { silent } from './store.ts'

const ROLE = 'scorewire'
const READY_WITHIN_MS = 60_000
/** On a busy machine PostgreSQL may take seconds to let somebody in, and no test of this connection is about that. */
const CONNECT_MS = 30_000

export interface TestPostgres {
  /** `postgres://…` of its Unix socket. */
  readonly url: string
  /** A database opened as the ledger does. */
  readonly database: Database
  /** Sends a signal to the server: SIGSTOP freezes the processes that it has at the moment too. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  /** Ends the server, by default cutting off who is connected; SIGQUIT is its crash. */
  stop(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>
  /** Starts it again on the same data and waits until it answers. */
  start(): Promise<void>
}

/** The programs of a PostgreSQL server: in the PATH, or where Debian puts them. */
function programs (): string {
  const debian = '/usr/lib/postgresql'
  const places = (process.env['PATH'] ?? '').split(delimiter)
  try {
    places.push(
      ...readdirSync(debian).sort((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'))
    )
  } catch {}
  const place = places.find((directory) => {
    try {
      for (const program of ['postgres', 'initdb']) accessSync(join(directory, program))
      return true
    } catch {
      return false
    }
  })
  if (place === undefined) throw new Error('there is no PostgreSQL: run node setup.js --test')
  return place
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package has made, or as nobody. */
const OWNER = (() => {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (option: string) =>
        Number(execFileSync('id', [option, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {}
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody')
})()

const own = async (directory: string) => {
  if ('uid' in OWNER) await chown(directory, OWNER.uid!, OWNER.gid!)
  await chmod(directory, 0o700)
}

/**
 * A fresh cluster takes a second to make and 0.1 s to copy: one is made for each version and user, and kept in the
 * temporary directory.
 */
async function template (): Promise<string> {
  const version = execFileSync(join(programs(), 'postgres'), ['--version'], { encoding: 'utf8' }).replace(
    /[^\d.]+/g,
    '-'
  ).replace(/^-|-$/g, '')
  const place = join(tmpdir(), `scorewire-postgres-${version}-${process.getuid?.() ?? 0}`)
  try {
    accessSync(join(place, 'PG_VERSION'))
    return place
  } catch {}
  const made = await mkdtemp(join(tmpdir(), 'scorewire-initdb-'))
  await own(made)
  execFileSync(join(programs(), 'initdb'), [
    '-D',
    made,
    '-U',
    ROLE,
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--wal-segsize=1'
  ], { stdio: 'ignore', cwd: tmpdir(), ...OWNER })
  // Whoever comes first puts it there; the others throw theirs away.
  await rename(made, place).catch(async () => await rm(made, { recursive: true, force: true }))
  return place
}

/**
 * A real PostgreSQL for one test file alone, with an empty database, gone when the test ends. Without fsync unless a
 * test is about durability; `more` are settings.
 */
export async function startPostgres (
  t: Pick<Test, 'teardown'>,
  { durable = false, migrated = true, more = [] }: { durable?: boolean, migrated?: boolean, more?: readonly string[] } =
  {}
): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-pg-'))
  execFileSync('cp', ['-R', '-p', `${await template()}/.`, directory])
  await own(directory)
  const url = `postgres:///postgres?host=${directory}&user=${ROLE}`
  let server: ChildProcess

  const start = async () => {
    const settings = [
      'shared_buffers=32MB',
      'max_wal_size=256MB',
      'timezone=Etc/GMT-5',
      ...(durable ? [] : ['fsync=off', 'full_page_writes=off']),
      ...more
    ]
    server = spawn(join(programs(), 'postgres'), [
      '-D',
      directory,
      '-k',
      directory,
      '-h',
      '',
      ...settings.flatMap((setting) => ['-c', setting])
    ], { stdio: 'ignore', cwd: directory, ...OWNER })
    for (const end = Date.now() + READY_WITHIN_MS; !await answers(url);) {
      if (Date.now() > end || server.exitCode !== null) throw new Error("the test's PostgreSQL does not start")
      await delay(10)
    }
  }
  const children = () => {
    try {
      return readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').split(' ').map(Number).filter(
        Boolean
      )
    } catch {
      return [] // it has ended
    }
  }
  const signal = (name: NodeJS.Signals) => {
    for (const pid of [server.pid!, ...children()]) {
      try {
        process.kill(pid, name)
      } catch {}
    }
  }
  const stop = async (name: NodeJS.Signals = 'SIGINT') => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    signal('SIGCONT')
    server.kill(name)
    await gone
  }
  const database = openDatabase({ url, log: silent, connectMs: CONNECT_MS })
  t.teardown(async () => {
    await stop('SIGQUIT')
    await database.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  await start()
  if (migrated) await migrate(database)
  return { url, database, start, stop, signal }
}

async function answers (url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}
