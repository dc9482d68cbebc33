// How near is scorewire to what the machine gives: to Fastify with nothing behind it, and to Redis with nothing in
// front of it?
import type { Answer } from '../benchmark.ts'
import type { Asking } from '../generators/asking.ts'
import { ClosedLoop } from '../generators/closed-loop.ts'
import { startOwn, startRedis, targetOf, type BenchRedis, type Ends } from '../servers/contenders.ts'
import { INCREMENTS_PATH, WATCH_PATH } from '../servers/board.ts'
import { Generator, MOST_GENERATOR_CPU } from '../generators/screen-processes.ts'
import { machine, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import {
  machineMicros,
  meter,
  MOST_OTHER_CPU,
  NODE_FLAGS,
  pathOf,
  startServer,
  type Processes
} from '../servers/processes.ts'
import { isMet, REACH_HEAD, reachAnswer, reachRow, type Reach } from '../target.ts'
import { runRedisBenchmark } from '../generators/redis-benchmark.ts'
import { scriptCall } from '../generators/script-call.ts'
import { median, spread, spreadMicros, sum } from '../../src/load/report/statistics.ts'

const TOP_PATH = '/v1/boards/main/top'
const WARM_UP_MS = 1200
/** The part of the given seconds that a run takes: there are ten of them. */
const RUN_SHARE = 0.4
const GROUP = 32

/** One measured run: CPU time is µs an operation, which is an increment or a read. */
interface LimitSample {
  readonly perSecond: number
  readonly micros: Readonly<Record<string, number>>
  /** In cores; nothing is known of redis-benchmark. */
  readonly generatorCpu: number | undefined
  /** What everything else on the machine used, in cores; of redis-benchmark it cannot be told. */
  readonly otherCpu: number | undefined
  readonly errors: number
}

interface LimitsResult {
  readonly rows: readonly { readonly name: string, readonly samples: readonly LimitSample[] }[]
  readonly reaches: readonly (Reach & { readonly isMet: boolean })[]
}

interface Row {
  readonly name: string
  readonly run: (forMs: number) => Promise<LimitSample>
  readonly samples: LimitSample[]
}

export async function askLimits (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const ends: Ends = []
  try {
    onProgress('limits: starting servers')
    const rows = await startRows(options, ends)
    for (let round = 0; round <= options.rounds; round++) {
      for (const { name, run, samples } of round % 2 === 1 ? rows : rows.toReversed()) {
        onProgress(`limits: ${round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`}, ${name}`)
        const sample = await run(round === 0 ? WARM_UP_MS : 1000 * options.seconds * RUN_SHARE)
        if (round > 0) samples.push(sample)
      }
    }
    const result = resultOf(rows)
    return { result, text: report(options, result), ...reachAnswer(result.reaches) }
  } finally {
    for (const end of ends) await end()
  }
}

async function startRows ({ users, connections }: Options, ends: Ends): Promise<Row[]> {
  const loop = new ClosedLoop(1)
  ends.unshift(async () => await loop.stop())
  const screens = new Generator(1)
  ends.unshift(async () => await screens.stop())
  const bare = await startServer([...NODE_FLAGS, '--import=tsx', pathOf('bench/servers/peers/bare-fastify.ts')], {
    NODE_ENV: 'production'
  })
  ends.unshift(bare.stop)
  const [single, batch] = await startOwn(users, 100, ends) as [
    Awaited<ReturnType<typeof startOwn>>[number],
    Awaited<ReturnType<typeof startOwn>>[number]
  ]
  const redis = await startRedis(ends, { durable: true })
  // So that the node has the board in memory, as one has that anybody looks at.
  await screens.connect(targetOf(single, WATCH_PATH), 1)

  const bareProcesses = { node: () => [bare.pid] }
  const read: Asking = { ...single.asking, method: 'GET', path: TOP_PATH, items: 0, authorizations: [] }
  const asked = async (
    name: string,
    url: string,
    processes: Processes,
    { asking, most }: { asking: Asking, most: number }
  ): Promise<Row> => {
    await loop.learn(name, asking)
    return {
      name,
      samples: [],
      run: async (forMs) => await measure(loop, { name, url, processes, asking, connections: most, forMs })
    }
  }
  const benchmarked = (name: string, load: CommandLoad): Row => ({
    name,
    samples: [],
    run: async (forMs) => await measureRedis(redis, { ...load, random: users, forMs })
  })
  return [
    await asked('bare Fastify POST', bare.url, bareProcesses, {
      asking: { ...single.asking, path: INCREMENTS_PATH },
      most: connections
    }),
    await asked('increment', single.url, single.processes, { asking: single.asking, most: connections }),
    await asked('bare Fastify GET, ten rows', bare.url, bareProcesses, { asking: read, most: connections }),
    await asked('`GET top`, a board that is watched', single.url, single.processes, {
      asking: read,
      most: connections
    }),
    await asked('batches of 100', batch.url, batch.processes, { asking: batch.asking, most: 16 }),
    await asked('batches of 1000', batch.url, batch.processes, { asking: { ...batch.asking, items: 1000 }, most: 8 }),
    benchmarked('the script, 1 increment a call', {
      words: await scriptCall(redis.client, 1),
      items: 1,
      clients: connections,
      pipelined: 1,
      likely: 10_000
    }),
    benchmarked(`the script, ${GROUP} increments a call`, {
      words: await scriptCall(redis.client, GROUP),
      items: GROUP,
      clients: 4,
      pipelined: 1,
      likely: 1200
    }),
    benchmarked('`ZINCRBY`', { words: ZINCRBY, items: 1, clients: connections, pipelined: 1, likely: 40_000 }),
    benchmarked('`ZINCRBY`, 100 pipelined', { words: ZINCRBY, items: 1, clients: 16, pipelined: 100, likely: 250_000 })
  ]
}

const ZINCRBY = ['ZINCRBY', 'plain', '1', 'user-__rand_int__']

interface LoopLoad {
  readonly name: string
  readonly url: string
  readonly processes: Processes
  readonly asking: Asking
  readonly connections: number
  readonly forMs: number
}

async function measure (
  loop: ClosedLoop,
  { name, url, processes, asking, connections, forMs }: LoopLoad
): Promise<LimitSample> {
  const before = { machine: machineMicros(), atMs: performance.now() }
  const measured = meter({ ...processes, own: () => [process.pid] })
  const { accepted, refused, requestsPerSecond, generatorCpu } = await loop.run(url, name, { connections, forMs })
  const { own, ...used } = measured()
  const otherMicros = machineMicros() - before.machine - sum(Object.values(used)) - own!
  const otherCpu = Math.max(0, otherMicros / 1000 / (performance.now() - before.atMs) - generatorCpu)
  const each = Math.max(1, asking.items)
  return {
    perSecond: requestsPerSecond * each,
    micros: perOperation(used, accepted * each),
    generatorCpu,
    otherCpu,
    errors: refused
  }
}

interface CommandLoad {
  readonly words: readonly string[]
  /** Increments in a command. */
  readonly items: number
  readonly clients: number
  readonly pipelined: number
  /** Commands a second, about: redis-benchmark is told a number, not a time. */
  readonly likely: number
}

async function measureRedis (
  { url, pid }: BenchRedis,
  { words, items, clients, pipelined, likely, random, forMs }: CommandLoad & { random: number, forMs: number }
): Promise<LimitSample> {
  const count = Math.ceil(likely * forMs / 1000)
  const used = meter({ redis: () => [pid] })
  const perSecond = await runRedisBenchmark({ socket: url, words, random, clients, pipelined, count })
  return {
    perSecond: perSecond * items,
    micros: perOperation(used(), count * items),
    generatorCpu: undefined,
    otherCpu: undefined,
    errors: 0
  }
}

function perOperation (used: Readonly<Record<string, number>>, operations: number): Record<string, number> {
  return Object.fromEntries(Object.entries(used).map(([name, micros]) => [name, micros / operations]))
}

function resultOf (rows: readonly Row[]): LimitsResult {
  const [barePost, increment, bareGet, top, hundred, thousand, , , , pipelined] = rows.map(({ samples }) =>
    samples
  ) as [
    LimitSample[],
    LimitSample[],
    LimitSample[],
    LimitSample[],
    LimitSample[],
    LimitSample[],
    LimitSample[],
    LimitSample[],
    LimitSample[],
    LimitSample[]
  ]
  const ratios = (own: readonly LimitSample[], others: readonly LimitSample[], of: (sample: LimitSample) => number) =>
    own.map((sample, n) => of(sample) / of(others[n]!))
  const node = ({ micros }: LimitSample) => micros['node']!
  const rate = ({ perSecond }: LimitSample) => perSecond
  const reaches: Reach[] = [
    {
      what: 'Node CPU of an exactly-once increment, beside a bare POST',
      ratios: ratios(increment, barePost, node),
      most: 1.5
    },
    { what: 'Node CPU of `GET top` from memory, beside a bare GET', ratios: ratios(top, bareGet, node), most: 1.2 },
    {
      what: 'increments/s in batches of 100, beside pipelined `ZINCRBY`',
      ratios: ratios(hundred, pipelined, rate),
      least: 0.6
    },
    {
      what: 'increments/s in batches of 1000, beside pipelined `ZINCRBY`',
      ratios: ratios(thousand, pipelined, rate),
      least: 0.6
    }
  ]
  return {
    rows: rows.map(({ name, samples }) => ({ name, samples })),
    reaches: reaches.map((reach) => ({ ...reach, isMet: isMet(reach) }))
  }
}

function report (options: Options, { rows, reaches }: LimitsResult): string {
  const micros = (samples: readonly LimitSample[], process: string) =>
    samples[0]?.micros[process] === undefined ? '' : spreadMicros(samples.map((sample) => sample.micros[process]!))
  const all = rows.flatMap(({ samples }) => samples)
  const others = all.flatMap(({ otherCpu }) => otherCpu ?? [])
  const busiest = Math.max(...all.flatMap(({ generatorCpu }) => generatorCpu ?? []))
  return [
    '| one increment, or one read | Node CPU, µs | Redis CPU, µs | a second |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ name, samples }) =>
      `| ${name} | ${micros(samples, 'node')} | ${micros(samples, 'redis')} | ${
        spread(samples.map(({ perSecond }) => perSecond))
      } |`
    ),
    '',
    ...REACH_HEAD,
    ...reaches.map(reachRow),
    '',
    `Median (least to most) of ${options.rounds} alternating runs of ${
      (options.seconds * RUN_SHARE).toFixed(1)
    } s or as many commands, ${options.connections} connections (batches of 100 on 16, of 1000 on 8), closed loop, ${
      options.users.toLocaleString('en')
    } users;`,
    "Redis writes to the disk before it answers, for everybody. The last four are redis-benchmark's: its numbers have 12 digits, the script's users and digests are drawn apart, and it knows of one sorted set where scorewire",
    'keeps an action, a quota, a ledger entry and a head beside the score.',
    `${sum(all.map(({ errors }) => errors))} errors; the load generator used ${
      median(all.flatMap(({ generatorCpu }) => generatorCpu ?? [])).toFixed(2)
    } of a core, ${busiest.toFixed(2)} at most${
      busiest > MOST_GENERATOR_CPU
        ? `, which is more than ${MOST_GENERATOR_CPU}: rates are its own limit, CPU times are not`
        : ''
    }; other processes ${spread(others, 2)}${
      median(others) > MOST_OTHER_CPU ? `: DISTURBED, more than ${MOST_OTHER_CPU}` : ''
    }.`,
    `${machine()}, ${today()}:`,
    `\`${commandOf('limits', options, ['connections', 'users', 'seconds', 'rounds'])}\``
  ].join('\n')
}
