// What does it cost the server to bring one board to one screen, beside others who can do that?
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../benchmark.ts'
import { fillBoard, LIVE_ENV, raiser, TOP_USERS, topMessage, WATCH_PATH } from '../servers/board.ts'
import { clockMs } from '../../src/load/clock.ts'
import { Generator, MOST_GENERATOR_CPU } from '../generators/screen-processes.ts'
import { machine, packageVersion, today } from '../machine.ts'
import { PUBLISH_PATH, startNchan, SUBSCRIBE_PATH } from '../servers/nchan.ts'
import { commandOf, type Options } from '../options.ts'
import {
  cpuMicros,
  machineMicros,
  MOST_OTHER_CPU,
  NODE_FLAGS,
  pathOf,
  rssBytes,
  startServer,
  type ServerUnderTest
} from '../servers/processes.ts'
import { startScorewire, type Scorewire } from '../servers/scorewire.ts'
import type { Target } from '../generators/screen.ts'
import { REACH_HEAD, reachRow, type Reach } from '../target.ts'
import { median, spread, spreadMicros, sum } from '../../src/load/report/statistics.ts'
import { onSchedule, Writer, type Post } from '../generators/writer.ts'

/** Eight changes a second: a little slower than scorewire's push window, so that it shows each of them. */
const CHANGE_EVERY_MS = 125
/** From the last change, or the last handshake, to when nothing of it is under way any more. */
const SETTLE_MS = 500
const WARM_UP_SECONDS = 2
/** Screens of the curves. */
const SCALE = [100, 300, 1000, 2000, 5000]
/** From the last handshake to when the memory of idle clients is read. */
const IDLE_MS = 3000
/** Each scrape of the metrics begins the next period of the event loop's delay. */
const SCRAPE_EVERY_MS = 1000

interface System {
  readonly name: string
  readonly server: ServerUnderTest
  readonly target: Target
  readonly change: (n: number) => Post
  readonly redisPid?: number
}

/** One measured run. */
interface FanOutSample {
  readonly changes: number
  readonly delivered: number
  readonly microsPerDelivered: number
  readonly bytesPerDelivered: number
  readonly redisMicrosPerChange: number | undefined
  readonly generatorCpu: number
  /** What everything else on the machine used, in cores. */
  readonly otherCpu: number
  readonly deflating: boolean
  /** Requests not accepted, screens lost, boards that looked wrong. */
  readonly errors: number
}

interface ScaleSample {
  readonly screens: number
  readonly idleBytesPerScreen: number
  readonly changesPerSecond: number
  readonly updatesPerSecond: number
  readonly cpu: number
  /** Everything that the process did meanwhile, for each board delivered. */
  readonly microsPerDelivered: number
  readonly eventLoopP99Ms: number
  readonly generatorCpu: number
  readonly errors: number
}

interface FanOutResult {
  readonly nchanVersion: string
  readonly watchers: number
  readonly systems: readonly { readonly name: string, readonly samples: readonly FanOutSample[] }[]
  /** CPU of scorewire in cores while the same changes are made and nobody watches. */
  readonly unwatchedCpu: number
  readonly scale: readonly ScaleSample[]
}

