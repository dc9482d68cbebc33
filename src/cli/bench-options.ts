// The options of `scorewire bench`: what they mean, their bounds, and which of them go together.
import { parseArgs } from 'node:util'
import { BoardName } from '../leaderboard/identifiers.ts'
import { checker } from '../leaderboard/schema.ts'
import type { LoadSettings } from '../load/settings.ts'
import { SCENARIOS } from '../load/scenarios.ts'
import { UsageError } from './command.ts'
import type { Usage } from './usage.ts'

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
const TEXTS = [
  ...Object.keys(NUMBERS) as NumberName[],
  'target',
  'scenario',
  'board',
  'rate',
  'transport',
  'as',
  'token-file',
  'out',
  'report',
  'compare'
] as const
type Values = { readonly [Name in typeof TEXTS[number]]?: string | undefined } & { readonly json?: boolean | undefined }

const MAX_RATE = 1_000_000
/** A board changes at most so often in a second. */
const MAX_CHANGES = 1000

const isBoardName = checker(BoardName)

export interface BenchOptions {
  readonly settings: LoadSettings
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
    ['--rate', 'requests a second by schedule (open loop); without it connections send after each answer (closed)'],
    ['--connections', `at a time (${NUMBERS.connections[0]}); screens, in fan-out, write-to-screen and storm`],
    ['--duration', `seconds that are measured (${NUMBERS.duration[0]})`],
    ['--warm-up', `seconds before them that are not (${NUMBERS['warm-up'][0]})`],
    ['--processes', `of the load generator (${NUMBERS.processes[0]})`],
    ['--users', `whose scores are raised (${NUMBERS.users[0]})`],
    ['--batch', `increments in a batch (${NUMBERS.batch[0]})`],
    ['--timeout', `seconds for an answer (${NUMBERS.timeout[0]})`],
    ['--transport', 'websocket or sse, for screens (websocket)'],
    ['--as', 'service: one token that raises any score; user: a token for each user (service)'],
    ['--token-file', 'a file of tokens, one a line; without it tokens are signed as scorewire token does'],
    ['--out FILE', 'writes the result as JSON'],
    ['--report FILE', 'writes a report FILE.html, and FILE.md beside it'],
    ['--json', 'prints the result as JSON'],
    ['--compare FILE', 'marks what has changed since an earlier result, beyond the spread of both']
  ],
  variables: ['JWT_SECRET', 'JWT_ISSUER', 'JWT_AUDIENCE', 'DATA_DIR'],
  notes: ['Exit codes: 0 after a valid run, 1 when the figures are not to be believed, 2 when it could not begin.']
}

/** Reads the options. @throws UsageError that says in one line what is wrong */
export function readBenchOptions (words: string[]): BenchOptions {
  const values = readValues(words)
  const { board = 'main', out, report, compare, json = false } = values
  if (!isBoardName(board)) throw new UsageError(`--board ${board} is no name of a board`)
  const settings: LoadSettings = {
    target: targetOf(values.target),
    board,
    scenario: scenarioOf(values.scenario),
    rate: rateOf(values.rate),
    connections: numberOf('connections', values),
    seconds: numberOf('duration', values),
    warmUpSeconds: numberOf('warm-up', values),
    processes: numberOf('processes', values),
    users: numberOf('users', values),
    batch: numberOf('batch', values),
    timeoutMs: numberOf('timeout', values) * 1000,
    transport: choiceOf('transport', values, ['websocket', 'sse']),
    as: choiceOf('as', values, ['service', 'user'])
  }
  const mistake = mistakes(settings, values).find(([isMade]) => isMade)
  if (mistake !== undefined) throw new UsageError(mistake[1])
  return { settings, tokenFile: values['token-file'], out, report, compare, json }
}

function readValues (words: string[]): Values {
  const text = { type: 'string' } as const
  const texts = Object.fromEntries(TEXTS.map((name) => [name, text])) as Record<typeof TEXTS[number], typeof text>
  try {
    return parseArgs({ args: words, options: { ...texts, json: { type: 'boolean' } } }).values
  } catch (error) {
    const what = error instanceof Error ? error.message.split('.')[0] : String(error)
    throw new UsageError(`${what}: scorewire bench --help names the options`)
  }
}

