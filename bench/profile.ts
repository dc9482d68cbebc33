// What does an increment spend its time on, in Node and in Redis?
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Answer } from './answer.ts'
import { LIVE_ENV } from './board.ts'
import { ClosedLoop } from './closed-loop.ts'
import { askingOwn } from './contenders.ts'
import { readCpuProfile, readCommandStats, type CommandCost, type CpuProfile, type Share } from './cpu-profile.ts'
import { machine, today } from './machine.ts'
import { commandOf, type Options } from './options.ts'
import { meter } from './processes.ts'
import { startSeeded } from './seeded.ts'

const BATCHED = 100
const BATCHED_CONNECTIONS = 16
const WARM_UP_MS = 4000
const LOOK_MICROS = 250
const MOST_FUNCTIONS = 12

/** Of one kind of request: CPU time is µs an increment. */
export interface Profiled {
  readonly nodeMicros: number
  readonly redisMicros: number
  /** Parts of Node's time, the largest first: by where the code is, and by function. */
  readonly places: readonly Share[]
  readonly functions: readonly Share[]
  /** What Redis did for an increment, by its own clock. */
  readonly commands: readonly CommandCost[]
}

export async function askProfile (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  onProgress('profile: one increment a request')
  const single = await profile(options, { items: 1, connections: options.connections })
  onProgress(`profile: ${BATCHED} in a batch`)
  const batch = await profile(options, { items: BATCHED, connections: BATCHED_CONNECTIONS })
  return { result: { single, batch }, text: report(options, { single, batch }) }
}

/** Puts load on a scorewire under Node's own profiler, which writes what it saw when the process ends. */
async function profile ({ users, seconds }: Options, { items, connections }: { items: number, connections: number }): Promise<Profiled> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-bench-'))
  try {
    const loaded = await load({ users, seconds, items, connections, directory })
    const [file] = await readdir(directory)
    const { places, functions } = readCpuProfile(JSON.parse(await readFile(join(directory, file!), 'utf8')) as CpuProfile, loaded)
    return { ...loaded.costs, places, functions: functions.slice(0, MOST_FUNCTIONS) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

interface Load { readonly users: number, readonly seconds: number, readonly items: number, readonly connections: number, readonly directory: string }

async function load ({ users, seconds, items, connections, directory }: Load) {
  const scorewire = await startSeeded(users, LIVE_ENV, ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${LOOK_MICROS}`])
  const loop = new ClosedLoop(1)
  try {
    const { url, pid, redis, redisPid, authorize } = scorewire
    await loop.learn('increment', askingOwn(users, items, authorize))
    await loop.run(url, 'increment', { connections, forMs: WARM_UP_MS })
    await redis.config('RESETSTAT')
    const measured = meter({ node: () => [pid], redis: () => [redisPid] })
    const fromMicros = monotonicMicros()
    const { accepted } = await loop.run(url, 'increment', { connections, forMs: 1000 * seconds })
    const untilMicros = monotonicMicros()
    const used = measured()
    const increments = accepted * items
    const commands = readCommandStats(await redis.info('commandstats'), increments)
    return { fromMicros, untilMicros, costs: { nodeMicros: used['node']! / increments, redisMicros: used['redis']! / increments, commands } }
  } finally {
    await loop.stop()
    await scorewire.stop()
  }
}

/** The clock of every process of the machine, and of their profilers. */
function monotonicMicros (): number {
  return Number(process.hrtime.bigint() / 1000n)
}

function report (options: Options, { single, batch }: { single: Profiled, batch: Profiled }): string {
  const both = [single, batch]
  const shares = (of: 'places' | 'functions') => both[0]![of].concat(both[1]![of]).map(({ name }) => name).filter((name, n, all) => all.indexOf(name) === n).map((name) => {
    const cells = both.map((profiled) => {
      const share = profiled[of].find((part) => part.name === name)?.share ?? 0
      return share === 0 ? '' : `${(share * profiled.nodeMicros).toFixed(2)} (${(100 * share).toFixed(1)} %)`
    })
    return `| ${name} | ${cells.join(' | ')} |`
  })
  const commandRow = ({ name, calls, micros }: CommandCost, of: string) => `| \`${name.toUpperCase()}\`, ${of} | ${calls.toFixed(2)} | ${micros.toFixed(2)} |`
  const head = (what: string) => [`| ${what} | one increment a request | ${BATCHED} in a batch |`, '| --- | --- | --- |']
  return [
    ...head('where Node spends the CPU time of an increment, µs'),
    ...shares('places'),
    `| **together** | ${both.map(({ nodeMicros }) => nodeMicros.toFixed(2)).join(' | ')} |`,
    '',
    ...head('functions, by what they take themselves, µs'),
    ...shares('functions'),
    '',
    '| what Redis does for an increment | calls | µs |',
    '| --- | --- | --- |',
    ...single.commands.map((command) => commandRow(command, 'one a request')),
    ...batch.commands.map((command) => commandRow(command, `${BATCHED} in a batch`)),
    '',
    `By \`node --cpu-prof\`, every ${LOOK_MICROS} µs for ${options.seconds} s each, idle time left out; the profiler itself costs a part. Redis counts the commands of a script by themselves and again`,
    `in \`EVALSHA\`. What it spends besides (reading, answering, and writing the append-only file) is the rest of its CPU: ${both.map(({ redisMicros }) => `${redisMicros.toFixed(1)} µs`).join(' and ')} together.`,
    `${machine()}, ${today()}:`,
    `\`${commandOf('profile', options, ['connections', 'users', 'seconds'])}\``
  ].join('\n')
}
