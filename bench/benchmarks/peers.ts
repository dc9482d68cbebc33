// How many increments a second can be had of this machine, with scorewire and with what others build?
import type { Answer } from '../benchmark.ts'
import { ClosedLoop, type LoopSample } from '../generators/closed-loop.ts'
import { startOwn, startRedisRank, startSpecification, type Contender, type Ends } from '../servers/contenders.ts'
import { Generator, MOST_GENERATOR_CPU } from '../generators/screen-processes.ts'
import { machine, packageVersion, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import { machineMicros, meter, MOST_OTHER_CPU } from '../servers/processes.ts'
import { isMet, REACH_HEAD, reachAnswer, reachRow, type Reach } from '../target.ts'
import { median, spread, sum } from '../../src/load/report/statistics.ts'

/** Each is measured with the number of connections that gives it the most. */
const CONNECTIONS = [16, 64, 256]
const TRY_MS = 300
/** Most tokens have been seen then, and code is compiled. */
const WARM_UP_MS = 1500
/** Items of a batch. */
const ITEMS = 100
const SCREENS = 100
/** The part of the given seconds that a run takes: there are two settings, each with its connections to open. */
const RUN_SHARE = 0.4

const SETTINGS = [{ name: 'nobody watching', screens: 0 }, {
  name: `${SCREENS} screens watching`,
  screens: SCREENS
}] as const
type Setting = typeof SETTINGS[number]

/** One measured run: CPU time is µs an increment. */
interface PeerSample extends Omit<LoopSample, 'requestsPerSecond' | 'points'> {
  readonly incrementsPerSecond: number
  readonly micros: Readonly<Record<string, number>>
  /** What everything else on the machine used, in cores. */
  readonly otherCpu: number
  /** Boards that each screen was shown a second. */
  readonly shownPerSecond: number
  /** Refused requests, screens lost and boards that looked wrong. */
  readonly errors: number
  /** What the store has gained beside what was acknowledged. */
  readonly unaccounted: number
}

interface PeersResult {
  readonly contenders: readonly {
    readonly name: string,
    readonly connections: number,
    readonly runs: readonly { readonly setting: string, readonly samples: readonly PeerSample[] }[]
  }[]
  readonly reaches: readonly (Reach & { readonly isMet: boolean })[]
}

interface Bench {
  readonly loop: ClosedLoop
  readonly screens: Generator
}
interface Entrant {
  readonly contender: Contender
  connections: number
  readonly runs: Map<Setting, PeerSample[]>
}

/** Alternates measured runs of each contender, with nobody watching and with screens that are shown the board. */
export async function askPeers (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const ends: Ends = []
  try {
    onProgress('peers: starting servers')
    const loop = new ClosedLoop(1)
    ends.unshift(async () => await loop.stop())
    const screens = new Generator(1)
    ends.unshift(async () => await screens.stop())
    const { users } = options
    const contenders = [
      ...await startOwn(users, ITEMS, ends),
      await startSpecification(users, { cached: false }, ends),
      await startSpecification(users, { cached: true }, ends),
      await startRedisRank(users, ends)
    ]
    const entrants: Entrant[] = contenders.map((contender) => ({
      contender,
      connections: CONNECTIONS[0]!,
      runs: new Map(SETTINGS.map((setting) => [setting, []]))
    }))
    for (const entrant of entrants) {
      onProgress(`peers: warming up ${entrant.contender.name}`)
      entrant.connections = await bestConnections(loop, entrant.contender)
    }
    await alternate({ loop, screens }, entrants, { ...options, onProgress })
    const result = resultOf(entrants)
    return { result, text: report(options, result), ...reachAnswer(result.reaches) }
  } finally {
    for (const end of ends) await end()
  }
}

/** Tries some, the last one first: those that are not there yet are the first to be slow. */
async function bestConnections (loop: ClosedLoop, { name, url, asking }: Contender): Promise<number> {
  await loop.learn(name, asking)
  await loop.run(url, name, { connections: CONNECTIONS.at(-1)!, forMs: WARM_UP_MS })
  const tries: { readonly connections: number, readonly rate: number }[] = []
  for (const connections of CONNECTIONS.toReversed()) {
    tries.push({ connections, rate: (await loop.run(url, name, { connections, forMs: TRY_MS })).requestsPerSecond })
  }
  return tries.reduce((best, next) => next.rate > best.rate ? next : best).connections
}

interface Rounds {
  readonly rounds: number
  readonly seconds: number
  readonly onProgress: (message: string) => void
}

/** There and back: what a run leaves behind is not always paid for by the same next one. */
async function alternate (
  bench: Bench,
  entrants: readonly Entrant[],
  { rounds, seconds, onProgress }: Rounds
): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    for (const setting of SETTINGS) {
      for (const { contender, connections, runs } of round % 2 === 1 ? entrants : entrants.toReversed()) {
        onProgress(`peers: round ${round} of ${rounds}, ${setting.name}, ${contender.name}`)
        runs.get(setting)!.push(
          await measure(bench, contender, { connections, screens: setting.screens, forMs: 1000 * seconds * RUN_SHARE })
        )
      }
    }
  }
}

