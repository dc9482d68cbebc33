// What does a board cost as it grows? A write and each kind of read at a thousand members and at a million, its
// memory, and the longest that Redis is busy with one thing.
import type { Answer } from '../benchmark.ts'
import { measureActionBytes } from '../measures/action-memory.ts'
import type { LoadSample } from '../generators/autocannon.ts'
import { machine, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import { operate } from '../measures/operate.ts'
import { forkMs, notePauses, readPauses, type Pauses } from '../measures/pauses.ts'
import { MOST_OTHER_CPU } from '../servers/processes.ts'
import type { SeededBytes } from '../servers/seed.ts'
import {
  AROUND,
  BATCHED,
  LOOKED_UP,
  measureRequests,
  runsText,
  startSeeded,
  type SeededScorewire
} from '../servers/seeded.ts'
import { median, spread, spreadMicros, sum } from '../../src/load/report/statistics.ts'

/** Of each kind, one at a time. */
const CALM_COUNT = 100
const ACTIONS = 1_000_000
/** What is to be reached: a write on the largest board beside one on the smallest, and bytes. */
const REACH = { ratio: 2, memberBytes: 125, actionBytes: 40 }

/** What holds up everybody for longer is told of. */
const BLOCKED_MS = 5
/** To close a season of more takes minutes. */
const MOST_OPERATED = 1_000_000

const KINDS = ['increment', 'top', 'user', 'lookup'] as const
type Kind = typeof KINDS[number]
const CALM_KINDS = ['batch', 'top', 'user', 'lookup'] as const

interface GrowthSample {
  readonly members: number
  readonly bytes: SeededBytes
  readonly samples: Readonly<Record<Kind, readonly LoadSample[]>>
  /** Increments in a script call, on average. */
  readonly groupSize: number
  readonly loaded: Pauses
  /**
   * The same while one client asks for one thing at a time, increments in full groups: Redis has a core for itself
   * then.
   */
  readonly calm: Pauses
  readonly forkMs: number
  /** The same while operators ban, remove, close and delete; undefined on boards larger than that is asked of. */
  readonly operated: Pauses | undefined
}

interface GrowthResult {
  readonly boards: readonly GrowthSample[]
  readonly actionBytes: number
}

interface Growing {
  readonly scorewire: SeededScorewire
  readonly samples: Record<Kind, LoadSample[]>
}

/** Has a scorewire with a Redis of its own for each size, and alternates measured runs of all of them. */
export async function askGrowth (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const { connections, rounds, sizes } = options
  const growing: Growing[] = []
  try {
    for (const members of sizes) {
      onProgress(`growth: loading ${members.toLocaleString('en')} members`)
      growing.push({ scorewire: await startSeeded(members), samples: { increment: [], top: [], user: [], lookup: [] } })
    }
    for (const { scorewire } of growing) {
      onProgress(`growth: warming up, ${scorewire.members.toLocaleString('en')} members`)
      await measureRequests(scorewire, 'increment', { connections })
      await notePauses(scorewire.redis)
    }
    for (let round = 1; round <= rounds; round++) {
      // There and back: what a run leaves behind is not always paid for by the same next one.
      for (const { scorewire, samples } of round % 2 === 1 ? growing : growing.toReversed()) {
        onProgress(`growth: round ${round} of ${rounds}, ${scorewire.members.toLocaleString('en')} members`)
        for (const kind of KINDS) samples[kind].push(await measureRequests(scorewire, kind, { connections }))
      }
    }
    const measured: Omit<GrowthSample, 'operated'>[] = []
    for (const { scorewire, samples } of growing) {
      const { members, bytes, redis } = scorewire
      onProgress(`growth: one thing at a time, ${members.toLocaleString('en')} members`)
      const groups = await scorewire.metric('scorewire_increment_group_size_count')
      const groupSize = await scorewire.metric('scorewire_increment_group_size_sum') / groups
      const loaded = await readPauses(redis)
      await notePauses(redis)
      for (const kind of CALM_KINDS) await measureRequests(scorewire, kind, { connections: 1, count: CALM_COUNT })
      const calm = await readPauses(redis)
      measured.push({ members, bytes, samples, groupSize, loaded, calm, forkMs: await forkMs(redis) })
    }
    onProgress(`growth: ${ACTIONS.toLocaleString('en')} remembered actions`)
    const actionBytes = await measureActionBytes(growing[0]!.scorewire, ACTIONS)
    const boards: GrowthSample[] = []
    for (const [n, { scorewire }] of growing.entries()) {
      onProgress(`growth: bans, removals and a closed season, ${scorewire.members.toLocaleString('en')} members`)
      boards.push({
        ...measured[n]!,
        operated: scorewire.members > MOST_OPERATED ? undefined : await operate(scorewire)
      })
    }
    const result = { boards, actionBytes }
    return { result, text: report(options, result), ...figuresOf(result) }
  } finally {
    await Promise.all(growing.map(async ({ scorewire }) => await scorewire.stop()))
  }
}

const micros = (samples: readonly LoadSample[]) => samples.map((sample) => sample.micros['redis']!)

function figuresOf ({ boards, actionBytes }: GrowthResult): Pick<Answer, 'figures' | 'headlines' | 'curves'> {
  const [smallest, largest] = [boards[0]!, boards.at(-1)!]
  const ratios = micros(largest.samples.increment).map((one, round) => one / micros(smallest.samples.increment)[round]!)
  const byMembers = (of: (board: GrowthSample) => number | undefined) =>
    boards.flatMap((board): [number, number][] => {
      const value = of(board)
      return value === undefined ? [] : [[board.members, value]]
    })
  const x = { label: 'members', log: true }
  return {
    figures: [
      ...boards.flatMap(({ members, samples }) =>
        KINDS.map((kind) => ({
          name: `Redis CPU: ${kind}, ${members.toLocaleString('en')} members`,
          unit: 'µs',
          better: 'less' as const,
          samples: micros(samples[kind])
        }))
      ),
      {
        name: 'an increment on the largest board beside one on the smallest',
        unit: '×',
        better: 'less',
        samples: ratios
      }
    ],
    headlines: [
      {
        what: `Redis CPU of an increment, ${largest.members.toLocaleString('en')} members`,
        measured: `${spreadMicros(micros(largest.samples.increment))} µs`,
        beside: `× ${spread(ratios, 2)} the same with ${smallest.members.toLocaleString('en')}`
      },
      {
        what: 'memory in Redis',
        measured: `${largest.bytes.scores.toFixed(0)} B a member, ${actionBytes.toFixed(0)} B a remembered action`,
        beside: '',
        inReadme: true
      }
    ],
    curves: [
      {
        title: 'Redis CPU by members',
        x,
        y: { label: 'µs' },
        lines: (['increment', 'top', 'user'] as const).map((kind) => ({
          name: kind,
          points: byMembers(({ samples }) => median(micros(samples[kind])))
        }))
      },
      {
        title: 'Redis CPU of a lookup of 500 by members',
        x,
        y: { label: 'µs' },
        lines: [{ name: 'lookup', points: byMembers(({ samples }) => median(micros(samples.lookup))) }]
      },
      {
        title: 'Bytes in the zset by members',
        x,
        y: { label: 'bytes a member' },
        lines: [{ name: 'zset', points: byMembers(({ bytes }) => bytes.scores) }]
      },
      {
        title: 'Slowest command by members',
        x,
        y: { label: 'ms' },
        lines: [{ name: 'one request at a time', points: byMembers(({ calm }) => calm.command?.ms) }, {
          name: 'at full load',
          points: byMembers(({ loaded }) => loaded.command?.ms)
        }]
      }
    ]
  }
}

function report (options: Options, { boards, actionBytes }: GrowthResult): string {
  const [smallest, largest] = [boards[0]!, boards.at(-1)!]
  const all = boards.flatMap(({ samples }) => Object.values(samples).flat())
  const others = all.map(({ otherCpu }) => otherCpu)
  const ratios = micros(largest.samples.increment).map((one, round) => one / micros(smallest.samples.increment)[round]!)
  const missed = median(ratios) > REACH.ratio || largest.bytes.scores > REACH.memberBytes ||
    actionBytes > REACH.actionBytes
  const noted = boards.flatMap(({ members, loaded, calm }) =>
    [...loaded.others, ...calm.others].filter(({ ms }) => ms > BLOCKED_MS)
      .map(({ event, ms }) => ` Redis' ${event} took ${ms} ms at ${members.toLocaleString('en')} members.`)
  )
  const slowest = ({ command }: Pauses) => command === undefined ? '< 1' : `${command.ms.toFixed(1)} (${command.name})`
  const row = ({ members, samples, loaded, calm, forkMs, operated }: GrowthSample) =>
    `| ${
      [
        members.toLocaleString('en'),
        ...KINDS.map((kind) => spreadMicros(micros(samples[kind]))),
        slowest(calm),
        operated === undefined ? '' : slowest(operated),
        slowest(loaded),
        `${loaded.diskMs} / ${forkMs.toFixed(1)}`
      ].join(' | ')
    } |`
  return [
    `| members | Redis CPU, µs: increment | \`GET top\` | \`GET users/{id}?around=${AROUND}\` | lookup of ${LOOKED_UP} ids | slowest command, ms | of operators | at full load | AOF / fork, ms |`,
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...boards.map(row),
    '',
    `Exactly-once increments of random members over HTTP, as shipped, in groups of ${
      boards.map(({ groupSize }) => groupSize.toFixed(0)).join(', ')
    }: × ${spread(ratios, 2)} from the smallest board to the largest.` +
    ` A member there takes ${largest.bytes.scores.toFixed(0)} B in the zset and, counted separately, ${
      largest.bytes.names.toFixed(0)
    } B for the username; a remembered action ${actionBytes.toFixed(0)} B, of ${ACTIONS.toLocaleString('en')} a day.` +
    ` Reach: × ${REACH.ratio}, ${REACH.memberBytes} B in the zset, ${REACH.actionBytes} B: ${
      missed ? 'MISSED' : 'met'
    }. Slowest: by SLOWLOG, wall time, first with one request at a time, increments by ${BATCHED}; of operators: bans, removals, a season closed with all its members, the board deleted.` +
    ` AOF: the slowest write or fsync, which is in no command and waited for like one; fork: what begins a rewrite of it.${
      noted.join('')
    }`,
    `Median (least to most) of ${runsText(options)}; ids such as \`user-123456\`, Pareto-like scores; ${
      sum(all.map(({ errors }) => errors))
    } errors;` +
    ` other processes ${spread(others, 2)} of a core${
      median(others) > MOST_OTHER_CPU ? `: DISTURBED, more than ${MOST_OTHER_CPU}` : ''
    }. ${machine()}, ${today()}: \`${commandOf('growth', options, ['connections', 'sizes', 'rounds'])}\``
  ].join('\n')
}
