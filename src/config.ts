import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { Type } from 'typebox'
import { defaultBoards, parseBoards, type Boards } from './leaderboard/boards/board.ts'
import { checker, problemsFound } from './leaderboard/schema.ts'

const Text = (description: string) => Type.String({ minLength: 1, description })

/** The environment that scorewire reads. Values arrive as text and are converted; whatever else is set is not looked at. */
const Environment = Type.Object({
  NODE_ENV: Type.Enum(['development', 'test', 'production'], { default: 'development' }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  REDIS_URL: Type.Optional(Type.String({ pattern: '^(rediss?://.+|/.+)$' })),
  REDIS_TIMEOUT_MS: Type.Integer({ minimum: 100, maximum: 60_000, default: 1000 }),
  JWT_SECRET: Type.Optional(Type.String({ minLength: 32 })),
  JWT_ISSUER: Type.Optional(Text('The only issuer whose tokens are accepted')),
  JWT_AUDIENCE: Type.Optional(Text('The audience that tokens must name')),
  DATABASE_URL: Type.Optional(Type.String({ pattern: '^postgres(ql)?://.+$' })),
  LEDGER_MAX_ENTRIES: Type.Optional(Type.Integer({ minimum: 1000, maximum: 1_000_000_000 })),
  QUEUE_MAX_JOBS: Type.Integer({ minimum: 100, maximum: 10_000_000, default: 100_000 }),
  ROLES: Type.String({ pattern: '^(api|worker|api,worker|worker,api)$', default: 'api,worker' }),
  BOARDS_FILE: Type.Optional(Text('JSON file of boards')),
  DATA_DIR: Type.String({ minLength: 1, default: 'data' }),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], { default: 'info' }),
  LOG_FORMAT: Type.Optional(Type.Enum(['json', 'pretty'])),
  TRUST_PROXY: Type.Optional(Text('Addresses or networks of the balancers, separated by commas')),
  RATE_LIMIT_MAX: Type.Integer({ minimum: 0, maximum: 1_000_000_000, default: 6000 }),
  ALLOWED_ORIGINS: Type.Optional(Text('Origins of the pages that may use the service, separated by commas, or *')),
  MAX_SOCKETS: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 20_000 }),
  MAX_SOCKETS_PER_IP: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 32 }),
  MAX_HANDSHAKES_PER_SECOND: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1000 }),
  DRAIN_MS: Type.Optional(Type.Integer({ minimum: 0, maximum: 300_000 })),
  WEBHOOK_TIMEOUT_MS: Type.Integer({ minimum: 500, maximum: 30_000, default: 15_000 }),
  WEBHOOK_NETWORKS: Type.Optional(Text('Private networks in which webhooks have receivers, separated by commas')),
  PUSH_WINDOW_MS: Type.Integer({ minimum: 10, maximum: 1000, default: 100 })
})

/** What a problem with a variable is called in words, where the schema's own message would not help. */
const EXPECTED: Readonly<Record<string, string>> = {
  REDIS_URL: 'must be redis://…, rediss://… or the path of a Unix socket',
  DATABASE_URL: 'must be postgres://…',
  ROLES: 'must be api, worker or api,worker',
  JWT_SECRET: 'must have at least 32 characters'
}

/** What a process does: answer requests, or work behind those who do. */
export type Role = 'api' | 'worker'