async function measure (
  { loop, screens }: Bench,
  contender: Contender,
  run: { connections: number, screens: number, forMs: number }
): Promise<PeerSample> {
  const { name, url, asking: { items }, processes, screen } = contender
  if (run.screens > 0) await screens.connect(screen, run.screens)
  const before = {
    points: await contender.points(),
    tally: await screens.tally(),
    machine: machineMicros(),
    atMs: performance.now()
  }
  screens.startCpu()
  const used = meter({ ...processes, own: () => [process.pid] })
  const { requestsPerSecond, points, ...sample } = await loop.run(url, name, run)
  const { own, ...micros } = used()
  const tookMs = performance.now() - before.atMs
  const servers = sum(Object.values(micros))
  const otherCpu = Math.max(
    0,
    (machineMicros() - before.machine - servers - own!) / 1000 / tookMs - sample.generatorCpu - screens.cpu()
  )
  const tally = await screens.tally()
  await screens.disconnect()
  const increments = sample.accepted * items
  return {
    ...sample,
    incrementsPerSecond: requestsPerSecond * items,
    micros: Object.fromEntries(Object.entries(micros).map(([process, used]) => [process, used / increments])),
    otherCpu,
    shownPerSecond: run.screens === 0 ? 0 : (tally.tops - before.tally.tops) / run.screens / tookMs * 1000,
    errors: sample.refused + tally.lost + tally.wrong,
    unaccounted: Math.abs(await contender.points() - before.points - points)
  }
}

function resultOf (entrants: readonly Entrant[]): PeersResult {
  const ratesOf = (entrant: Entrant, setting: Setting) =>
    entrant.runs.get(setting)!.map(({ incrementsPerSecond }) => incrementsPerSecond)
  const [single, batch, plain, cached, rank] = entrants as [Entrant, Entrant, Entrant, Entrant, Entrant]
  const reach = (own: Entrant, peer: Entrant, setting: Setting, least: number): Reach => {
    const others = ratesOf(peer, setting)
    return {
      what: `${own === single ? 'one by one' : 'batched'}, ${setting.name}, beside ${peer.contender.name}`,
      ratios: ratesOf(own, setting).map((rate, n) => rate / others[n]!),
      least,
      inReadme: peer === plain && setting.screens === 0
    }
  }
  const reaches = SETTINGS.flatMap((setting) =>
    [batch, single].flatMap((
      own
    ) => [reach(own, plain, setting, 20), reach(own, cached, setting, 8), reach(own, rank, setting, 1)])
  )
  return {
    contenders: entrants.map(({ contender, connections, runs }) => ({
      name: contender.name,
      connections,
      runs: [...runs].map(([setting, samples]) => ({ setting: setting.name, samples }))
    })),
    reaches: reaches.map((reach) => ({ ...reach, isMet: isMet(reach) }))
  }
}

