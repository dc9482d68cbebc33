// The longest that Redis was busy with one thing, so that everybody else waited.
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { readScript } from '../../src/redis/scripts.ts'
import { pathOf } from '../servers/processes.ts'

const LUA = pathOf('lua')
/** What is shorter is not told. */
const NOTED_MICROS = 1000

export interface Pauses {
  /** The slowest command: a script by its name. Undefined when all took less than 1 ms. */
  readonly command: { readonly name: string, readonly ms: number } | undefined
  /**
   * The slowest write or fsync of the append-only file; it comes after the command that it is for, and everybody
   * waits for it.
   */
  readonly diskMs: number
  /** Anything else, by Redis' own latency monitor, such as `expire-cycle`. */
  readonly others: readonly { readonly event: string, readonly ms: number }[]
}

/** Begins anew to note what takes Redis 1 ms or more. */
export async function notePauses (redis: Redis): Promise<void> {
  await redis.config('SET', 'slowlog-log-slower-than', NOTED_MICROS)
  await redis.config('SET', 'slowlog-max-len', 1_000_000)
  await redis.config('SET', 'latency-monitor-threshold', NOTED_MICROS / 1000)
  await redis.slowlog('RESET')
  await redis.call('LATENCY', 'RESET')
}

export async function readPauses (redis: Redis): Promise<Pauses> {
  const noted = await redis.slowlog('GET', -1) as [id: number, at: number, micros: number, words: string[]][]
  // To empty a long log takes its time, and nobody else does that.
  const slow = noted.filter(([, , , [command]]) => command?.toLowerCase() !== 'slowlog')
  const events = await redis.call('LATENCY', 'LATEST') as [
    event: string,
    at: number,
    latestMs: number,
    mostMs: number
  ][]
  const slowest = slow.toSorted(([, , a], [, , b]) => b - a)[0]
  const most = (wanted: (event: string) => boolean) =>
    events.filter(([event]) => wanted(event)).map(([event, , , ms]) => ({ event, ms }))
  return {
    command: slowest && { name: commandName(slowest[3]), ms: slowest[2] / 1000 },
    diskMs: Math.max(0, ...most((event) => event.startsWith('aof-')).map(({ ms }) => ms)),
    others: most((event) => !event.startsWith('aof-') && !event.endsWith('command'))
  }
}

/** Forks as Redis does to rewrite its append-only file, and tells how long it stood still for that, in ms. */
export async function forkMs (redis: Redis): Promise<number> {
  await redis.bgrewriteaof()
  return Number(/latest_fork_usec:(\d+)/.exec(await redis.info('stats'))?.[1]) / 1000
}

/** A script by the name of its file, any other command by its own. */
export function commandName ([command, script = '']: readonly string[]): string {
  const [, named] = /^#!lua.*\n-- ([a-z-]+):/.exec(script) ?? [] // sent whole, as it is the first time
  const scripts = readdirSync(LUA, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.includes('/') && file.endsWith('.lua') && !file.startsWith('lib/')
  ).map((file) => file.replace('.lua', ''))
  return named ??
    scripts.find((name) => createHash('sha1').update(readScript(name)).digest('hex') === script)?.replace(
      /^.*\//,
      ''
    ) ?? command ?? ''
}
