// The configuration: what the environment sets, checked and frozen.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { messageOf } from './leaderboard/log.ts'
import { readEnvironment, type Environment, type Variables } from './environment.ts'
import { defaultBoards, parseBoards, type Boards } from './leaderboard/boards/board.ts'

/** What a process does: answer requests (`api`), or work behind the nodes that do (`worker`). */
type Role = 'api' | 'worker'

export interface Config {
  readonly production: boolean
  readonly host: string
  readonly port: number
  /** Undefined outside production: scorewire runs a Redis of its own. */
  readonly redisUrl: string | undefined
  /** How long Redis has to answer. */
  readonly redisTimeoutMs: number
  /** Undefined outside production: scorewire makes a secret and keeps it in `dataDir`. */
  readonly jwtSecret: string | undefined
  readonly jwtIssuer: string | undefined
  readonly jwtAudience: string | undefined
  /** PostgreSQL, where the ledger is kept for good; without it the ledger is a bounded stream. */
  readonly databaseUrl: string | undefined
  /** Entries that the ledger stream of a board may hold. */
  readonly ledgerMaxEntries: number
  /** Increments that the queue may hold. */
  readonly queueMaxJobs: number
  readonly roles: ReadonlySet<Role>
  /** Those of the boards file, or `main` alone: made where they do not exist. */
  readonly boards: Boards
  readonly boardsFile: string | undefined
  readonly dataDir: string
  readonly logLevel: string
  readonly logFormat: 'json' | 'pretty'
  readonly trustProxy: readonly string[]
  /** Requests a minute from one IP address; 0 is no limit. */
  readonly rateLimitMax: number
  readonly pushWindowMs: number
  /** How long a receiver of a webhook has to answer. */
  readonly webhookTimeoutMs: number
  /** Networks such as 10.1.0.0/16 where webhooks may go besides public addresses. */
  readonly webhookNetworks: readonly string[]
  /** Origins of pages that may use the service, `*` for all; none: only its own pages. */
  readonly allowedOrigins: readonly string[]
  /** Live connections of this node. */
  readonly maxSockets: number
  /** Live connections from one IP address; 0 is no limit. */
  readonly maxSocketsPerIp: number
  readonly maxHandshakesPerSecond: number
  /** How long a node that is asked to stop takes to send its clients elsewhere. */
  readonly drainMs: number
}

/** Everything that is wrong with a configuration, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Enough for a balancer to notice, and for some ten thousand clients to connect to other nodes without a rush. */
const PRODUCTION_DRAIN_MS = 15_000

/** Without PostgreSQL the stream is the audit log: some 75 MB for a board. */
const STREAM_ENTRIES = 1_000_000
/** With it, what PostgreSQL may be behind: some 400 MB for a board, over eight minutes at 10,000 a second. */
const BACKLOG_ENTRIES = 5_000_000

/** Variables of later versions. To ignore one in silence would be worse than to refuse it. */
const NOT_YET = ['JWT_PUBLIC_KEY', 'JWT_JWKS_URL', 'DURABILITY']

const REQUIRED_IN_PRODUCTION: Readonly<Record<string, string>> = {
  REDIS_URL: 'such as redis://localhost:6379',
  JWT_SECRET: 'at least 32 characters that only your token issuer knows'
}

/**
 * Reads the environment into one frozen configuration; an empty variable counts as not set. In production the variables
 * in `needs` must be there.
 * @throws ConfigError that names every problem
 */