function report (options: Options, { contenders, reaches }: PeersResult): string {
  const rows = SETTINGS.flatMap((setting) =>
    contenders.map(({ name, connections, runs }) => {
      const { samples } = runs.find((run) => run.setting === setting.name)!
      const micros = Object.keys(samples[0]!.micros).map((process) =>
        `${process} ${median(samples.map((sample) => sample.micros[process]!)).toFixed(1)}`
      )
      const batched = contenders[1]!.runs.find((run) => run.setting === setting.name)!.samples
      const beside = spread(
        samples.map((sample, n) => sum(Object.values(sample.micros)) / sum(Object.values(batched[n]!.micros))),
        1
      )
      const { p50, p99 } = {
        p50: median(samples.map(({ latency }) => latency.p50)),
        p99: median(samples.map(({ latency }) => latency.p99))
      }
      const flaw = samples.some(({ generatorCpu }) => generatorCpu > MOST_GENERATOR_CPU)
        ? ' (the generator is the limit)'
        : ''
      return `| ${setting.name}: ${name}${flaw} | ${
        spread(samples.map(({ incrementsPerSecond }) => incrementsPerSecond))
      } | ${micros.join(', ')} | × ${beside} | ${connections} | ${p50.toFixed(1)} / ${p99.toFixed(1)} | ` +
        `${setting.screens === 0 ? '' : median(samples.map(({ shownPerSecond }) => shownPerSecond)).toFixed(1)} | ${
          median(samples.map(({ generatorCpu }) => generatorCpu)).toFixed(2)
        } |`
    })
  )
  const all = contenders.flatMap(({ runs }) => runs.flatMap(({ samples }) => samples))
  const others = all.map(({ otherCpu }) => otherCpu)
  return [
    '| at saturation | increments/s | CPU of an increment, µs | all of it beside one in a batch | connections | a request, ms: p50 / p99 | boards/s on a screen | generator, cores |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...REACH_HEAD,
    ...reaches.map(reachRow),
    '',
    `Median (least to most) of ${options.rounds} alternating runs of ${
      (options.seconds * RUN_SHARE).toFixed(1)
    } s, closed loop, ${
      options.users.toLocaleString('en')
    } users at random, each with a token of their own (a batch of ${ITEMS} has one of a service);`,
    `each with the number of connections, of ${
      CONNECTIONS.join(', ')
    }, that gave it most. One Node process each, its store, the generator and the screens share the machine's cores, so the CPU time says more than the rate.`,
    "Everybody has written an increment to the disk before it is answered: scorewire and redis-rank by `appendfsync always`, the specification by PostgreSQL's fsync with `synchronous_commit`; its cache keeps nothing on the disk.",
    'What scorewire does beside the others, as shipped: each action counts once, a ledger entry, quotas, metrics, who was first among equals. The others send the top 10 after each update, as specified, even when nobody watches; scorewire at most once in its push window, and only when it looks different.',
    `${
      sum(all.map(({ errors }) => errors))
    } errors; after each run the points in the store were compared with those acknowledged: ${
      sum(all.map(({ unaccounted }) => unaccounted))
    } unaccounted for.`,
    `Other processes of the machine used ${spread(others, 2)} of a core${
      median(others) > MOST_OTHER_CPU ? `: DISTURBED, more than ${MOST_OTHER_CPU}` : ''
    }.`,
    `Express ${packageVersion('express')}, pg ${packageVersion('pg')}, jsonwebtoken ${
      packageVersion('jsonwebtoken')
    }, Socket.IO ${packageVersion('socket.io')}, redis-rank ${packageVersion('redis-rank')}, Fastify ${
      packageVersion('fastify')
    }.`,
    `${machine()}, ${today()}:`,
    `\`${commandOf('peers', options, ['users', 'seconds', 'rounds'])}\``
  ].join('\n')
}
