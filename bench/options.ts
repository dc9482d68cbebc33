// What can be asked of the bench, and within which bounds.
import { parseArgs } from 'node:util'

/** Each number: what it is by default, with `--full`, and at most. */
const NUMBERS = {
  rounds: [3, 5, 25],
  seconds: [2, 4, 60],
  connections: [64, 64, 512],
  users: [20_000, 20_000, 200_000],
  watchers: [2000, 2000, 20_000],
  screens: [2000, 10_000, 50_000],
  writes: [10, 30, 1000],
  members: [100_000, 1_000_000, 10_000_000],
  events: [100_000, 200_000, 2_000_000]
} as const

const SIZES = { quick: [1000, 100_000], full: [1000, 10_000, 100_000, 1_000_000, 5_000_000] }
/** A head is full with 128 members, and a million ids are looked up in 500 at a time. */
const [LEAST_SIZE, MOST_SIZE, MOST_SIZES] = [500, 10_000_000, 6]

/** A question that can be asked. */
interface Askable {
  readonly name: string
  readonly fullOnly?: true
}

export type Options = Readonly<Record<keyof typeof NUMBERS, number>> & {
  /** Members of the boards of `growth`, rising. */
  readonly sizes: readonly number[],
  /** Names of questions. */
  readonly only: readonly string[],
  /** At full size: with the curves that take their time. */
  readonly full: boolean,
  readonly json: string | undefined,
  readonly report: string | undefined,
  readonly compare: string | undefined,
  /** Results that are shown instead of measuring. */
  readonly from: readonly string[] | undefined,
  readonly readme: boolean,
  readonly help: boolean
}

const NAMES = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]

const namesOf = (questions: readonly Askable[]) => questions.map(({ name }) => name).join(',')

export function usage (questions: readonly Askable[]): string {
  return `npm run bench -- [--full] [--only ${namesOf(questions)}] ${
    NAMES.map((name) => `[--${name} ${NUMBERS[name][0]}]`).join(' ')
  } [--sizes ${SIZES.quick.join(',')}] ` +
    '[--json FILE] [--report DIR] [--compare FILE] [--from FILE,FILE] [--readme]'
}

export function help (questions: readonly Askable[]): string {
  return `usage: ${usage(questions)}

  --full         larger boards, more screens and rounds, and the curves over them: 20 minutes instead of 5
  --only         the questions to ask: ${namesOf(questions)}
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
  --report DIR   writes report.html, report.md and report.json there
  --compare FILE marks what has changed since the run that wrote this JSON, beyond the spread of both
  --from FILES   measures nothing: takes the answers from these results, later ones first where two answer the same question
  --readme       writes the tables of README.md and docs/benchmarks.md`
}

/** @throws Error that says what is wrong with them */
export function readOptions (words: string[], questions: readonly Askable[]): Options {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const numeric = Object.fromEntries(NAMES.map((name) => [name, text])) as Record<keyof typeof NUMBERS, typeof text>
  const { values } = parseArgs({
    args: words,
    options: {
      ...numeric,
      only: text,
      sizes: text,
      json: text,
      report: text,
      compare: text,
      from: text,
      full: flag,
      readme: flag,
      help: flag
    }
  })
  const { full, json, report, compare, readme, help } = values

  const count = (name: keyof typeof NUMBERS): number => {
    const [quick, atFull, most] = NUMBERS[name]
    const value = Number(values[name] ?? (full ? atFull : quick))
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new Error(`--${name} is a whole number from 1 to ${most}`)
    }
    return value
  }
  const asked = values.only?.split(',') ??
    questions.filter(({ fullOnly }) => full || fullOnly !== true).map(({ name }) => name)
  const only = questions.map(({ name }) => name).filter((name) => asked.includes(name))
  if (only.length !== asked.length) {
    throw new Error(`--only is one or more of ${namesOf(questions)}, separated by commas`)
  }
  const numbers = Object.fromEntries(NAMES.map((name) => [name, count(name)])) as Record<keyof typeof NUMBERS, number>
  const sizes = values.sizes?.split(',').map(Number) ?? SIZES[full ? 'full' : 'quick']
  const isSize = (size: number, n: number) =>
    Number.isInteger(size) && size >= LEAST_SIZE && size <= MOST_SIZE && (n === 0 || size > sizes[n - 1]!)
  if (sizes.length > MOST_SIZES || !sizes.every(isSize)) {
    throw new Error(
      `--sizes is up to ${MOST_SIZES} whole numbers from ${LEAST_SIZE} to ${MOST_SIZE}, rising, separated by commas`
    )
  }
  return { ...numbers, sizes, only, full, json, report, compare, from: values.from?.split(','), readme, help }
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
export function commandOf (
  question: string,
  options: Options,
  names: readonly (keyof typeof NUMBERS | 'sizes')[]
): string {
  return `npm run bench -- ${options.full ? '--full ' : ''}--only ${question} ${
    names.map((name) => `--${name} ${String(options[name])}`).join(' ')
  }`
}
