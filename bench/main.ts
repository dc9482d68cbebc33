// `npm run bench`: asks the questions in this folder and prints what was measured, with everything needed to repeat it.
import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { benchIncrement, type IncrementResult, type Sample } from './increment.ts'

const README = new URL('../README.md', import.meta.url)
const MARKERS = ['<!-- bench:begin -->', '<!-- bench:end -->'] as const

interface Options { connections: number, users: number, seconds: number, rounds: number, readme: boolean, json: string | undefined }

const DEFAULTS = { connections: 64, users: 20_000, seconds: 6, rounds: 5 }
const MOST = { connections: 512, users: 200_000, seconds: 60, rounds: 25 }
const USAGE = `npm run bench -- [--connections ${DEFAULTS.connections}] [--users ${DEFAULTS.users}] [--seconds ${DEFAULTS.seconds}] [--rounds ${DEFAULTS.rounds}] [--json FILE] [--readme]`

function readOptions (words: string[]): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args: words, options: { connections: text, users: text, seconds: text, rounds: text, json: text, readme: { type: 'boolean', default: false } } })
  const count = (name: keyof typeof DEFAULTS): number => {
    const value = Number(values[name] ?? DEFAULTS[name])
    if (!Number.isInteger(value) || value < 1 || value > MOST[name]) throw new Error(`--${name} is a whole number from 1 to ${MOST[name]}`)
    return value
  }
  return { connections: count('connections'), users: count('users'), seconds: count('seconds'), rounds: count('rounds'), readme: values.readme, json: values.json }
}

function median (numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2
}

function spread (numbers: readonly number[], digits = 0): string {
  return `${median(numbers).toFixed(digits)} (${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)})`
}

function report ({ connections, users, seconds, rounds }: Options, { bare, bareAtRate, scorewire, groupSize }: IncrementResult): string {
  const row = (name: string, samples: readonly Sample[], ratio: string, redis: boolean) =>
    `| ${name} | ${spread(samples.map((sample) => sample.nodeMicros), 1)} | ${ratio} | ${redis ? spread(samples.map((sample) => sample.redisMicros), 1) : ''} | ${spread(samples.map((sample) => sample.requestsPerSecond))} |`
  const ratioTo = (others: readonly Sample[]) => spread(scorewire.map((sample, n) => sample.nodeMicros / others[n]!.nodeMicros), 2)
  const errors = [...bare, ...bareAtRate, ...scorewire].reduce((sum, sample) => sum + sample.errors, 0)
  const redisVersion = /v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1]
  return [
    '| one HTTP request | Node CPU, µs | the increment beside it | Redis CPU, µs | requests/s |',
    '| --- | --- | --- | --- | --- |',
    row('bare Fastify POST, same body and schema', bare, `× ${ratioTo(bare)}`, false),
    row('the same, at the rate of the increments', bareAtRate, `× ${ratioTo(bareAtRate)}`, false),
    row('exactly-once increment, as shipped', scorewire, '', true),
    '',
    `Median (least to most) of ${rounds} alternating runs of ${seconds} s: ${users.toLocaleString('en')} users, ${connections} connections, closed loop,`,
    `one window, AOF with fsync before each answer; ${groupSize.toFixed(1)} increments a script call; ${errors} errors.`,
    `The load generator shares the ${cpus().length} cores and used ${spread(scorewire.map((sample) => sample.generatorCpu), 2)} of one, so requests/s are its limit as much as the service's.`,
    `${cpus()[0]?.model.trim()}, Node ${process.version}, Redis ${redisVersion}, ${new Date().toISOString().slice(0, 10)}:`,
    `\`npm run bench -- --connections ${connections} --users ${users} --seconds ${seconds} --rounds ${rounds}\``
  ].join('\n')
}

async function writeReadme (text: string): Promise<void> {
  const readme = await readFile(README, 'utf8')
  const [begin, end] = [readme.indexOf(MARKERS[0]), readme.indexOf(MARKERS[1])]
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${MARKERS.join(' and ')}`)
  await writeFile(README, `${readme.slice(0, begin + MARKERS[0].length)}\n${text}\n${readme.slice(end)}`)
}

try {
  const options = readOptions(process.argv.slice(2))
  const onProgress = (message: string) => { if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message}`) }
  const result = await benchIncrement({ ...options, onProgress })
  onProgress('')
  const text = report(options, result)
  console.log(text)
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify({ options, result }, null, 2))
  if (options.readme) await writeReadme(text)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\nusage: ${USAGE}\n`)
  process.exitCode = 2
}