export async function askFanOut (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const stops: (() => Promise<void>)[] = []
  const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const thing = await starting
    stops.unshift(async () => await thing.stop())
    return thing
  }
  try {
    onProgress('fan-out: starting servers')
    const generator = new Generator(1)
    stops.unshift(async () => await generator.stop())
    const scorewire = await started(startScorewire(LIVE_ENV))
    await fillBoard(scorewire)
    const nchan = await started(startNchan())
    const naive = await started(
      startServer([...NODE_FLAGS, '--import=tsx', pathOf('bench/servers/peers/naive-ws.ts')], {
        NODE_ENV: 'production'
      })
    )
    const raw = await started(
      startServer([...NODE_FLAGS, '--import=tsx', pathOf('bench/servers/peers/raw-tcp.ts')], { NODE_ENV: 'production' })
    )
    const socketIo = await started(
      startServer([...NODE_FLAGS, '--import=tsx', pathOf('bench/servers/peers/socket-io.ts')], {
        NODE_ENV: 'production'
      })
    )

    const raise = raiser(scorewire)
    const change = (n: number) => raise(TOP_USERS[n % TOP_USERS.length]!.userId, 1)
    let version = 0
    const publish = (path: string) => (n: number): Post => ({
      path,
      body: JSON.stringify(topMessage(++version, (row) => 1000 - 50 * row + Math.floor((n + 9 - row) / 10)))
    })
    const plain = (server: ServerUnderTest, path: string) => ({
      port: Number(new URL(server.url).port),
      path,
      engineIo: false,
      deflate: false
    })
    const systems: System[] = [
      {
        name: 'scorewire, as shipped',
        server: scorewire,
        target: plain(scorewire, WATCH_PATH),
        change,
        redisPid: scorewire.redisPid
      },
      {
        name: 'scorewire, deflated',
        server: scorewire,
        target: { ...plain(scorewire, WATCH_PATH), deflate: true },
        change,
        redisPid: scorewire.redisPid
      },
      {
        name: 'nginx + nchan, one worker',
        server: nchan,
        target: plain(nchan, SUBSCRIBE_PATH),
        change: publish(PUBLISH_PATH)
      },
      {
        name: 'Node, a loop of `socket.write` and nothing else',
        server: raw,
        target: plain(raw, '/'),
        change: publish('/')
      },
      {
        name: `\`ws\` ${packageVersion('ws')}, a loop of \`send\``,
        server: naive,
        target: plain(naive, '/'),
        change: publish('/')
      },
      {
        name: `Socket.IO ${packageVersion('socket.io')}, \`io.emit\``,
        server: socketIo,
        target: { ...plain(socketIo, '/socket.io/?EIO=4&transport=websocket'), engineIo: true },
        change: publish('/')
      }
    ]
    const { watchers } = options
    // Without those that do not deflate when they should
    const samples = new Map(systems.map((system) => [system, [] as FanOutSample[]]))
    for (const system of systems) {
      onProgress(`fan-out: warming up ${system.name}`)
      const { deflating } = await measure(system, generator, { watchers, seconds: WARM_UP_SECONDS })
      if (system.target.deflate && !deflating) samples.delete(system)
    }
    for (let round = 1; round <= options.rounds; round++) {
      // There and back: what a run leaves behind is not always paid for by the same next one.
      for (const [system, list] of round % 2 === 1 ? samples : [...samples].reverse()) {
        onProgress(`fan-out: round ${round} of ${options.rounds}, ${system.name}`)
        list.push(await measure(system, generator, { watchers, seconds: options.seconds }))
      }
    }
    onProgress('fan-out: nobody watching')
    const unwatchedCpu = await measureUnwatched(systems[0]!, options.seconds)
    onProgress('fan-out: starting an empty scorewire')
    const empty = await started(startScorewire(LIVE_ENV))
    await fillBoard(empty)
    const scale = await measureScale(empty, generator, {
      steps: options.full
        ? [...SCALE.filter((step) => step < options.screens), options.screens]
        : [watchers, options.screens],
      seconds: options.seconds,
      onProgress
    })
    const result = {
      nchanVersion: nchan.version,
      watchers,
      systems: [...samples].map(([{ name }, list]) => ({ name, samples: list })),
      unwatchedCpu,
      scale
    }
    return { result, text: report(options, result), ...figuresOf(result) }
  } finally {
    for (const stop of stops) await stop()
  }
}

