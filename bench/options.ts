// What can be asked of the bench, and within which bounds.
import { parseArgs } from 'node:util'

export const QUESTIONS = ['increment', 'reads', 'fan-out', 'write-to-screen', 'growth', 'archive', 'rebuild', 'peers', 'limits'] as const
export type Question = typeof QUESTIONS[number]

/** Each number with its default and the most it may be. */
const NUMBERS = {
  rounds: [3, 25],
  seconds: [2, 60],
  connections: [64, 512],
  users: [20_000, 200_000],
  watchers: [2000, 20_000],
  screens: [10_000, 50_000],
  writes: [20, 1000],
  members: [100_000, 10_000_000],
  events: [200_000, 2_000_000]
} as const

const SIZES = [1000, 100_000, 1_000_000]
/** A head is full with 128 members, and a million ids are looked up in 500 at a time. */
const [LEAST_SIZE, MOST_SIZE, MOST_SIZES] = [500, 10_000_000, 6]

export type Options = Readonly<Record<keyof typeof NUMBERS, number>> & {
  /** Members of the boards of `growth`, rising. */
  readonly sizes: readonly number[]
  readonly only: readonly Question[]
  readonly json: string | undefined
  readonly readme: boolean
  readonly help: boolean
}

const NAMES = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]
export const USAGE = `npm run bench -- [--only ${QUESTIONS.join(',')}] ${NAMES.map((name) => `[--${name} ${NUMBERS[name][0]}]`).join(' ')} [--sizes ${SIZES.join(',')}] [--json FILE] [--readme]`
export const HELP = `usage: ${USAGE}

  --only         the questions to ask: ${QUESTIONS.join(', ')}; all of them take some 5 minutes
  --rounds       alternating runs of each kind
  --seconds      length of a run in increment, fan-out, peers and limits; those of reads and growth are so many requests
  --connections  of the load generator
  --users        who make increments in increment, peers and limits
  --watchers     WebSockets that are shown a board in fan-out
  --screens      the most WebSockets, in fan-out and write-to-screen
  --writes       marked writes of a setting in write-to-screen
  --members      of the board in reads and rebuild
  --events       archived in archive
  --sizes        members of the boards in growth, rising; with 5 million, which take 1 GB and a minute more:
                 npm run bench -- --only growth --sizes 1000,100000,1000000,5000000
  --json FILE    writes every sample to a file
  --readme       writes the answers into README.md`

/** @throws Error that says what is wrong with them */
export function readOptions (words: string[]): Options {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const numeric = Object.fromEntries(NAMES.map((name) => [name, text])) as Record<keyof typeof NUMBERS, typeof text>
  const { values } = parseArgs({ args: words, options: { ...numeric, only: text, sizes: text, json: text, readme: flag, help: flag } })

  const count = (name: keyof typeof NUMBERS): number => {
    const [usual, most] = NUMBERS[name]
    const value = Number(values[name] ?? usual)
    if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name} is a whole number from 1 to ${most}`)
    return value
  }
  const asked = values.only?.split(',') ?? QUESTIONS
  const only = QUESTIONS.filter((question) => asked.includes(question))
  if (only.length !== asked.length) throw new Error(`--only is one or more of ${QUESTIONS.join(', ')}, separated by commas`)
  const numbers = Object.fromEntries(NAMES.map((name) => [name, count(name)])) as Record<keyof typeof NUMBERS, number>
  const sizes = values.sizes?.split(',').map(Number) ?? SIZES
  const isSize = (size: number, n: number) => Number.isInteger(size) && size >= LEAST_SIZE && size <= MOST_SIZE && (n === 0 || size > sizes[n - 1]!)
  if (sizes.length > MOST_SIZES || !sizes.every(isSize)) throw new Error(`--sizes is up to ${MOST_SIZES} whole numbers from ${LEAST_SIZE} to ${MOST_SIZE}, rising, separated by commas`)
  return { ...numbers, sizes, only, json: values.json, readme: values.readme, help: values.help }
}

/** Files that a server or a generator has open beside its sockets. */
const OTHER_FILES = 200

/** The options that a process with so many open files allowed can do, and a sentence for each that was lowered. */
export function fitOptions (options: Options, openFiles: number): { options: Options, lowered: readonly string[] } {
  const most = Math.max(1, openFiles - OTHER_FILES)
  const large = (['watchers', 'screens'] as const).filter((name) => options[name] > most)
  return {
    options: { ...options, ...Object.fromEntries(large.map((name) => [name, most])) },
    lowered: large.map((name) => `--${name} is ${most} instead of ${options[name]}, because ulimit -n is ${openFiles}`)
  }
}

/** The command that asks a question again with the same numbers. */
export function commandOf (question: Question, options: Options, names: readonly (keyof typeof NUMBERS | 'sizes')[]): string {
  return `npm run bench -- --only ${question} ${names.map((name) => `--${name} ${String(options[name])}`).join(' ')}`
}