export function readConfig (
  variables: Variables,
  needs: readonly string[] = Object.keys(REQUIRED_IN_PRODUCTION)
): Config {
  const production = variables['NODE_ENV'] === 'production'
  const problems: string[] = []
  const given = readEnvironment(variables)
  if ('problems' in given) problems.push(...given.problems)
  const lists = readLists(variables, problems)
  for (const name of production ? needs : []) {
    if (variables[name]) continue
    problems.push(`${name} is required when NODE_ENV is production: ${REQUIRED_IN_PRODUCTION[name]}`)
  }
  for (const name of NOT_YET) {
    if (variables[name]) problems.push(`${name} is not supported by this version`)
  }
  const boards = variables['BOARDS_FILE'] ? readConfiguredBoards(variables['BOARDS_FILE'], problems) : defaultBoards()
  if ('problems' in given || boards === undefined || problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(configOf(given, { production, boards, ...lists }))
}

/** The configuration that checked values make, with the defaults that depend on other values. */
function configOf (given: Environment, rest: Pick<Config, 'production' | 'boards'> & Lists): Config {
  const { production } = rest
  return {
    ...rest,
    host: given.HOST,
    port: given.PORT,
    redisUrl: given.REDIS_URL,
    redisTimeoutMs: given.REDIS_TIMEOUT_MS,
    jwtSecret: given.JWT_SECRET,
    jwtIssuer: given.JWT_ISSUER,
    jwtAudience: given.JWT_AUDIENCE,
    databaseUrl: given.DATABASE_URL,
    ledgerMaxEntries: given.LEDGER_MAX_ENTRIES ?? (given.DATABASE_URL === undefined ? STREAM_ENTRIES : BACKLOG_ENTRIES),
    queueMaxJobs: given.QUEUE_MAX_JOBS,
    roles: new Set(given.ROLES.split(',') as Role[]),
    boardsFile: given.BOARDS_FILE,
    dataDir: given.DATA_DIR,
    logLevel: given.LOG_LEVEL,
    logFormat: given.LOG_FORMAT ?? (production ? 'json' : 'pretty'),
    rateLimitMax: given.RATE_LIMIT_MAX,
    pushWindowMs: given.PUSH_WINDOW_MS,
    webhookTimeoutMs: given.WEBHOOK_TIMEOUT_MS,
    maxSockets: given.MAX_SOCKETS,
    maxSocketsPerIp: given.MAX_SOCKETS_PER_IP,
    maxHandshakesPerSecond: given.MAX_HANDSHAKES_PER_SECOND,
    drainMs: given.DRAIN_MS ?? (production ? PRODUCTION_DRAIN_MS : 0)
  }
}

type Lists = Pick<Config, 'trustProxy' | 'webhookNetworks' | 'allowedOrigins'>

/** The variables that are lists separated by commas; what is wrong with them is added to `problems`. */
function readLists (variables: Variables, problems: string[]): Lists {
  const listOf = (name: string) => variables[name] ? variables[name].split(',').map((item) => item.trim()) : []
  const trustProxy = listOf('TRUST_PROXY')
  if (!trustProxy.every(isProxyAddress)) {
    problems.push('TRUST_PROXY must be IP addresses or networks, separated by commas')
  }
  const webhookNetworks = listOf('WEBHOOK_NETWORKS')
  if (!webhookNetworks.every(isNetwork)) {
    problems.push('WEBHOOK_NETWORKS must be networks such as 10.1.0.0/16, separated by commas')
  }
  const allowedOrigins = listOf('ALLOWED_ORIGINS').filter(Boolean)
  const wrong = allowedOrigins.find((origin) => origin !== '*' && !isOrigin(origin))
  if (wrong !== undefined) {
    const expected = 'origins such as https://game.example, separated by commas, or *'
    problems.push(`ALLOWED_ORIGINS must be ${expected}: ${wrong} is none`)
  }
  return { trustProxy, webhookNetworks, allowedOrigins }
}

/** A scheme, a host and perhaps a port, as a browser writes them. */
function isOrigin (text: string): boolean {
  return !text.includes('*') && URL.canParse(text) && new URL(text).origin === text
}

/** An address, a network such as 10.0.0.0/8, or a name that `proxy-addr` knows. */
function isProxyAddress (address: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(address)) return true
  const [ip = '', bits, ...more] = address.split('/')
  const version = isIP(ip)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

function isNetwork (text: string): boolean {
  return text.includes('/') && isProxyAddress(text)
}

/**
 * The boards of a boards file.
 * @throws ConfigError that names every problem; `name` is what the file is called there
 */
export function readBoards (file: string, name = file): Boards {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([`${name} cannot be read: ${messageOf(error)}`])
  }
  const parsed = parseBoards(content)
  if ('boards' in parsed) return parsed.boards
  throw new ConfigError(parsed.problems.map((problem) => `${name}: ${problem}`))
}

function readConfiguredBoards (file: string, problems: string[]): Boards | undefined {
  try {
    return readBoards(file, `BOARDS_FILE ${file}`)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}