/** Everything from the first change to the last delivery, none of the handshakes. */
async function measure (
  { server, target, change, redisPid }: System,
  generator: Generator,
  { watchers, seconds }: { watchers: number, seconds: number }
): Promise<FanOutSample> {
  await generator.connect(target, watchers)
  await delay(SETTLE_MS)
  const writer = new Writer(server.url, 1)
  const before = {
    tally: await generator.tally(),
    server: cpuMicros(server.pid),
    redis: redisPid === undefined ? 0 : cpuMicros(redisPid),
    own: cpuMicros(process.pid),
    machine: machineMicros(),
    atMs: performance.now()
  }
  generator.startCpu()
  const changes = Math.round(seconds * 1000 / CHANGE_EVERY_MS)
  await onSchedule({ startMs: clockMs(), everyMs: CHANGE_EVERY_MS, count: changes }, (n) => writer.post(change(n)))
  await delay(SETTLE_MS)
  const generatorCpu = generator.cpu()
  const micros = cpuMicros(server.pid) - before.server
  const redisMicros = redisPid === undefined ? undefined : cpuMicros(redisPid) - before.redis
  const others = machineMicros() - before.machine - micros - (redisMicros ?? 0) - (cpuMicros(process.pid) - before.own)
  const otherCpu = Math.max(0, others / 1000 / (performance.now() - before.atMs) - generatorCpu)
  const tally = await generator.tally()
  const failed = await writer.settle()
  writer.close()
  await generator.disconnect()
  const delivered = tally.tops - before.tally.tops
  return {
    changes,
    delivered,
    microsPerDelivered: micros / delivered,
    bytesPerDelivered: (tally.topBytes - before.tally.topBytes) / delivered,
    redisMicrosPerChange: redisMicros === undefined ? undefined : redisMicros / changes,
    generatorCpu,
    otherCpu,
    deflating: tally.deflating === watchers,
    errors: failed + tally.lost + tally.wrong
  }
}

async function measureUnwatched ({ server, change }: System, seconds: number): Promise<number> {
  const writer = new Writer(server.url, 1)
  const before = { micros: cpuMicros(server.pid), atMs: performance.now() }
  await onSchedule({
    startMs: clockMs(),
    everyMs: CHANGE_EVERY_MS,
    count: Math.round(seconds * 1000 / CHANGE_EVERY_MS)
  }, (n) => writer.post(change(n)))
  await writer.settle()
  writer.close()
  return (cpuMicros(server.pid) - before.micros) / 1000 / (performance.now() - before.atMs)
}

interface Scale {
  readonly steps: readonly number[]
  readonly seconds: number
  readonly onProgress: (message: string) => void
}

/**
 * One process that has seen no client before: its memory with idle ones, then its event loop while they are shown
 * changes.
 */
async function measureScale (
  scorewire: Scorewire,
  generator: Generator,
  { steps, seconds, onProgress }: Scale
): Promise<ScaleSample[]> {
  const target = { port: Number(new URL(scorewire.url).port), path: WATCH_PATH, engineIo: false, deflate: false }
  const raise = raiser(scorewire)
  const empty = rssBytes(scorewire.pid)
  const samples: ScaleSample[] = []
  let screens = 0
  for (const step of steps) {
    if (step <= screens) continue
    onProgress(`fan-out: ${step} screens, idle`)
    await generator.connect(target, step - screens)
    screens = step
    await delay(IDLE_MS)
    const idleBytesPerScreen = (rssBytes(scorewire.pid) - empty) / screens

    onProgress(`fan-out: ${step} screens, shown changes`)
    const writer = new Writer(scorewire.url, 1)
    await scorewire.metric('nodejs_eventloop_lag_p99_seconds')
    const before = { tally: await generator.tally(), micros: cpuMicros(scorewire.pid), atMs: performance.now() }
    generator.startCpu()
    const count = Math.round(seconds * 1000 / CHANGE_EVERY_MS)
    const delays: number[] = []
    const startMs = clockMs()
    await Promise.all([
      onSchedule(
        { startMs, everyMs: CHANGE_EVERY_MS, count },
        (n) => writer.post(raise(TOP_USERS[n % TOP_USERS.length]!.userId, 1))
      ),
      (async () => {
        for (let period = 1; period <= seconds; period++) {
          await delay(startMs + period * SCRAPE_EVERY_MS - clockMs())
          delays.push(await scorewire.metric('nodejs_eventloop_lag_p99_seconds'))
        }
      })()
    ])
    const tally = await generator.tally()
    const micros = cpuMicros(scorewire.pid) - before.micros
    const forSeconds = (performance.now() - before.atMs) / 1000
    samples.push({
      screens,
      idleBytesPerScreen,
      changesPerSecond: count / forSeconds,
      updatesPerSecond: (tally.tops - before.tally.tops) / screens / forSeconds,
      cpu: micros / 1_000_000 / forSeconds,
      microsPerDelivered: micros / (tally.tops - before.tally.tops),
      eventLoopP99Ms: Math.max(...delays) * 1000,
      generatorCpu: generator.cpu(),
      errors: await writer.settle() + tally.lost + tally.wrong
    })
    writer.close()
  }
  await generator.disconnect()
  return samples
}

