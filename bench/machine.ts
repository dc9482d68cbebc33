// Where and with what a figure was measured.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import pg from 'pg'
import { pathOf } from './servers/processes.ts'

export function machine (): string {
  const redis = /v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1]
  return `${cpus().length} cores of ${cpus()[0]?.model.trim()}, Node ${process.version}, Redis ${redis}`
}

/** The version of a PostgreSQL server that is there. */
export async function postgresVersion (url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows: [row] } = await client.query('SHOW server_version')
  await client.end()
  return String(row.server_version).split(' ')[0]!
}

export const OWN_VERSION: string = JSON.parse(readFileSync(pathOf('package.json'), 'utf8')).version

export function packageVersion (name: string): string {
  return JSON.parse(readFileSync(pathOf(`node_modules/${name}/package.json`), 'utf8')).version
}

export function today (): string {
  return new Date().toISOString().slice(0, 10)
}

/**
 * Files and sockets that a process may have open. Node has raised its own limit to the hard one, which children
 * inherit.
 */
export function mostOpenFiles (): number {
  const [, limit] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return limit === 'unlimited' ? Infinity : Number(limit)
}
