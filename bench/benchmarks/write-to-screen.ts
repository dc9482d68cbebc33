// How long does it take from a write to the screens? Open loop: from the planned time of a write to the first board
// with it, on every screen. First with nginx + nchan and no store at all, the same clients and the same schedule:
// what the generator itself adds.
import { setTimeout as delay } from 'node:timers/promises'
import { encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { Answer } from '../benchmark.ts'
import {
  fillBoard,
  LEADER,
  LEADER_MARKER,
  LIVE_ENV,
  raiser,
  TOP_USERS,
  topMessage,
  WATCH_PATH
} from '../servers/board.ts'
import { clockMs } from '../../src/load/clock.ts'
import { Generator, MOST_GENERATOR_CPU } from '../generators/screen-processes.ts'
import { machine, today } from '../machine.ts'
import { PUBLISH_PATH, startNchan, SUBSCRIBE_PATH } from '../servers/nchan.ts'
import { commandOf, type Options } from '../options.ts'
import { cpuMicros, machineMicros, MOST_OTHER_CPU, type ServerUnderTest } from '../servers/processes.ts'
import { startScorewire, type Scorewire } from '../servers/scorewire.ts'
import { sum } from '../../src/load/report/statistics.ts'
import { onSchedule, Writer, type Post } from '../generators/writer.ts'

/** Not a multiple of the push window, so that marked writes fall into every part of it. */
const MARKED_EVERY_MS = 487
const WARM_UP_WRITES = 3
const SETTLE_MS = 500
/** A write that a screen does not show by then was lost on it. */
const LAST_SHOWN_MS = 2000

interface Setting {
  readonly name: string
  readonly screens: number
  /** Screens beside those that never read. */
  readonly deaf: number
  readonly writesPerSecond: number
  /** Each so-manieth write goes to one of the nine after the leader, and so to every screen. */
  readonly visibleEach: number
}

const QUIET: Setting = { name: 'quiet', screens: 1000, deaf: 0, writesPerSecond: 0, visibleEach: 1 }
const BUSY: Setting = { name: 'busy', screens: 5000, deaf: 0, writesPerSecond: 2000, visibleEach: 50 }
const LIVELY: Setting = { name: 'lively', screens: 1800, deaf: 0, writesPerSecond: 8, visibleEach: 1 }
const DEAF: Setting = { ...LIVELY, name: 'lively, 200 more that never read', deaf: 200 }

const BUSY_USERS = 20_000
/** nchan passes on what it is given; scorewire shows a busy board about as often. */
const NCHAN_BUSY_EVERY_MS = 100

interface WriteToScreenSample {
  readonly setting: string
  readonly system: string
  readonly screens: number
  readonly writes: number
  /** From a write's planned time to the last screen, in ms, over the writes that every screen has shown. */
  readonly last: { readonly p50: number, readonly p99: number, readonly max: number }
  /** The same to each screen, over all deliveries. */
  readonly each: { readonly p50: number, readonly p99: number, readonly max: number }
  readonly deliveries: number
  /** All of them: HdrHistogram of µs, compressed, in base64. */
  readonly histogram: string
  /** Boards a second on each screen. */
  readonly updatesPerSecond: number
  readonly serverCpu: number
  readonly generatorCpu: number
  readonly writerCpu: number
  readonly storeCpu: number
  /** What everything else on the machine used, in cores. */
  readonly otherCpu: number
  /** The longest that a marked write was late, in ms; it is part of the latency. */
  readonly writerLateMs: number
  /** Deliveries that never came, requests not accepted, screens lost, boards that looked wrong. */
  readonly errors: Readonly<Record<'missing' | 'refused' | 'lost' | 'wrong', number>>
}

interface WriteToScreenResult {
  readonly nchanVersion: string
  readonly samples: readonly WriteToScreenSample[]
}

interface System {
  readonly name: string
  readonly server: ServerUnderTest
  readonly path: string
  readonly storePid?: number
  /** For the writer. More than one would let boards that are published overtake each other. */
  readonly connections: number
  /** Makes the write that raises the leader by one. */
  readonly marked: () => Post
  /** The other writes of a busy board. */
  readonly others: (setting: Setting) => { readonly everyMs: number, readonly post: (n: number) => Post }
  leaderScore: number
}

export async function askWriteToScreen (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const stops: (() => Promise<void>)[] = []
  try {
    onProgress('write-to-screen: starting servers')
    const nchan = await startNchan()
    stops.unshift(async () => await nchan.stop())
    const scorewire = await startScorewire(LIVE_ENV)
    stops.unshift(async () => await scorewire.stop())
    await fillBoard(scorewire)
    const generator = new Generator(1)
    stops.unshift(async () => await generator.stop())

    const systems = [nchanSystem(nchan), scorewireSystem(scorewire)]
    const samples: WriteToScreenSample[] = []
    for (const setting of [QUIET, BUSY, LIVELY, DEAF]) {
      // The last two ask what some clients cost the others, which is no question to nchan here.
      for (const system of setting === LIVELY || setting === DEAF ? systems.slice(1) : systems) {
        const screens = Math.min(setting.screens, options.screens)
        onProgress(`write-to-screen: ${setting.name} board, ${system.name}, ${screens.toLocaleString('en')} screens`)
        const target = {
          port: Number(new URL(system.server.url).port),
          path: system.path,
          engineIo: false,
          deflate: false
        }
        await generator.connect(target, screens)
        if (setting.deaf > 0) await generator.connect({ ...target, deaf: true }, setting.deaf)
        await measure(system, generator, { setting, screens, writes: WARM_UP_WRITES })
        samples.push(await measure(system, generator, { setting, screens, writes: options.writes }))
        await generator.disconnect()
      }
    }
    const result = { nchanVersion: nchan.version, samples }
    return { result, text: report(options, result), ...figuresOf(result) }
  } finally {
    for (const stop of stops) await stop()
  }
}

function scorewireSystem (scorewire: Scorewire): System {
  const raise = raiser(scorewire)
  const runnersUp = TOP_USERS.slice(1)
  const post = (n: number, { visibleEach }: Setting) =>
    n % visibleEach === 0
      ? raise(runnersUp[n / visibleEach % runnersUp.length]!.userId, 1)
      : raise(`user-${Math.floor(Math.random() * BUSY_USERS)}`, 1)
  return {
    name: 'scorewire',
    server: scorewire,
    path: WATCH_PATH,
    storePid: scorewire.redisPid,
    connections: 8,
    marked: () => raise(LEADER.userId, 1),
    others: (setting) => ({ everyMs: 1000 / setting.writesPerSecond, post: (n) => post(n, setting) }),
    leaderScore: LEADER.score
  }
}

function nchanSystem (nchan: ServerUnderTest): System {
  let version = 0
  let leaderScore = LEADER.score
  const publish = () => ({
    path: PUBLISH_PATH,
    body: JSON.stringify(topMessage(++version, (row) => row === 0 ? leaderScore : TOP_USERS[row]!.score))
  })
  return {
    name: 'nginx + nchan',
    server: nchan,
    path: SUBSCRIBE_PATH,
    connections: 1,
    marked () {
      leaderScore++
      return publish()
    },
    others: () => ({ everyMs: NCHAN_BUSY_EVERY_MS, post: publish }),
    leaderScore
  }
}

interface Run {
  readonly setting: Setting
  readonly screens: number
  readonly writes: number
}

async function measure (
  system: System,
  generator: Generator,
  { setting, screens, writes }: Run
): Promise<WriteToScreenSample> {
  const { name, server, storePid, connections, marked } = system
  const others = system.others(setting)
  const isBusy = setting.writesPerSecond > 0
  await delay(SETTLE_MS)
  const writer = new Writer(server.url, connections)
  const schedule = { startMs: clockMs() + MARKED_EVERY_MS, everyMs: MARKED_EVERY_MS, count: writes }
  await generator.follow({ ...schedule, baseScore: system.leaderScore, marker: LEADER_MARKER })
  system.leaderScore += writes
  const used = () => [server.pid, process.pid, ...(storePid === undefined ? [] : [storePid])].map(cpuMicros)
  const before = {
    tops: (await generator.tally()).tops,
    used: used(),
    machine: machineMicros(),
    atMs: performance.now()
  }
  generator.startCpu()
  const forMs = (writes + 1) * MARKED_EVERY_MS
  const [writerLateMs] = await Promise.all([
    onSchedule(schedule, () => writer.post(marked())),
    isBusy
      ? onSchedule(
        { startMs: clockMs(), everyMs: others.everyMs, count: Math.floor(forMs / others.everyMs) },
        (n) => writer.post(others.post(n))
      )
      : 0
  ])
  const tookMs = performance.now() - before.atMs
  const generatorCpu = generator.cpu()
  const [serverCpu, writerCpu, storeCpu = 0] = used().map((micros, n) =>
    (micros - before.used[n]!) / 1000 / tookMs
  ) as [number, number, number?]
  const usedCpu = (machineMicros() - before.machine) / 1000 / tookMs
  const otherCpu = Math.max(0, usedCpu - serverCpu - writerCpu - storeCpu - generatorCpu)
  const updates = (await generator.tally()).tops - before.tops
  await delay(LAST_SHOWN_MS)
  const { latencies, shownOn, lastMs } = await generator.shown()
  const { lost, wrong } = await generator.tally()
  const refused = await writer.settle()
  writer.close()
  return {
    setting: setting.name,
    system: name,
    screens,
    writes,
    last: quantiles(lastMs.filter((_, write) => shownOn[write] === screens)),
    each: quantilesOf(latencies),
    deliveries: latencies.totalCount,
    histogram: encodeIntoCompressedBase64(latencies),
    updatesPerSecond: updates / screens / tookMs * 1000,
    serverCpu,
    generatorCpu,
    writerCpu,
    storeCpu,
    otherCpu,
    writerLateMs,
    errors: { missing: writes * screens - latencies.totalCount, refused, lost, wrong }
  }
}

function quantiles (ms: readonly number[]): WriteToScreenSample['last'] {
  const sorted = ms.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

function quantilesOf (micros: Histogram): WriteToScreenSample['each'] {
  return {
    p50: micros.getValueAtPercentile(50) / 1000,
    p99: micros.getValueAtPercentile(99) / 1000,
    max: micros.maxValue / 1000
  }
}

function errorsOf (samples: readonly WriteToScreenSample[]): string {
  const kinds = ['missing', 'refused', 'lost', 'wrong'] as const
  const counts = kinds.map((kind) => ({ kind, count: sum(samples.map(({ errors }) => errors[kind])) })).filter((
    { count }
  ) => count > 0)
  return counts.length === 0 ? '0 errors' : `Errors: ${counts.map(({ kind, count }) => `${count} ${kind}`).join(', ')}`
}

/** What clients that never read cost the others. */
function deafOf (samples: readonly WriteToScreenSample[]): string {
  const [without, beside] = [LIVELY, DEAF].map(({ name }) => samples.find(({ setting }) => setting === name)!) as [
    WriteToScreenSample,
    WriteToScreenSample
  ]
  return `${DEAF.deaf} clients that never read change the others' p99 by × ${
    (beside.each.p99 / without.each.p99).toFixed(2)
  }.`
}

function figuresOf ({ samples }: WriteToScreenResult): Pick<Answer, 'headlines' | 'latencies' | 'flaws'> {
  const nameOf = ({ setting, system, screens }: WriteToScreenSample) =>
    `${setting}, ${screens.toLocaleString('en')} screens: ${system}`
  const ms = ({ p50, p99, max }: WriteToScreenSample['last']) =>
    `${p50.toFixed(0)} / ${p99.toFixed(0)} / ${max.toFixed(0)} ms`
  const told = samples.filter(({ setting, system }) =>
    system === 'scorewire' && (setting === QUIET.name || setting === BUSY.name)
  )
  return {
    flaws: samples.filter(({ generatorCpu }) => generatorCpu > MOST_GENERATOR_CPU).map((sample) =>
      `${nameOf(sample)}: the screens' process used ${
        sample.generatorCpu.toFixed(2)
      } of a core, more than ${MOST_GENERATOR_CPU}`
    ),
    latencies: samples.map((sample) => ({ name: nameOf(sample), micros: sample.histogram })),
    headlines: told.map((sample) => {
      const peer = samples.find(({ setting, system }) => setting === sample.setting && system !== sample.system)
      return {
        what: `from a write to the last screen, ${sample.setting} board, ${
          sample.screens.toLocaleString('en')
        } screens: p50 / p99 / max`,
        measured: ms(sample.last),
        beside: peer === undefined ? '' : `${ms(peer.last)} ${peer.system}, without a store`,
        inReadme: true
      }
    })
  }
}

const two = (cores: number) => cores.toFixed(2)

function report (options: Options, { nchanVersion, samples }: WriteToScreenResult): string {
  const ms = ({ p50, p99, max }: WriteToScreenSample['last']) =>
    `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(1)}`
  const flaw = ({ generatorCpu, otherCpu }: WriteToScreenSample) =>
    generatorCpu > MOST_GENERATOR_CPU ? ' (INVALID: generator)' : otherCpu > MOST_OTHER_CPU ? ' (DISTURBED)' : ''
  const rows = samples.map((sample) =>
    [
      `| ${sample.setting}, ${sample.screens.toLocaleString('en')} screens: ${sample.system}${flaw(sample)}`,
      ms(sample.last),
      ms(sample.each),
      sample.updatesPerSecond.toFixed(1),
      [sample.serverCpu, sample.storeCpu].map(two).join(' + '),
      [sample.generatorCpu, sample.writerCpu].map(two).join(' + '),
      `${two(sample.otherCpu)} |`
    ].join(' | ')
  )
  return [
    '| from a write to | the last screen, ms: p50 / p99 / max | each screen, ms: p50 / p99 / max | updates/s | CPU: server + Redis | screens + writer | others |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `From the planned time of a write, an increment over HTTP that Redis has fsynced, to the first board with it. ${options.writes} marked writes each, one in ${MARKED_EVERY_MS} ms,`,
    `open loop; every delivery to every screen is counted. Quiet: nothing else. Busy: ${
      BUSY.writesPerSecond.toLocaleString('en')
    } increments a second beside them, to ${
      BUSY_USERS.toLocaleString('en')
    } users, each ${BUSY.visibleEach}th visible.`,
    `Lively: ${LIVELY.writesPerSecond} visible changes a second; ${deafOf(samples)}`,
    `nginx + nchan is the calibration: same clients, same schedule, no store, the finished message published straight to it (busy: every ${NCHAN_BUSY_EVERY_MS} ms).`,
    `CPU in cores: past ${MOST_GENERATOR_CPU} of the screens a run is invalid, past ${MOST_OTHER_CPU} of other processes it is disturbed.`,
    `The writer was ${
      Math.max(...samples.map(({ writerLateMs }) => writerLateMs)).toFixed(1)
    } ms late at most, which is in the latencies. ${errorsOf(samples)}.`,
    `${machine()}, ${nchanVersion}, ${today()}:`,
    `\`${commandOf('write-to-screen', options, ['screens', 'writes'])}\``
  ].join('\n')
}
