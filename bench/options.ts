// What can be asked of the bench, and within which bounds.
import { parseArgs } from 'node:util'

export const QUESTIONS = ['increment', 'fan-out', 'write-to-screen'] as const
export type Question = typeof QUESTIONS[number]

/** Each number with its default and the most it may be. */
const NUMBERS = {
  rounds: [3, 25],
  seconds: [4, 60],
  connections: [64, 512],
  users: [20_000, 200_000],
  watchers: [2000, 20_000],
  screens: [10_000, 50_000],
  writes: [30, 1000]
} as const

export type Options = Readonly<Record<keyof typeof NUMBERS, number>> & {
  readonly only: readonly Question[]
  readonly json: string | undefined
  readonly readme: boolean
}

const NAMES = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]
export const USAGE = `npm run bench -- [--only ${QUESTIONS.join(',')}] ${NAMES.map((name) => `[--${name} ${NUMBERS[name][0]}]`).join(' ')} [--json FILE] [--readme]`

/** @throws Error that says what is wrong with them */
export function readOptions (words: string[]): Options {
  const text = { type: 'string' } as const
  const numeric = Object.fromEntries(NAMES.map((name) => [name, text])) as Record<keyof typeof NUMBERS, typeof text>
  const { values } = parseArgs({ args: words, options: { ...numeric, only: text, json: text, readme: { type: 'boolean', default: false } } })

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
  return { ...numbers, only, json: values.json, readme: values.readme }
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
export function commandOf (question: Question, options: Options, names: readonly (keyof typeof NUMBERS)[]): string {
  return `npm run bench -- --only ${question} ${names.map((name) => `--${name} ${options[name]}`).join(' ')}`
}
