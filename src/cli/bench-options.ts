import { parseArgs } from 'node:util'
import { BoardName } from '../leaderboard/identifiers.ts'
import type { Asked } from '../load/asked.ts'
import { SCENARIOS } from '../load/scenarios.ts'
import { UsageError } from './command.ts'
import type { Usage } from './usage.ts'
import { checker } from '../leaderboard/schema.ts'

/** Each number with its default and its bounds. */
const NUMBERS = {
  connections: [64, 1, 50_000],
  duration: [10, 1, 86_400],
  'warm-up': [2, 0, 600],
  processes: [1, 1, 64],
  users: [2000, 1, 100_000],
  batch: [100, 1, 1000],
  timeout: [10, 1, 120]
} as const
type NumberName = keyof typeof NUMBERS
const TEXTS = [...Object.keys(NUMBERS) as NumberName[], 'target', 'scenario', 'board', 'rate', 'transport', 'as', 'token-file', 'out', 'report', 'compare'] as const
const MOST_RATE = 1_000_000

const isBoardName = checker(BoardName)

export interface BenchOptions {
  readonly asked: Asked
  readonly tokenFile: string | undefined
  readonly out: string | undefined
  readonly report: string | undefined
  readonly compare: string | undefined
  readonly json: boolean
}

/** How `scorewire bench` is used. */
export const usage: Usage = {
  summary: 'put load on a running deployment from outside, and print what it can do',
  forms: ['bench --target URL --scenario NAME [--rate R] [--report FILE.html]'],
  options: [
    ['--scenario', Object.entries(SCENARIOS).map(([name, { summary }]) => `${name.padEnd(17)}${summary}`).join('\n')],
    ['--target', 'the address of the deployment, such as https://scores.example or http://127.0.0.1:3000'],
    ['--board', 'the board (main); best one of its own, since the scenarios that write leave scores behind'],
    ['--rate', 'requests a second by schedule (open loop); without it a connection sends when it has its answer (closed loop)'],
    ['--connections', `at a time (${NUMBERS.connections[0]}); screens, in fan-out, write-to-screen and storm`],
    ['--duration', `seconds that are measured (${NUMBERS.duration[0]}), after --warm-up seconds that are not (${NUMBERS['warm-up'][0]})`],
    ['--processes', `of the load generator (${NUMBERS.processes[0]})`],
    ['--users', `whose scores are raised (${NUMBERS.users[0]})`],
    ['--batch', `increments in a batch (${NUMBERS.batch[0]})`],
    ['--timeout', `seconds for an answer (${NUMBERS.timeout[0]})`],
    ['--transport', 'websocket or sse, for screens (websocket)'],
    ['--as', 'service: one token that raises any score; user: a token for each user; signed as scorewire token does (service)'],
    ['--token-file', 'a file of tokens instead, one a line'],
    ['--out FILE', 'writes the result as JSON'],
    ['--report FILE', 'writes a report FILE.html, and FILE.md beside it'],
    ['--json', 'prints the result as JSON'],
    ['--compare FILE', 'marks what has changed since an earlier result, beyond the spread of both']
  ],
  variables: ['JWT_SECRET', 'JWT_ISSUER', 'JWT_AUDIENCE', 'DATA_DIR'],
  notes: ['Exits with 0 after a valid run, with 1 when the figures are not to be believed, with 2 when it could not begin.']
}