function numberOf (name: NumberName, { [name]: text }: Values): number {
  const [usual, least, most] = NUMBERS[name]
  const value = text === undefined ? usual : Number(text)
  if (Number.isInteger(value) && value >= least && value <= most && text !== '') return value
  throw new UsageError(`--${name} ${text} is not a whole number from ${least} to ${most}`)
}

function choiceOf<T extends string> (
  name: 'transport' | 'as',
  { [name]: text }: Values,
  choices: readonly [T, ...T[]]
): T {
  const choice = text === undefined ? choices[0] : choices.find((one) => one === text)
  if (choice !== undefined) return choice
  throw new UsageError(`--${name} ${text} is none of ${choices.join(', ')}`)
}

function targetOf (target: string | undefined): string {
  if (target === undefined) {
    throw new UsageError('--target is missing: the address of a deployment, such as http://127.0.0.1:3000')
  }
  const url = URL.canParse(target) ? new URL(target) : undefined
  if (url !== undefined && isPlainAddress(url)) return url.origin
  throw new UsageError(
    `--target ${target} is not an address such as http://127.0.0.1:3000 or https://scores.example, without a path`
  )
}

function isPlainAddress ({ protocol, pathname, search, username, hash }: URL): boolean {
  return ['http:', 'https:'].includes(protocol) && pathname === '/' && search === '' && username === '' && hash === ''
}

function scenarioOf (scenario: string | undefined): string {
  const names = Object.keys(SCENARIOS).join(', ')
  if (scenario === undefined) throw new UsageError(`--scenario is missing: one of ${names}`)
  if (Object.hasOwn(SCENARIOS, scenario)) return scenario
  throw new UsageError(`there is no scenario ${JSON.stringify(scenario)}: there are ${names}`)
}

function rateOf (rate: string | undefined): number | undefined {
  if (rate === undefined) return undefined
  const value = Number(rate)
  if (value >= 0.1 && value <= MAX_RATE && rate !== '') return value
  throw new UsageError(`--rate ${rate} is not a number of requests a second from 0.1 to ${MAX_RATE}`)
}

/** Options that do not go together: whether each mistake is made, and what to say of it. */
function mistakes (
  { scenario, connections, processes, rate, seconds, as }: LoadSettings,
  values: Values
): readonly (readonly [isMade: boolean, message: string])[] {
  const { needs, canBeClosed } = SCENARIOS[scenario]!
  const isGiven = (name: keyof Values) => values[name] !== undefined
  const writes = needs.has('token')
  const hasScreens = !canBeClosed || scenario === 'storm'
  const meaningless = `has no meaning for the scenario ${scenario}`
  return [
    [processes > connections, `--processes ${processes} are more than --connections ${connections}: each needs one`],
    [isGiven('batch') && scenario !== 'batch', `--batch ${meaningless}`],
    [isGiven('transport') && !hasScreens, `--transport ${meaningless}: it is for fan-out, write-to-screen and storm`],
    [isGiven('users') && needs.size === 0, `--users ${meaningless}`],
    [isGiven('as') && !writes, `--as ${meaningless}, which does not write`],
    [isGiven('as') && isGiven('token-file'), '--as has no meaning beside --token-file: the tokens say it'],
    [as === 'user' && scenario === 'batch', `--as user ${meaningless}: only a service may send one`],
    [rate !== undefined && rate * seconds < 1, `--rate ${rate} plans nothing within --duration ${seconds}`],
    [
      rate !== undefined && rate > MAX_CHANGES && !canBeClosed,
      `--rate ${rate} ${meaningless}: a board changes ${MAX_CHANGES} times a second at most`
    ],
    [isGiven('report') && !/\.html?$/.test(values.report!), `--report ${values.report} does not end with .html`]
  ]
}