function figuresOf (
  { systems, scale, watchers }: FanOutResult
): Pick<Answer, 'figures' | 'headlines' | 'curves' | 'flaws'> {
  const micros = (samples: readonly FanOutSample[]) => samples.map(({ microsPerDelivered }) => microsPerDelivered)
  const nchan = micros(systems.find(({ name }) => name.includes('nchan'))!.samples)
  const shipped = micros(systems[0]!.samples)
  const ratios = shipped.map((one, round) => one / nchan[round]!)
  const largest = scale.at(-1)
  const byScreens = (of: (sample: ScaleSample) => number) =>
    scale.map((sample): [number, number] => [sample.screens, of(sample)])
  const x = { label: 'screens', log: true }
  const busiest = Math.max(
    ...[...systems.flatMap(({ samples }) => samples), ...scale].map(({ generatorCpu }) => generatorCpu)
  )
  return {
    flaws: busiest > MOST_GENERATOR_CPU
      ? [`the load generator used ${busiest.toFixed(2)} of a core, more than ${MOST_GENERATOR_CPU}`]
      : [],
    figures: [
      ...systems.map(({ name, samples }) => ({
        name: `server CPU of a delivery: ${name}`,
        unit: 'µs',
        better: 'less' as const,
        samples: micros(samples)
      })),
      { name: 'a delivery beside nchan', unit: '×', better: 'less', samples: ratios }
    ],
    headlines: [
      {
        what: `server CPU of a board delivered to one of ${watchers.toLocaleString('en')} WebSockets`,
        measured: `${spreadMicros(shipped)} µs`,
        beside: `× ${spread(ratios, 2)} nginx + nchan`,
        inReadme: true
      },
      ...largest === undefined
        ? []
        : [{
            what: `memory of an idle screen, ${largest.screens.toLocaleString('en')} of them`,
            measured: `${(largest.idleBytesPerScreen / 1024).toFixed(1)} kB`,
            beside: ''
          }]
    ],
    curves: [
      {
        title: 'CPU of a delivery by screens',
        x,
        y: { label: 'µs' },
        lines: [{ name: 'scorewire', points: byScreens(({ microsPerDelivered }) => microsPerDelivered) }]
      },
      {
        title: 'Memory of an idle screen by screens',
        x,
        y: { label: 'kB' },
        lines: [{ name: 'scorewire', points: byScreens(({ idleBytesPerScreen }) => idleBytesPerScreen / 1024) }]
      },
      {
        title: 'Boards a second on each screen',
        x,
        y: { label: 'boards/s' },
        lines: [{ name: 'scorewire', points: byScreens(({ updatesPerSecond }) => updatesPerSecond) }]
      }
    ]
  }
}

