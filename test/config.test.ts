// Tests of config: an empty environment is a complete development configuration, and frozen.
import { test } from 'tap'
import { ConfigError, readConfig } from '../src/config.ts'

function problemsOf (env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

test('an empty environment is a complete development configuration, and frozen', async (t) => {
  const config = readConfig({})
  t.match(config, {
    production: false,
    host: '127.0.0.1',
    port: 3000,
    redisUrl: undefined,
    rateLimitMax: 6000,
    pushWindowMs: 100,
    logFormat: 'pretty'
  })
  t.equal(config.boards.default.name, 'main')
  t.ok(Object.isFrozen(config))
  t.throws(() => {
    Object.assign(config, { port: 1 })
  })
})

test('the ledger: where it is kept, what a stream may hold, and who archives it', async (t) => {
  t.match(readConfig({}), { databaseUrl: undefined, ledgerMaxEntries: 1_000_000 })
  t.strictSame([...readConfig({}).roles], ['api', 'worker'])
  const config = readConfig({ DATABASE_URL: 'postgres:///scores?host=/run/postgresql', ROLES: 'worker' })
  t.match(config, { databaseUrl: 'postgres:///scores?host=/run/postgresql', ledgerMaxEntries: 5_000_000 })
  t.strictSame([...config.roles], ['worker'])
  t.equal(readConfig({ LEDGER_MAX_ENTRIES: '2000' }).ledgerMaxEntries, 2000)
  t.strictSame(problemsOf({ DATABASE_URL: 'mysql://x', LEDGER_MAX_ENTRIES: '10', ROLES: 'api,api' }), [
    'DATABASE_URL must be postgres://…',
    'LEDGER_MAX_ENTRIES must be >= 1000',
    'ROLES must be api, worker or api,worker'
  ])
  t.equal(readConfig({}).queueMaxJobs, 100_000)
  t.strictSame(problemsOf({ QUEUE_MAX_JOBS: '99' }), ['QUEUE_MAX_JOBS must be >= 100'])
  t.strictSame(problemsOf({ DATABASE_URL: 'postgres://user@/scores?host=/run' }), ['DATABASE_URL must be postgres://…'])
})

test('every problem is named, in one message', async (t) => {
  t.strictSame(
    problemsOf({
      PORT: 'http',
      RATE_LIMIT_MAX: '-1',
      PUSH_WINDOW_MS: '5',
      NODE_ENV: 'prod',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
      REDIS_URL: 'localhost',
      JWT_SECRET: 'short'
    }),
    [
      'NODE_ENV must be one of development, test, production',
      'PORT must be integer',
      'REDIS_URL must be redis://…, rediss://… or the path of a Unix socket',
      'JWT_SECRET must have at least 32 characters',
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent',
      'LOG_FORMAT must be one of json, pretty',
      'RATE_LIMIT_MAX must be >= 0',
      'PUSH_WINDOW_MS must be >= 10'
    ]
  )
  t.strictSame(
    problemsOf({ NODE_ENV: 'production', PORT: 'x', TRUST_PROXY: 'y', BOARDS_FILE: '/nope', DURABILITY: 'safe' }).map((
      problem
    ) => problem.split(' ')[0]),
    ['PORT', 'TRUST_PROXY', 'REDIS_URL', 'JWT_SECRET', 'DURABILITY', 'BOARDS_FILE'],
    'of whatever kind'
  )
  t.strictSame(problemsOf({ REDIS_URL: 'redis://u:p@localhost:port' }), [
    'REDIS_URL must be redis://…, rediss://… or the path of a Unix socket'
  ])
  t.strictSame(problemsOf({ PORT: '70000' }), ['PORT must be <= 65535'])
  t.strictSame(problemsOf({ PORT: '3000.5' }), ['PORT must be integer'])
})

test('webhooks: how long a receiver has, and the private networks that they may go to', async (t) => {
  t.match(readConfig({}), { webhookTimeoutMs: 15_000, webhookNetworks: [] })
  t.match(readConfig({ WEBHOOK_TIMEOUT_MS: '2000', WEBHOOK_NETWORKS: '10.1.0.0/16, fd12::/32' }), {
    webhookTimeoutMs: 2000,
    webhookNetworks: ['10.1.0.0/16', 'fd12::/32']
  })
  t.strictSame(problemsOf({ WEBHOOK_TIMEOUT_MS: '100' }), ['WEBHOOK_TIMEOUT_MS must be >= 500'])
  for (const networks of ['10.1.2.3', 'loopback', '10.0.0.0/33', 'x/8', '10.1.0.0/16,']) {
    t.strictSame(problemsOf({ WEBHOOK_NETWORKS: networks }), [
      'WEBHOOK_NETWORKS must be networks such as 10.1.0.0/16, separated by commas'
    ], networks)
  }
})

test('production assumes nothing', async (t) => {
  const [redis, jwt, ...more] = problemsOf({ NODE_ENV: 'production' })
  t.match(redis, /^REDIS_URL is required when NODE_ENV is production/)
  t.match(jwt, /^JWT_SECRET is required when NODE_ENV is production/)
  t.strictSame(more, [])
  t.match(readConfig({ NODE_ENV: 'production', REDIS_URL: 'redis://db:6379', JWT_SECRET: 'x'.repeat(32) }), {
    production: true,
    logFormat: 'json'
  })
})

test('TRUST_PROXY takes addresses, networks and names for the private ones', async (t) => {
  t.strictSame(readConfig({ TRUST_PROXY: '10.0.0.0/8, 2001:db8::/32,loopback' }).trustProxy, [
    '10.0.0.0/8',
    '2001:db8::/32',
    'loopback'
  ])
  for (const wrong of ['10.0.0.0/99', 'everybody', '10.0.0.1,', '::1/200']) {
    t.strictSame(problemsOf({ TRUST_PROXY: wrong }), [
      'TRUST_PROXY must be IP addresses or networks, separated by commas'
    ])
  }
})

test('ALLOWED_ORIGINS are origins as browsers write them', async (t) => {
  t.strictSame(readConfig({ ALLOWED_ORIGINS: 'https://game.example, http://localhost:5173' }).allowedOrigins, [
    'https://game.example',
    'http://localhost:5173'
  ])
  t.strictSame(readConfig({ ALLOWED_ORIGINS: '*' }).allowedOrigins, ['*'])
  for (
    const wrong of ['game.example', 'https://game.example/', 'https://*.game.example', 'https://GAME.example', 'null']
  ) {
    t.strictSame(problemsOf({ ALLOWED_ORIGINS: `https://a.example,${wrong}` }), [
      `ALLOWED_ORIGINS must be origins such as https://game.example, separated by commas, or *: ${wrong} is none`
    ])
  }
})

test('live connections have bounds, and a node takes its time to leave in production alone', async (t) => {
  t.match(readConfig({}), {
    maxSockets: 20_000,
    maxSocketsPerIp: 32,
    maxHandshakesPerSecond: 1000,
    drainMs: 0,
    allowedOrigins: []
  })
  t.equal(
    readConfig({ NODE_ENV: 'production', REDIS_URL: 'redis://db:6379', JWT_SECRET: 'x'.repeat(32) }).drainMs,
    15_000
  )
  t.equal(readConfig({ DRAIN_MS: '500' }).drainMs, 500)
  t.strictSame(
    problemsOf({ MAX_SOCKETS: '0', MAX_SOCKETS_PER_IP: '-1', MAX_HANDSHAKES_PER_SECOND: 'many', DRAIN_MS: '1h' }),
    [
      'MAX_SOCKETS must be >= 1',
      'MAX_SOCKETS_PER_IP must be >= 0',
      'MAX_HANDSHAKES_PER_SECOND must be integer',
      'DRAIN_MS must be integer'
    ]
  )
})

test('BOARDS_FILE', async (t) => {
  const problems = (content: string) =>
    problemsOf({ BOARDS_FILE: `${t.testdir({ 'boards.json': content })}/boards.json` })
      .map((problem) => problem.replace(/BOARDS_FILE \S+boards\.json/, 'BOARDS_FILE'))

  await t.test('names boards; absent rules take their defaults', async (t) => {
    const file = `${
      t.testdir({
        'boards.json': JSON.stringify({
          boards: { weekly: { windows: ['week', 'all'], time_zone: 'Europe/Berlin' }, main: {} }
        })
      })
    }/boards.json`
    const { boards } = readConfig({ BOARDS_FILE: file })
    t.equal(boards.default.name, 'main', 'main is the default board where there is one')
    t.equal(boards.all[0]?.name, 'weekly')
    t.match(boards.get('weekly'), {
      windows: ['week', 'all'],
      time_zone: 'Europe/Berlin',
      max_increment: 1000,
      max_score: Number.MAX_SAFE_INTEGER,
      quota: { increments: 600, per_seconds: 60 }
    })
    t.throws(() => boards.get('nope'), { code: 'unknown_board' })
    t.throws(() => boards.get('__proto__'), { code: 'unknown_board' })
  })

  await t.test('says what is wrong with one', async (t) => {
    t.match(problems('{')[0], /^BOARDS_FILE cannot be read: /)
    t.strictSame(problems('[]'), ['BOARDS_FILE: / must be object'])
    t.strictSame(problems('{"boards":{}}'), ['BOARDS_FILE: /boards must NOT have fewer than 1 properties'])
    t.strictSame(problems('{"boards":{"Main Board":{}}}'), [
      'BOARDS_FILE: /boards must NOT have additional properties: Main Board'
    ])
    t.strictSame(problems('{"boards":{"main":{"colour":"red"}}}'), [
      'BOARDS_FILE: /boards/main must NOT have additional properties: colour'
    ])
    t.strictSame(problems('{"boards":{"main":{"max_score":"10"}}}'), [
      'BOARDS_FILE: /boards/main/max_score must be integer'
    ])
    t.strictSame(problems('{"boards":{"main":{"max_score":9007199254740993}}}'), [
      'BOARDS_FILE: /boards/main/max_score must be <= 9007199254740991'
    ])
    t.strictSame(problems('{"boards":{"main":{"time_zone":"Mars/Olympus"}}}'), [
      'BOARDS_FILE: /boards/main/time_zone is not an IANA time zone: Mars/Olympus'
    ])
    t.strictSame(problems('{"boards":{"main":{"windows":[]}}}'), [
      'BOARDS_FILE: /boards/main/windows must NOT have fewer than 1 items'
    ])
    t.strictSame(problems('{"boards":{"main":{"windows":["decade"]}}}'), [
      'BOARDS_FILE: /boards/main/windows/0 must be one of all, day, week, month, season'
    ])
    t.match(problemsOf({ BOARDS_FILE: '/does/not/exist' })[0], /ENOENT/)
  })
})
