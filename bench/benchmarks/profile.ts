// What do an increment and a read of the top spend their time on, in Node and in Redis?
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Answer } from '../benchmark.ts'
import type { Asking } from '../generators/asking.ts'
import { LIVE_ENV, WATCH_PATH } from '../servers/board.ts'
import { ClosedLoop } from '../generators/closed-loop.ts'
import { askingOwn, targetOf } from '../servers/contenders.ts'
import {
  readCpuProfile,
  readCommandStats,
  type CommandCost,
  type CpuProfile,
  type Share
} from '../measures/cpu-profile.ts'
import { Generator } from '../generators/screen-processes.ts'
import { machine, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import { meter } from '../servers/processes.ts'
import type { Scorewire } from '../servers/scorewire.ts'
import { startSeeded } from '../servers/seeded.ts'

const BATCHED = 100
const BATCHED_CONNECTIONS = 16
const WARM_UP_MS = 4000
const LOOK_MICROS = 250
/** Functions are shown that take so much of the time of any kind, and kept with a tenth of it. */
const LEAST_SHARE = 0.01

interface Kind {
  readonly name: string
  readonly asking: (users: number, authorize: Scorewire['authorize']) => Asking
  /** At most. */
  readonly connections: number
}

const KINDS: readonly Kind[] = [
  { name: 'one increment a request', asking: (users, authorize) => askingOwn(users, 1, authorize), connections: 512 },
  {
    name: `${BATCHED} in a batch`,
    asking: (users, authorize) => askingOwn(users, BATCHED, authorize),
    connections: BATCHED_CONNECTIONS
  },
  {
    name: '`GET top`',
    asking: (users) => ({ method: 'GET', path: '/v1/boards/main/top', items: 0, authorizations: [], users }),
    connections: 512
  }
]

/** Of one kind of request: CPU time is µs an increment, or a read. */
interface Profiled {
  readonly name: string
  readonly nodeMicros: number
  readonly redisMicros: number
  /** Parts of Node's time, the largest first: by where the code is, and by function. */
  readonly places: readonly Share[]
  readonly functions: readonly Share[]
  /** What Redis did for it, by its own clock. */
  readonly commands: readonly CommandCost[]
}

export async function askProfile (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const kinds: Profiled[] = []
  for (const kind of KINDS) {
    onProgress(`profile: ${kind.name}`)
    kinds.push(await profile(options, kind))
  }
  return { result: { kinds }, text: report(options, kinds) }
}

/** Puts load on a scorewire under Node's own profiler, which writes what it saw when the process ends. */
async function profile (options: Options, kind: Kind): Promise<Profiled> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-bench-'))
  try {
    const { costs, ...between } = await load(options, kind, [
      '--cpu-prof',
      `--cpu-prof-dir=${directory}`,
      `--cpu-prof-interval=${LOOK_MICROS}`
    ])
    const [file] = await readdir(directory)
    const { places, functions } = readCpuProfile(
      JSON.parse(await readFile(join(directory, file!), 'utf8')) as CpuProfile,
      between
    )
    return { name: kind.name, ...costs, places, functions: functions.filter(({ share }) => share >= LEAST_SHARE / 10) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function load (
  { users, seconds, connections: asked }: Options,
  { asking: askingOf, connections: most }: Kind,
  nodeFlags: readonly string[]
) {
  const scorewire = await startSeeded(users, LIVE_ENV, nodeFlags)
  const loop = new ClosedLoop(1)
  const screens = new Generator(1)
  try {
    const { url, pid, redis, redisPid, authorize } = scorewire
    const asking = askingOf(users, authorize)
    const connections = Math.min(asked, most)
    await loop.learn('asked', asking)
    // So that the node has the board in memory, as one has that anybody looks at.
    await screens.connect(targetOf(scorewire, WATCH_PATH), 1)
    await loop.run(url, 'asked', { connections, forMs: WARM_UP_MS })
    await redis.config('RESETSTAT')
    const measured = meter({ node: () => [pid], redis: () => [redisPid] })
    const fromMicros = monotonicMicros()
    const { accepted, refused } = await loop.run(url, 'asked', { connections, forMs: 1000 * seconds })
    if (accepted === 0 || refused > 0) {
      throw new Error(
        `${refused} requests were refused and ${accepted} accepted: a profile is of those that are accepted`
      )
    }
    const untilMicros = monotonicMicros()
    const used = measured()
    const operations = accepted * Math.max(1, asking.items)
    const commands = readCommandStats(await redis.info('commandstats'), operations)
    return {
      fromMicros,
      untilMicros,
      costs: { nodeMicros: used['node']! / operations, redisMicros: used['redis']! / operations, commands }
    }
  } finally {
    await screens.stop()
    await loop.stop()
    await scorewire.stop()
  }
}

/** The clock of every process of the machine, and of their profilers. */
function monotonicMicros (): number {
  return Number(process.hrtime.bigint() / 1000n)
}

function report (options: Options, kinds: readonly Profiled[]): string {
  const shares = (of: 'places' | 'functions') =>
    [...new Set(kinds.flatMap((kind) => kind[of].filter(({ share }) => share >= LEAST_SHARE).map(({ name }) => name)))]
      .map((name) => {
        const cells = kinds.map((kind) => {
          const share = kind[of].find((part) => part.name === name)?.share ?? 0
          return share === 0 ? '' : `${(share * kind.nodeMicros).toFixed(2)} (${(100 * share).toFixed(1)} %)`
        })
        return `| ${name} | ${cells.join(' | ')} |`
      })
  const head = (
    what: string
  ) => [`| ${what} | ${kinds.map(({ name }) => name).join(' | ')} |`, `| --- |${' --- |'.repeat(kinds.length)}`]
  const commands = [...new Set(kinds.flatMap((kind) => kind.commands.map(({ name }) => name)))].map((name) => {
    const cells = kinds.map((kind) => {
      const cost = kind.commands.find((command) => command.name === name)
      return cost === undefined
        ? ''
        : `${cost.calls.toFixed(2)} × ${(cost.micros / cost.calls).toFixed(2)} = ${cost.micros.toFixed(2)}`
    })
    return `| \`${name.toUpperCase()}\` | ${cells.join(' | ')} |`
  })
  return [
    ...head('where Node spends the CPU time, µs'),
    ...shares('places'),
    `| **together** | ${kinds.map(({ nodeMicros }) => nodeMicros.toFixed(2)).join(' | ')} |`,
    '',
    ...head('functions, by what they take themselves, µs'),
    ...shares('functions'),
    '',
    ...head('what Redis does, calls × µs'),
    ...commands,
    `| **CPU, all in all** | ${kinds.map(({ redisMicros }) => redisMicros.toFixed(2)).join(' | ')} |`,
    '',
    `Of an increment, or of a read; parts below ${
      100 * LEAST_SHARE
    } % of every kind are left out. Batches on ${BATCHED_CONNECTIONS} connections at most. By \`node --cpu-prof\`, every ${LOOK_MICROS} µs for ${options.seconds} s each, idle time left out: shares of the main thread's wall time,`,
    'taken of the CPU time of the process. The profiler itself costs a part, and nearly all tokens were verified in the warm-up. Redis counts the commands of a script by themselves and once more in `EVALSHA`: what is left of that is Lua.',
    'The rest of its CPU is reading, answering, and writing the append-only file.',
    `${machine()}, ${today()}:`,
    `\`${commandOf('profile', options, ['connections', 'users', 'seconds'])}\``
  ].join('\n')
}