/** @throws UsageError that says in one line what is wrong */
export function readBenchOptions (words: string[]): BenchOptions {
  const text = { type: 'string' } as const
  const texts = Object.fromEntries(TEXTS.map((name) => [name, text])) as Record<typeof TEXTS[number], typeof text>
  let values
  try {
    values = parseArgs({ args: words, options: { ...texts, json: { type: 'boolean' } } }).values
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message.split('.')[0] : String(error)}: scorewire bench --help names the options`)
  }
  const number = (name: NumberName): number => {
    const [usual, least, most] = NUMBERS[name]
    const value = values[name] === undefined ? usual : Number(values[name])
    if (!Number.isInteger(value) || value < least || value > most || values[name] === '') throw new UsageError(`--${name} ${values[name]} is not a whole number from ${least} to ${most}`)
    return value
  }
  const oneOf = <T extends string>(name: 'transport' | 'as', choices: readonly [T, ...T[]]): T => {
    const choice = values[name] === undefined ? choices[0] : choices.find((one) => one === values[name])
    if (choice === undefined) throw new UsageError(`--${name} ${values[name]} is none of ${choices.join(', ')}`)
    return choice
  }
  const { board = 'main' } = values
  if (!isBoardName(board)) throw new UsageError(`--board ${board} is no name of a board`)
  const asked: Asked = {
    target: targetOf(values.target),
    board,
    scenario: scenarioOf(values.scenario),
    rate: rateOf(values.rate),
    connections: number('connections'),
    seconds: number('duration'),
    warmUpSeconds: number('warm-up'),
    processes: number('processes'),
    users: number('users'),
    batch: number('batch'),
    timeoutMs: number('timeout') * 1000,
    transport: oneOf('transport', ['websocket', 'sse']),
    as: oneOf('as', ['service', 'user'])
  }
  refuseMeaningless(asked, values)
  return { asked, tokenFile: values['token-file'], out: values.out, report: values.report, compare: values.compare, json: values.json ?? false }
}

function targetOf (target: string | undefined): string {
  if (target === undefined) throw new UsageError('--target is missing: the address of a deployment, such as http://127.0.0.1:3000')
  const url = URL.canParse(target) ? new URL(target) : undefined
  const isAddress = url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/' && url.search === '' && url.username === '' && url.hash === ''
  if (!isAddress) throw new UsageError(`--target ${target} is not an address such as http://127.0.0.1:3000 or https://scores.example, without a path`)
  return url.origin
}

function scenarioOf (scenario: string | undefined): string {
  const names = Object.keys(SCENARIOS).join(', ')
  if (scenario === undefined) throw new UsageError(`--scenario is missing: one of ${names}`)
  if (!Object.hasOwn(SCENARIOS, scenario)) throw new UsageError(`there is no scenario ${JSON.stringify(scenario)}: there are ${names}`)
  return scenario
}

function rateOf (rate: string | undefined): number | undefined {
  if (rate === undefined) return undefined
  const value = Number(rate)
  if (!(value >= 0.1 && value <= MOST_RATE) || rate === '') throw new UsageError(`--rate ${rate} is not a number of requests a second from 0.1 to ${MOST_RATE}`)
  return value
}

/** What goes with what. */
function refuseMeaningless (
  { scenario, connections, processes, rate, seconds, as }: Asked, values: { batch?: string, transport?: string, users?: string, report?: string, 'token-file'?: string, as?: string }
): void {
  const { needs, canBeClosed } = SCENARIOS[scenario]!
  const hasScreens = !canBeClosed || scenario === 'storm'
  if (processes > connections) throw new UsageError(`--processes ${processes} are more than --connections ${connections}: each needs one`)
  if (values.batch !== undefined && scenario !== 'batch') throw new UsageError(`--batch has no meaning for the scenario ${scenario}`)
  if (values.transport !== undefined && !hasScreens) throw new UsageError(`--transport has no meaning for the scenario ${scenario}: it is for fan-out, write-to-screen and storm`)
  if (values.users !== undefined && needs.size === 0) throw new UsageError(`--users has no meaning for the scenario ${scenario}`)
  if (values.as !== undefined && (!needs.has('token') || values['token-file'] !== undefined)) throw new UsageError(`--as has no meaning ${needs.has('token') ? 'beside --token-file: the tokens say it' : `for the scenario ${scenario}, which does not write`}`)
  if (as === 'user' && scenario === 'batch') throw new UsageError('--as user has no meaning for the scenario batch: only a service may send one')
  if (rate !== undefined && rate * seconds < 1) throw new UsageError(`--rate ${rate} plans nothing within --duration ${seconds}`)
  if (!canBeClosed && rate !== undefined && rate > 1000) throw new UsageError(`--rate ${rate} has no meaning for the scenario ${scenario}: a board changes 1000 times a second at most`)
  if (values.report !== undefined && !/\.html?$/.test(values.report)) throw new UsageError(`--report ${values.report} does not end with .html`)
}
