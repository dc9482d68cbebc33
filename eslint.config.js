import { dirname, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import neostandard from 'neostandard'

/**
 * What each folder of `src/` may import, beside itself and Node's own modules: our folders and files, then packages.
 * A path such as `http/tokens.ts` allows that file alone.
 * What is not listed is refused, so that a new folder or package is a decision (docs/architecture.md).
 */
export const MAY_IMPORT = {
  leaderboard: [[], ['ajv', 'csv-parse', 'ipaddr.js', 'temporal-polyfill', 'typebox']],
  redis: [['leaderboard'], ['ioredis', 'typebox']],
  live: [['leaderboard'], ['ws']],
  ledger: [['leaderboard'], ['pg']],
  jobs: [['leaderboard'], ['bullmq', 'standardwebhooks', 'typebox']],
  http: [['leaderboard', 'live'], ['@fastify/*', 'fast-jwt', 'fastify', 'typebox', 'ws']],
  metrics: [['leaderboard', 'live', 'http'], ['fastify', 'prom-client']],
  // Speaks to a deployment from outside, so that it knows no more than any client. The checker of schemas knows nothing
  // of the service.
  load: [['leaderboard/schema.ts'], ['hdr-histogram-js', 'typebox', 'ws']],
  'environment.ts': [['leaderboard'], ['typebox']],
  'config.ts': [['environment.ts', 'leaderboard'], []],
  app: [['config.ts', 'leaderboard', 'redis', 'live', 'ledger', 'jobs', 'http', 'metrics'], ['fastify']],
  'app.ts': [['app', 'config.ts', 'http', 'metrics'], ['fastify']],
  // Of http a command may know how tokens are signed, and nothing else.
  cli: [
    ['app', 'app.ts', 'config.ts', 'environment.ts', 'leaderboard', 'redis', 'ledger', 'http/tokens.ts', 'load'],
    ['fast-jwt', 'pino', 'pino-pretty']
  ],
  'main.ts': [['cli', 'config.ts'], []]
}

const SRC = fileURLToPath(new URL('src/', import.meta.url))

/** A file's path below `src/` with slashes, such as `http/tokens.ts`; undefined outside. */
function pathOf (file) {
  const path = relative(SRC, file)
  return path.startsWith('..') ? undefined : path.replaceAll(sep, '/')
}

/** The first part of a path below `src/`: a folder, or a file of the root. */
const roomOf = (path) => path?.split('/')[0]

/** Whether a package, such as `pg` or `typebox/compile`, is in a list where `@scope/*` stands for all of a scope. */
const isListed = (name, list) => list.some((entry) =>
  entry.endsWith('/*') ? name.startsWith(entry.slice(0, -1)) : name === entry || name.startsWith(`${entry}/`))

/** Refuses every import that `MAY_IMPORT` does not list, types included. */
const allowedImports = {
  meta: { type: 'problem', schema: [] },
  create (context) {
    const room = roomOf(pathOf(context.filename))
    const [rooms, packages] = MAY_IMPORT[room] ?? [[], []]
    const check = ({ source }) => {
      if (source === null || typeof source?.value !== 'string') return
      const name = source.value
      if (name.startsWith('node:')) return
      const target = name.startsWith('.') ? pathOf(resolve(dirname(context.filename), name)) : undefined
      const isAllowed = name.startsWith('.')
        ? roomOf(target) === room || rooms.some((allowed) => allowed === roomOf(target) || allowed === target)
        : isListed(name, packages)
      if (isAllowed) return
      const message = `src/${room} may not import ${target ?? name} (MAY_IMPORT in eslint.config.js).`
      context.report({ node: source, message })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check
    }
  }
}

/** Writes that count twice when they are sent twice: they belong in a script that knows what it has seen. */
const BARE_WRITES = 'incr|incrby|incrbyfloat|decr|decrby|zincrby|hincrby|hincrbyfloat|append|lpush|rpush|xadd'

export default [
  ...neostandard({ ts: true, ignores: ['build/', 'dist/', 'data/', '.tap/', 'node_modules/'] }),
  {
    rules: {
      // A schema and its type share a name on purpose: one schema, one type.
      '@typescript-eslint/no-redeclare': 'off',
      'no-void': ['error', { allowAsStatement: true }],
      // `npm run format` breaks all but texts, which stay as long as they are.
      '@stylistic/max-len': ['error', { code: 120, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreUrls: true, ignoreRegExpLiterals: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }]
    }
  },
  {
    files: ['web/src/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', {
        patterns: [
          { regex: '^[^.]', message: 'The modules of the browser need nothing else.' },
          { regex: 'src/(?!live/messages[.]ts$)', message: 'The browser knows no more of the service than its messages.' },
          { regex: 'src/live/messages[.]ts$', allowTypeImports: true, message: 'Import types only: nothing of the service may reach the browser.' }
        ]
      }]
    }
  },
  { files: ['eslint.config.js'], rules: { 'no-restricted-exports': 'off' } },
  { files: ['src/**/*.ts'], plugins: { house: { rules: { 'allowed-imports': allowedImports } } }, rules: { 'house/allowed-imports': 'error' } },
  {
    files: ['src/**'],
    ignores: ['src/main.ts', 'src/load/processes/serve-orders.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'process', message: 'Only src/main.ts touches the process, and src/load/processes/serve-orders.ts in its children.' }],
      'no-restricted-syntax': ['error', {
        selector: `CallExpression[callee.property.name=/^(${BARE_WRITES})$/]`,
        message: 'A write that counts twice when it is sent twice belongs in a Lua script.'
      }]
    }
  }
]
