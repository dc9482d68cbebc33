// What does an exactly-once increment over HTTP cost, beside a bare Fastify POST with the same body and schema?
import { randomBytes } from 'node:crypto'
import autocannon from 'autocannon'
import type { Answer } from '../benchmark.ts'
import { machine, today } from '../machine.ts'
import { commandOf, type Options } from '../options.ts'
import { cpuMicros, NODE_FLAGS, pathOf, startServer, type ServerUnderTest } from '../servers/processes.ts'
import { startScorewire } from '../servers/scorewire.ts'
import { spread, spreadMicros, sum } from '../../src/load/report/statistics.ts'

const WARM_UP_REQUESTS = 30_000

/** One measured run: CPU time is µs a request. */
interface Sample {
  readonly requestsPerSecond: number
  readonly nodeMicros: number
  readonly redisMicros: number
  readonly generatorCpu: number
  readonly errors: number
}

interface IncrementResult {
  readonly bare: readonly Sample[]
  /** The bare POST again, at the rate of the increments: a loop that is not full shares less among its requests. */
  readonly bareAtRate: readonly Sample[]
  readonly scorewire: readonly Sample[]
  /** Each request with a token that the node has never seen, and has to verify. */
  readonly newTokens: readonly Sample[]
  /** Increments in a script call, on average. */
  readonly groupSize: number
}

/** Alternates measured runs of both, after a warm-up of each. */
export async function askIncrement (options: Options, onProgress: (message: string) => void): Promise<Answer> {
  const { connections, users, seconds, rounds } = options
  onProgress('increment: starting servers')
  const bare = await startServer([...NODE_FLAGS, '--import=tsx', pathOf('bench/servers/peers/bare-fastify.ts')], {})
  const scorewire = await startScorewire().catch(async (error) => {
    await bare.stop()
    throw error
  })
  try {
    const authorize = (n: number, jti = '') =>
      scorewire.authorize({ sub: `user-${n % users}`, name: `User ${n % users}`, jti })
    const authorizations = Array.from({ length: users }, (_, n) => authorize(n))
    const anyOf = () => authorizations[Math.floor(Math.random() * users)]!
    let made = 0
    const inTurn = () => authorizations[made++ % users]!
    const load = async (server: ServerUnderTest, more: Partial<Load> = {}) =>
      await measure(server, scorewire.redisPid, { connections, seconds, nextAuthorization: anyOf, ...more })

    onProgress('increment: warming up')
    await load(bare, { amount: WARM_UP_REQUESTS })
    // Each token has been verified once then, as those of a service that runs for more than a minute have.
    await load(scorewire, { amount: Math.max(users, WARM_UP_REQUESTS), nextAuthorization: inTurn })
    const samples = {
      bare: [] as Sample[],
      bareAtRate: [] as Sample[],
      scorewire: [] as Sample[],
      newTokens: [] as Sample[]
    }
    for (let round = 1; round <= rounds; round++) {
      onProgress(`increment: round ${round} of ${rounds}`)
      samples.bare.push(await load(bare))
      const sample = await load(scorewire)
      samples.scorewire.push(sample)
      samples.bareAtRate.push(await load(bare, { rate: Math.round(sample.requestsPerSecond) }))
    }
    // Last, since so many more tokens would push the known ones out.
    for (let round = 1; round <= rounds; round++) {
      samples.newTokens.push(await load(scorewire, { nextAuthorization: () => authorize(made++, `${made}`) }))
    }
    const groups = await scorewire.metric('scorewire_increment_group_size_count')
    const result = { ...samples, groupSize: await scorewire.metric('scorewire_increment_group_size_sum') / groups }
    return { result, text: report(options, result), ...figuresOf(result) }
  } finally {
    await Promise.all([bare.stop(), scorewire.stop()])
  }
}

interface Load {
  readonly connections: number
  readonly seconds: number
  readonly nextAuthorization: () => string
  readonly rate?: number
  readonly amount?: number
}

