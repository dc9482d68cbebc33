// Redis' own load generator (https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/benchmarks/):
// what there is to be had of Redis, with nothing in between.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

interface RedisLoad {
  /** The path of a Unix socket. */
  readonly socket: string
  /** Each `__rand_int__` in a word becomes another number of 12 digits below `random`, each time. */
  readonly words: readonly string[]
  readonly random: number
  readonly clients: number
  /** Commands that a client sends at a time. */
  readonly pipelined: number
  readonly count: number
  readonly program?: string
}

/** Commands a second. @throws Error that says that it is missing, or what Redis refused */
export async function runRedisBenchmark (
  { socket, words, random, clients, pipelined, count, program = 'redis-benchmark' }: RedisLoad
): Promise<number> {
  const options = { '-s': socket, '-r': random, '-c': clients, '-P': pipelined, '-n': count }
  const { stdout, stderr } = await promisify(execFile)(program, [
    ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
    '--csv',
    ...words
  ]).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT'
      ? new Error(
        `found no ${program}: it comes with Redis, on Debian in redis-tools, which node setup.js --bench installs`
      )
      : new Error(error.message.trim())
  })
  // The command comes first, with whatever it holds; then the rate and six latencies.
  const [, perSecond] = /"([\d.]+)"(?:,"[\d.]+"){6}$/m.exec(stdout) ?? []
  if (perSecond === undefined) throw new Error(`${program} said: ${stdout}${stderr}`)
  return Number(perSecond)
}
