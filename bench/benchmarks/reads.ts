// What does a read cost, beside a bare Fastify GET that answers with ten rows? And what does a write wait for beside
// reads?
import autocannon from 'autocannon'
import { build } from 'hdr-histogram-js'
import type { Answer } from '../benchmark.ts'
import { INCREMENTS_PATH, raiser } from '../servers/board.ts'
import { clockMs } from '../../src/load/clock.ts'
import { latencyOf, measureLoad, type Latency, type LoadSample } from '../generators/autocannon.ts'
import { machine, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import { MOST_OTHER_CPU, NODE_FLAGS, pathOf, startServer } from '../servers/processes.ts'
import { userIdOf } from '../servers/seed.ts'
import {
  AROUND,
  COUNTS,
  LOOKED_UP,
  measureRequests,
  runsText,
  startSeeded,
  type SeededScorewire
} from '../servers/seeded.ts'
import { median, spread, spreadMicros, sum } from '../../src/load/report/statistics.ts'
import { onSchedule } from '../generators/writer.ts'

const BESIDE = { connections: 8, writesPerSecond: 200, seconds: 3 }

interface Row {
  readonly name: string
  readonly samples: LoadSample[]
  readonly run: () => Promise<LoadSample>
}

interface ReadsResult {
  readonly rows: readonly { readonly name: string, readonly samples: readonly LoadSample[] }[]
  /** From the planned time of an increment to its answer, beside reads of all kinds. */
  readonly beside: Latency & { readonly readsPerSecond: number, readonly errors: number }
}

/** Alternates measured runs of each kind of read and of the peer, after a warm-up of each. */
export async function askReads (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const { connections, members, rounds } = options
  onProgress(`reads: loading ${members.toLocaleString('en')} members`)
  const bare = await startServer([...NODE_FLAGS, '--import=tsx', pathOf('bench/servers/peers/bare-fastify.ts')], {})
  const scorewire = await startSeeded(members).catch(async (error) => {
    await bare.stop()
    throw error
  })
  try {
    const of = (kind: 'top' | 'user' | 'lookup') => async () => await measureRequests(scorewire, kind, { connections })
    const rows: Row[] = [
      {
        name: 'bare Fastify GET, ten rows',
        samples: [],
        run: async () =>
          await measureLoad({
            url: bare.url,
            pids: { node: bare.pid },
            connections,
            request: scorewire.requests.top,
            count: COUNTS.top
          })
      },
      { name: '`GET top`', samples: [], run: of('top') },
      { name: `\`GET users/{id}?around=${AROUND}\``, samples: [], run: of('user') },
      { name: `\`POST lookup\`, ${Math.min(LOOKED_UP, members)} ids`, samples: [], run: of('lookup') }
    ]
    for (let round = 0; round <= rounds; round++) {
      for (const { name, samples, run } of round % 2 === 1 ? rows : rows.toReversed()) {
        onProgress(`reads: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}, ${name}`)
        const sample = await run()
        if (round > 0) samples.push(sample)
      }
    }
    onProgress('reads: a write beside them')
    const beside = await measureBeside(scorewire)
    const result = { rows: rows.map(({ name, samples }) => ({ name, samples })), beside }
    return { result, text: report(options, result), ...figuresOf(options, result) }
  } finally {
    await Promise.all([bare.stop(), scorewire.stop()])
  }
}

/** Open loop for the writes; a few connections that read everything in turn, as fast as they are answered. */
async function measureBeside (scorewire: SeededScorewire): Promise<ReadsResult['beside']> {
  const { url, members, requests } = scorewire
  const { connections, writesPerSecond, seconds } = BESIDE
  const raise = raiser(scorewire)
  const schedule = { startMs: clockMs(), everyMs: 1000 / writesPerSecond, count: writesPerSecond * seconds }
  const latencies = build()
  let refused = 0
  const writes: Promise<void>[] = []
  const write = async (plannedMs: number) => {
    const { body, authorization } = raise(userIdOf(Math.floor(Math.random() * members)), 1)
    const answer = await fetch(`${url}${INCREMENTS_PATH}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: authorization! }
    })
    await answer.arrayBuffer()
    latencies.recordValue(Math.round(1000 * (clockMs() - plannedMs)))
    if (!answer.ok) refused++
  }
  const [reads] = await Promise.all([
    autocannon({ url, connections, duration: seconds, requests: [requests.top, requests.user, requests.lookup] }),
    onSchedule(schedule, (n) => writes.push(write(schedule.startMs + n * schedule.everyMs)))
  ])
  await Promise.all(writes)
  return {
    ...latencyOf(latencies),
    readsPerSecond: reads['2xx'] / reads.duration,
    errors: reads.errors + reads.non2xx + refused
  }
}

function figuresOf ({ members }: Options, { rows }: ReadsResult): Pick<Answer, 'figures' | 'headlines' | 'flaws'> {
  const micros = ({ samples }: ReadsResult['rows'][number], process: 'node' | 'redis') =>
    samples.map((sample) => sample.micros[process]!)
  const [bare, ...reads] = rows as [ReadsResult['rows'][number], ...ReadsResult['rows']]
  const ratios = (row: ReadsResult['rows'][number]) =>
    micros(row, 'node').map((one, round) => one / micros(bare, 'node')[round]!)
  const others = median(rows.flatMap(({ samples }) => samples.map(({ otherCpu }) => otherCpu)))
  return {
    flaws: others > MOST_OTHER_CPU ? [`other processes used ${others.toFixed(2)} of a core`] : [],
    figures: reads.flatMap((row) => [
      { name: `Node CPU of ${row.name}`, unit: 'µs', better: 'less' as const, samples: micros(row, 'node') },
      { name: `Redis CPU of ${row.name}`, unit: 'µs', better: 'less' as const, samples: micros(row, 'redis') },
      {
        name: `${row.name}, p99`,
        unit: 'ms',
        better: 'less' as const,
        samples: row.samples.map(({ latency }) => latency.p99)
      }
    ]),
    headlines: reads.slice(0, 2).map((row, n) => ({
      what: `CPU of ${row.name}, ${members.toLocaleString('en')} members`,
      measured: `Node ${spreadMicros(micros(row, 'node'))} µs, Redis ${spreadMicros(micros(row, 'redis'))} µs`,
      beside: n === 0 ? `× ${spread(ratios(row), 2)} a bare Fastify GET` : ''
    }))
  }
}

function report (options: Options, { rows, beside }: ReadsResult): string {
  const all = rows.flatMap(({ samples }) => samples)
  const others = all.map(({ otherCpu }) => otherCpu)
  const ms = ({ p50, p99, max }: Latency) => `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(1)}`
  const row = ({ name, samples }: ReadsResult['rows'][number]) => {
    const micros = (process: string) =>
      samples[0]?.micros[process] === undefined ? '' : spreadMicros(samples.map((sample) => sample.micros[process]!))
    const latency = (of: keyof Latency) => samples.map((sample) => sample.latency[of])
    return `| ${name} | ${micros('node')} | ${micros('redis')} | ${
      spread(samples.map(({ requestsPerSecond }) => requestsPerSecond))
    } | ${ms({ p50: median(latency('p50')), p99: median(latency('p99')), max: Math.max(...latency('max')) })} |`
  }
  return [
    `| one read of ${
      options.members.toLocaleString('en')
    } members | Node CPU, µs | Redis CPU, µs | requests/s | ms: p50 / p99 / max |`,
    '| --- | --- | --- | --- | --- |',
    ...rows.map(row),
    '',
    `Median (least to most) of ${runsText(options)}: requests wait for each other. Random users, Pareto-like scores; ${
      sum([...all, beside].map(({ errors }) => errors))
    } errors.` +
    ` Beside ${
      beside.readsPerSecond.toFixed(0)
    } reads/s of all kinds in turn, as many as ${BESIDE.connections} connections can, an increment (${BESIDE.writesPerSecond} a second, open loop, fsynced) takes ${
      ms(beside)
    } ms. The load generator used ${spread(all.map(({ generatorCpu }) => generatorCpu), 2)} of a core,` +
    ` other processes ${spread(others, 2)}${
      median(others) > MOST_OTHER_CPU ? `: DISTURBED, more than ${MOST_OTHER_CPU}` : ''
    }.`,
    `${machine()}, ${today()}: \`${commandOf('reads', options, ['connections', 'members', 'rounds'])}\``
  ].join('\n')
}
