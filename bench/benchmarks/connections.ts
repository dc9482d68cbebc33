// What does an increment cost as more connections bring it? The more arrive at a time, the more share a call of the
// script and an fsync.
import type { Answer } from '../benchmark.ts'
import { machine, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import type { LoadSample } from '../generators/autocannon.ts'
import { COUNTS, measureRequests, startSeeded } from '../servers/seeded.ts'
import { median, spread, spreadMicros, sum } from '../../src/load/report/statistics.ts'

const CONNECTIONS = [1, 8, 64, 256, 512]
const MEMBERS = 10_000
/** With one connection each waits for an fsync of its own. */
const FEWEST = 1000

interface ConnectionsSample {
  readonly connections: number
  readonly samples: readonly LoadSample[]
}

export async function askConnections (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  onProgress('connections: starting servers')
  const scorewire = await startSeeded(MEMBERS)
  try {
    const measure = async (connections: number) =>
      await measureRequests(scorewire, 'increment', {
        connections,
        count: connections === 1 ? FEWEST : COUNTS.increment
      })
    const measured = CONNECTIONS.map((connections) => ({ connections, samples: [] as LoadSample[] }))
    for (let round = 0; round <= options.rounds; round++) {
      for (const { connections, samples } of round % 2 === 1 ? measured : measured.toReversed()) {
        onProgress(`connections: ${round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`}, ${connections}`)
        const sample = await measure(connections)
        if (round > 0) samples.push(sample)
      }
    }
    return answer(options, measured)
  } finally {
    await scorewire.stop()
  }
}

function answer (options: Options, measured: readonly ConnectionsSample[]): Answer {
  const cpu = (of: 'node' | 'redis') => ({
    name: of === 'node' ? 'Node' : 'Redis',
    points: measured.map((
      { connections, samples }
    ): [number, number] => [connections, median(samples.map(({ micros }) => micros[of]!))])
  })
  const rate = measured.map((
    { connections, samples }
  ): [number, number] => [connections, median(samples.map(({ requestsPerSecond }) => requestsPerSecond))])
  const x = { label: 'connections', log: true }
  return {
    result: { measured },
    text: report(options, measured),
    figures: measured.flatMap(({ connections, samples }) => [
      {
        name: `Node CPU of an increment, ${connections} connections`,
        unit: 'µs',
        better: 'less' as const,
        samples: samples.map(({ micros }) => micros['node']!)
      },
      {
        name: `increments, ${connections} connections`,
        unit: 'a second',
        better: 'more' as const,
        samples: samples.map(({ requestsPerSecond }) => requestsPerSecond)
      }
    ]),
    curves: [
      { title: 'CPU of an increment', x, y: { label: 'µs' }, lines: [cpu('node'), cpu('redis')] },
      { title: 'Increments a second', x, y: { label: 'increments/s' }, lines: [{ name: 'increments', points: rate }] }
    ]
  }
}

function report (options: Options, measured: readonly ConnectionsSample[]): string {
  const all = measured.flatMap(({ samples }) => samples)
  return [
    '| connections | Node CPU, µs | Redis CPU, µs | increments/s | ms: p50 / p99 / max |',
    '| --- | --- | --- | --- | --- |',
    ...measured.map(({ connections, samples }) => {
      const latency = (['p50', 'p99', 'max'] as const).map((of) =>
        median(samples.map(({ latency }) => latency[of])).toFixed(1)
      )
      const micros = (['node', 'redis'] as const).map((of) => spreadMicros(samples.map(({ micros }) => micros[of]!)))
      return `| ${connections} | ${micros.join(' | ')} | ${
        spread(samples.map(({ requestsPerSecond }) => requestsPerSecond))
      } | ${latency.join(' / ')} |`
    }),
    '',
    `Median (least to most) of ${options.rounds} alternating runs of ${
      COUNTS.increment.toLocaleString('en')
    } exactly-once increments over HTTP (${FEWEST.toLocaleString('en')} with one connection), closed loop,` +
    ` a board of ${MEMBERS.toLocaleString('en')} members, AOF with fsync before each answer; ${
      sum(all.map(({ errors }) => errors))
    } errors; the load generator used ${spread(all.map(({ generatorCpu }) => generatorCpu), 2)} of a core.`,
    `${machine()}, ${today()}: \`${commandOf('connections', options, ['rounds'])}\``
  ].join('\n')
}