/** Closed loop, at most at a rate: each connection sends its next increment when the answer to the last is there. */
async function measure (
  { url, pid }: ServerUnderTest,
  redisPid: number,
  { connections, seconds, nextAuthorization, rate, amount }: Load
): Promise<Sample> {
  const run = randomBytes(4).toString('hex')
  let sent = 0
  const before = { node: cpuMicros(pid), redis: cpuMicros(redisPid), generator: cpuMicros(process.pid) }
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    ...(rate !== undefined && { overallRate: rate }),
    ...(amount !== undefined && { amount }),
    requests: [{
      method: 'POST',
      path: '/v1/boards/main/increments',
      setupRequest: (request) => ({
        ...request,
        headers: {
          'content-type': 'application/json',
          authorization: nextAuthorization()
        },
        body: JSON.stringify({ action_id: `${run}-${sent++}`, increment: 1 + sent % 10 })
      })
    }]
  })
  const requests = result['2xx']
  if (requests === 0) {
    throw new Error('no increment was accepted: so few users have soon used up their quota, ask for more with --users')
  }
  return {
    requestsPerSecond: requests / result.duration,
    nodeMicros: (cpuMicros(pid) - before.node) / requests,
    redisMicros: (cpuMicros(redisPid) - before.redis) / requests,
    generatorCpu: (cpuMicros(process.pid) - before.generator) / 1_000_000 / result.duration,
    errors: result.errors + result.non2xx
  }
}

/** The CPU of an increment beside that of the bare POST, round by round. */
function ratiosTo (others: readonly Sample[], scorewire: readonly Sample[]): number[] {
  return scorewire.map((sample, n) => sample.nodeMicros / others[n]!.nodeMicros)
}

function figuresOf ({ bare, scorewire }: IncrementResult): Pick<Answer, 'figures' | 'headlines'> {
  const of = (samples: readonly Sample[], name: 'nodeMicros' | 'redisMicros' | 'requestsPerSecond') =>
    samples.map((sample) => sample[name])
  return {
    figures: [
      { name: 'Node CPU of an increment', unit: 'µs', better: 'less', samples: of(scorewire, 'nodeMicros') },
      { name: 'Redis CPU of an increment', unit: 'µs', better: 'less', samples: of(scorewire, 'redisMicros') },
      {
        name: 'Node CPU of an increment beside a bare POST',
        unit: '×',
        better: 'less',
        samples: ratiosTo(bare, scorewire)
      },
      { name: 'increments', unit: 'a second', better: 'more', samples: of(scorewire, 'requestsPerSecond') }
    ],
    headlines: [
      {
        what: 'CPU of an exactly-once increment over HTTP, as shipped',
        measured: `Node ${spreadMicros(of(scorewire, 'nodeMicros'))} µs, Redis ${
          spreadMicros(of(scorewire, 'redisMicros'))
        } µs`,
        beside: `× ${spread(ratiosTo(bare, scorewire), 2)} a bare Fastify POST`,
        inReadme: true
      },
      {
        what: 'increments a second, fsynced, generator on the same cores',
        measured: spread(of(scorewire, 'requestsPerSecond')),
        beside: `bare POST ${spread(of(bare, 'requestsPerSecond'))}`,
        inReadme: true
      }
    ]
  }
}

function report (options: Options, { bare, bareAtRate, scorewire, newTokens, groupSize }: IncrementResult): string {
  const row = (name: string, samples: readonly Sample[], ratio: string, redis: boolean) =>
    `| ${name} | ${spread(samples.map((sample) => sample.nodeMicros), 1)} | ${ratio} | ${
      redis ? spread(samples.map((sample) => sample.redisMicros), 1) : ''
    } | ${spread(samples.map((sample) => sample.requestsPerSecond))} |`
  const ratioTo = (others: readonly Sample[]) => spread(ratiosTo(others, scorewire), 2)
  const errors = sum([...bare, ...bareAtRate, ...scorewire, ...newTokens].map((sample) => sample.errors))
  return [
    '| one HTTP request | Node CPU, µs | the increment beside it | Redis CPU, µs | requests/s |',
    '| --- | --- | --- | --- | --- |',
    row('bare Fastify POST, same body and schema', bare, `× ${ratioTo(bare)}`, false),
    row('the same, at the rate of the increments', bareAtRate, `× ${ratioTo(bareAtRate)}`, false),
    row('exactly-once increment, as shipped', scorewire, '', true),
    row('the same, each with a token that was never seen', newTokens, '', true),
    '',
    `Median (least to most) of ${options.rounds} alternating runs of ${options.seconds} s: ${
      options.users.toLocaleString('en')
    } users, ${options.connections} connections, closed loop,`,
    `one window, AOF with fsync before each answer; ${
      groupSize.toFixed(1)
    } increments a script call; ${errors} errors.`,
    'Each user has a token, verified once in the warm-up (a node remembers 50,000). The last row is asked after the others, and the load generator signs its tokens meanwhile.',
    `The load generator shares the cores and used ${
      spread(scorewire.map((sample) => sample.generatorCpu), 2)
    } of one, so requests/s are its limit as much as the service's.`,
    `${machine()}, ${today()}:`,
    `\`${commandOf('increment', options, ['connections', 'users', 'seconds', 'rounds'])}\``
  ].join('\n')
}
