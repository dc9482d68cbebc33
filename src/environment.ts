// The variables that scorewire reads: what each is for, its bounds and its default.
import { Type, type Static, type TSchema } from 'typebox'
import { checker, problemsFound } from './leaderboard/schema.ts'

/** A text of at least one character, when the variable is set. */
const Text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
const Count = (minimum: number, maximum: number, usual: number, description: string) =>
  Type.Integer({ minimum, maximum, default: usual, description })

/** Values arrive as text and are converted. Variables that are not listed here are ignored. */
export const Environment = Type.Object({
  NODE_ENV: Type.Enum(['development', 'test', 'production'], {
    default: 'development',
    description: 'production has no defaults for REDIS_URL and JWT_SECRET'
  }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address to listen on' }),
  PORT: Count(0, 65_535, 3000, 'Port to listen on; 0 for any that is free'),
  REDIS_URL: Type.Optional(Type.String({
    pattern: '^(rediss?://.+|/.+)$',
    description: 'redis://…, rediss://… or the path of a Unix socket. Without it scorewire runs a Redis in DATA_DIR'
  })),
  REDIS_TIMEOUT_MS: Count(100, 60_000, 1000, 'How long Redis has to answer'),
  JWT_SECRET: Type.Optional(Type.String({
    minLength: 32,
    description: 'Secret that tokens are signed with, at least 32 characters. Without it DATA_DIR keeps one'
  })),
  JWT_ISSUER: Text('The only issuer whose tokens are accepted'),
  JWT_AUDIENCE: Text('The audience that tokens must name'),
  DATABASE_URL: Type.Optional(Type.String({
    pattern: '^postgres(ql)?://.+$',
    description: 'postgres://…, where the ledger is kept. Without it the ledger is a bounded stream in Redis'
  })),
  LEDGER_MAX_ENTRIES: Type.Optional(Type.Integer({
    minimum: 1000,
    maximum: 1_000_000_000,
    description: 'Entries that the ledger stream of a board may hold (1000000; with DATABASE_URL 5000000)'
  })),
  QUEUE_MAX_JOBS: Count(100, 10_000_000, 100_000, 'Increments that may wait in the queue'),
  ROLES: Type.String({
    pattern: '^(api|worker|api,worker|worker,api)$',
    default: 'api,worker',
    description: 'What the process does: answer requests (api), work behind the nodes (worker), or both'
  }),
  BOARDS_FILE: Text('JSON file of the boards to make where they do not exist'),
  DATA_DIR: Type.String({
    minLength: 1,
    default: 'data',
    description: 'Folder of what scorewire keeps: its secret, the data of its Redis'
  }),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info',
    description: 'The least level that is logged'
  }),
  LOG_FORMAT: Type.Optional(Type.Enum(['json', 'pretty'], {
    description: 'json or pretty (pretty; in production json)'
  })),
  TRUST_PROXY: Text('Addresses or networks of the balancers, separated by commas'),
  RATE_LIMIT_MAX: Count(0, 1_000_000_000, 6000, 'Requests a minute from one address; 0 for no limit'),
  ALLOWED_ORIGINS: Text('Origins of the pages that may use the service, separated by commas, or *'),
  MAX_SOCKETS: Count(1, 1_000_000, 20_000, 'Live connections of this node'),
  MAX_SOCKETS_PER_IP: Count(0, 1_000_000, 32, 'Live connections from one address; 0 for no limit'),
  MAX_HANDSHAKES_PER_SECOND: Count(1, 1_000_000, 1000, 'New live connections that this node takes in a second'),
  DRAIN_MS: Type.Optional(Type.Integer({
    minimum: 0,
    maximum: 300_000,
    description: 'How long a node that stops takes to send its live clients elsewhere (0; in production 15000)'
  })),
  WEBHOOK_TIMEOUT_MS: Count(500, 30_000, 15_000, 'How long a receiver of a webhook has to answer'),
  WEBHOOK_NETWORKS: Text('Private networks in which webhooks have receivers, separated by commas'),
  PUSH_WINDOW_MS: Count(10, 1000, 100, 'Least time between two messages to a live client about one board')
})
export type Environment = Static<typeof Environment>
export type VariableName = keyof Environment

/** What a wrong value is told where the message of the schema would show a pattern. */
const EXPECTED: Readonly<Record<string, string>> = {
  REDIS_URL: 'must be redis://…, rediss://… or the path of a Unix socket',
  DATABASE_URL: 'must be postgres://…',
  ROLES: 'must be api, worker or api,worker',
  JWT_SECRET: 'must have at least 32 characters'
}

const isEnvironment = checker(Environment, 'converting')

/** The text of the variables. An empty one counts as not set. */
export type Variables = Readonly<Record<string, string | undefined>>

/** Reads and converts the variables. Returns every problem instead where there is one. */
export function readEnvironment (variables: Variables): Environment | { readonly problems: readonly string[] } {
  const given: unknown = Object.fromEntries(
    Object.keys(Environment.properties).map((name) => [name, variables[name]]).filter(([, value]) => value)
  )
  if (!isEnvironment(given)) {
    const messages = new Map(problemsFound(isEnvironment).map(({ path, message }) => [path.slice(1), message]))
    return { problems: [...messages].map(([name, message]) => `${name} ${EXPECTED[name] ?? message}`) }
  }
  for (const name of ['DATABASE_URL', 'REDIS_URL'] as const) {
    const value = given[name]
    if (value === undefined || value.startsWith('/') || URL.canParse(value)) continue
    return { problems: [`${name} ${EXPECTED[name]}`] }
  }
  return given
}

/** A variable with what it is for and, where there is one, its default. */
export function describeVariable (name: VariableName): string {
  const schema: TSchema & { description?: string, default?: unknown } = Environment.properties[name]
  const { description = '', default: usual } = schema
  return usual === undefined ? description : `${description} (${String(usual)})`
}

/** Every variable, in the order in which they are documented. */
export const VARIABLES = Object.keys(Environment.properties) as VariableName[]