function report (options: Options, { nchanVersion, watchers, systems, unwatchedCpu, scale }: FanOutResult): string {
  const nchan = systems.find(({ name }) => name.includes('nchan'))!.samples
  const rows = systems.map(({ name, samples }) => {
    const ratio = samples === nchan
      ? ''
      : `× ${spread(samples.map(({ microsPerDelivered }, n) => microsPerDelivered / nchan[n]!.microsPerDelivered), 2)}`
    const shown = sum(samples.map(({ delivered }) => delivered)) / sum(samples.map(({ changes }) => changes)) / watchers
    return `| ${name} | ${spread(samples.map(({ microsPerDelivered }) => microsPerDelivered), 1)} | ${ratio} | ${
      median(samples.map(({ bytesPerDelivered }) => bytesPerDelivered)).toFixed(0)
    } | ${(100 * shown).toFixed(1)} % |`
  })
  const reach: Reach = {
    what: 'server CPU of a delivery, beside nchan',
    ratios: systems[0]!.samples.map(({ microsPerDelivered }, n) => microsPerDelivered / nchan[n]!.microsPerDelivered),
    most: 1
  }
  const all = systems.flatMap(({ samples }) => samples)
  const redis = systems.flatMap(({ samples }) =>
    samples.flatMap(({ redisMicrosPerChange }) => redisMicrosPerChange ?? [])
  )
  const others = all.map(({ otherCpu }) => otherCpu)
  const busiest = Math.max(...[...all, ...scale].map(({ generatorCpu }) => generatorCpu))
  return [
    `| one board to one of ${
      watchers.toLocaleString('en')
    } WebSockets | server CPU, µs | beside nchan | bytes | changes shown |`,
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...REACH_HEAD,
    reachRow(reach),
    '',
    `| scorewire with | memory of an idle screen | of ${
      (1000 / CHANGE_EVERY_MS).toFixed(0)
    } changes/s, shown | CPU, cores | event-loop delay p99 |`,
    '| --- | --- | --- | --- | --- |',
    ...scale.map(({ screens, idleBytesPerScreen, updatesPerSecond, cpu, eventLoopP99Ms }) =>
      `| ${screens.toLocaleString('en')} screens | ${(idleBytesPerScreen / 1024).toFixed(1)} kB | ${
        updatesPerSecond.toFixed(1)
      } a second | ${cpu.toFixed(2)} | ${eventLoopP99Ms.toFixed(1)} ms |`
    ),
    '',
    `Median (least to most) of ${options.rounds} alternating runs of ${options.seconds} s, ${
      (1000 / CHANGE_EVERY_MS).toFixed(0)
    } changes a second, deliveries counted at the clients; the kernel's half of loopback TCP is in it.`,
    'A change that scorewire does not show by itself is in the next board: its push window is twice a pass over the clients, at least 100 ms.',
    `scorewire's changes are increments over HTTP, and nothing of them is subtracted: with nobody watching, the same changes took its process ${
      (1000 * unwatchedCpu).toFixed(0)
    } ms of CPU a second,`,
    `idle timers included, which is ${
      (1_000_000 * unwatchedCpu * CHANGE_EVERY_MS / 1000 / watchers).toFixed(1)
    } µs of each delivery. Redis took ${
      (median(redis) / CHANGE_EVERY_MS).toFixed(0)
    } ms a second beside that, nearly all of it when idle, too.`,
    "The memory is resident, new process, young generation included. The event-loop delay is the worst second's p99, by Node's monitor, which says 10 ms when there is none.",
    `${sum([...all, ...scale].map(({ errors }) => errors))} errors; the load generator used ${
      busiest.toFixed(2)
    } of a core at most${
      busiest > MOST_GENERATOR_CPU ? `: INVALID, more than ${MOST_GENERATOR_CPU}` : ''
    }, other processes of the machine ${spread(others, 2)}${
      median(others) > MOST_OTHER_CPU ? `: DISTURBED, more than ${MOST_OTHER_CPU}` : ''
    }.`,
    `${machine()}, ${nchanVersion}, ${today()}:`,
    `\`${commandOf('fan-out', options, ['watchers', 'screens', 'seconds', 'rounds'])}\``
  ].join('\n')
}