export interface Config {
  readonly production: boolean
  readonly host: string
  readonly port: number
  /** Undefined outside production: scorewire runs a Redis of its own. */
  readonly redisUrl: string | undefined
  /** So long Redis has to answer. */
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
  /** So long a receiver of a webhook has to answer. */
  readonly webhookTimeoutMs: number
  /** Networks such as 10.1.0.0/16 where webhooks may go besides public addresses. */
  readonly webhookNetworks: readonly string[]
  /** Origins of pages that may use the service, `*` for all; none: only its own pages. */
  readonly allowedOrigins: readonly string[]
  /** Live connections that this node takes. */
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

const isEnvironment = checker(Environment, 'converting')

/** Enough for a balancer to notice, and for some ten thousand clients to come back elsewhere without a rush. */
const PRODUCTION_DRAIN_MS = 15_000

/** Without PostgreSQL the stream is the audit log: some 75 MB for a board. */
const STREAM_ENTRIES = 1_000_000
/** With it, what PostgreSQL may be behind: some 400 MB for a board, over eight minutes at 10,000 a second. */
const BACKLOG_ENTRIES = 5_000_000

/** What scorewire will read one day. Ignoring a promise that somebody relies on would be worse than saying so. */
const NOT_YET = ['JWT_PUBLIC_KEY', 'JWT_JWKS_URL', 'DURABILITY']

const REQUIRED_IN_PRODUCTION: Readonly<Record<string, string>> = {
  REDIS_URL: 'such as redis://localhost:6379',
  JWT_SECRET: 'at least 32 characters that only your token issuer knows'
}

/**
 * Reads the environment into one frozen configuration; an empty variable counts as not set. In production the variables in
 * `needs` must be there.
 * @throws ConfigError that names every problem
 */
export function readConfig (
  variables: Readonly<Record<string, string | undefined>>, needs: readonly string[] = Object.keys(REQUIRED_IN_PRODUCTION)
): Config {
  const names = Object.keys(Environment.properties)
  const given: unknown = Object.fromEntries(names.map((name) => [name, variables[name]]).filter(([, value]) => value))
  const production = variables['NODE_ENV'] === 'production'
  const problems: string[] = []
  if (!isEnvironment(given)) {
    const wrong = new Map(problemsFound(isEnvironment).map(({ path, message }) => [path.slice(1), message]))
    problems.push(...[...wrong].map(([name, message]) => `${name} ${EXPECTED[name] ?? message}`))
  } else if (given.DATABASE_URL !== undefined && !URL.canParse(given.DATABASE_URL)) {
    problems.push(`DATABASE_URL ${EXPECTED['DATABASE_URL']}`)
  } else if (given.REDIS_URL?.startsWith('redis') === true && !URL.canParse(given.REDIS_URL)) {
    problems.push(`REDIS_URL ${EXPECTED['REDIS_URL']}`)
  }
  const trustProxy = variables['TRUST_PROXY']?.split(',').map((address) => address.trim()) ?? []
  if (!trustProxy.every(isProxyAddress)) problems.push('TRUST_PROXY must be IP addresses or networks, separated by commas')
  const webhookNetworks = variables['WEBHOOK_NETWORKS']?.split(',').map((network) => network.trim()) ?? []
  if (!webhookNetworks.every(isNetwork)) problems.push('WEBHOOK_NETWORKS must be networks such as 10.1.0.0/16, separated by commas')
  const allowedOrigins = variables['ALLOWED_ORIGINS']?.split(',').map((origin) => origin.trim()).filter(Boolean) ?? []
  const noOrigin = allowedOrigins.find((origin) => origin !== '*' && !isOrigin(origin))
  if (noOrigin !== undefined) problems.push(`ALLOWED_ORIGINS must be origins such as https://game.example, separated by commas, or *: ${noOrigin} is none`)
  for (const name of needs) {
    if (production && !variables[name]) problems.push(`${name} is required when NODE_ENV is production: ${REQUIRED_IN_PRODUCTION[name]}`)
  }
  for (const name of NOT_YET) {
    if (variables[name]) problems.push(`${name} is not supported by this version`)
  }
  const boards = variables['BOARDS_FILE'] ? readConfiguredBoards(variables['BOARDS_FILE'], problems) : defaultBoards()
  if (!isEnvironment(given) || boards === undefined || problems.length > 0) throw new ConfigError(problems)

  return Object.freeze({
    production,
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
    boards,
    boardsFile: given.BOARDS_FILE,
    dataDir: given.DATA_DIR,
    logLevel: given.LOG_LEVEL,
    logFormat: given.LOG_FORMAT ?? (production ? 'json' : 'pretty'),
    trustProxy,
    rateLimitMax: given.RATE_LIMIT_MAX,
    pushWindowMs: given.PUSH_WINDOW_MS,
    webhookTimeoutMs: given.WEBHOOK_TIMEOUT_MS,
    webhookNetworks,
    allowedOrigins,
    maxSockets: given.MAX_SOCKETS,
    maxSocketsPerIp: given.MAX_SOCKETS_PER_IP,
    maxHandshakesPerSecond: given.MAX_HANDSHAKES_PER_SECOND,
    drainMs: given.DRAIN_MS ?? (production ? PRODUCTION_DRAIN_MS : 0)
  })
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

/** The boards of a boards file. @throws ConfigError that names every problem; `name` is what the file is called there */
export function readBoards (file: string, name = file): Boards {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`])
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
