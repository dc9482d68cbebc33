import neostandard from 'neostandard'

/** Imports point one way: a folder names what it may never import, and why is in the message. */
const house = {
  leaderboard: { folders: ['redis', 'live', 'http', 'ledger', 'jobs', 'load', 'cli'], packages: ['fastify', '@fastify/*', 'ioredis', 'ws', 'pg', 'bullmq'] },
  redis: { folders: ['live', 'http', 'ledger', 'jobs', 'load', 'cli'], packages: ['fastify', '@fastify/*', 'ws', 'pg', 'bullmq'] },
  live: { folders: ['redis', 'http', 'ledger', 'jobs', 'load', 'cli'], packages: ['fastify', '@fastify/*', 'ioredis', 'pg', 'bullmq'] },
  jobs: { folders: ['redis', 'live', 'http', 'ledger', 'load', 'cli'], packages: ['fastify', '@fastify/*', 'ioredis', 'ws', 'pg'] },
  http: { folders: ['redis', 'ledger', 'jobs', 'load', 'cli'], packages: ['ioredis', 'pg', 'bullmq'] },
  // Speaks to a deployment from outside, so that it knows no more than anybody.
  load: { folders: ['leaderboard', 'redis', 'live', 'http', 'ledger', 'jobs', 'cli'], packages: ['fastify', '@fastify/*', 'ioredis', 'pg', 'bullmq'] },
  ledger: { folders: ['redis', 'live', 'http', 'jobs', 'load', 'cli'], packages: ['fastify', '@fastify/*', 'ioredis', 'ws', 'bullmq'] }
}

/** Writes that count twice when they are sent twice: they belong in a script that knows what it has seen. */
const BARE_WRITES = 'incr|incrby|incrbyfloat|decr|decrby|zincrby|hincrby|hincrbyfloat|append|lpush|rpush|xadd'

export default [
  ...neostandard({ ts: true, ignores: ['dist/', 'data/', '.tap/', 'node_modules/'] }),
  {
    rules: {
      // A schema and its type share a name on purpose: one schema, one type.
      '@typescript-eslint/no-redeclare': 'off',
      'no-void': ['error', { allowAsStatement: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }]
    }
  },
  { files: ['web/*.js'], languageOptions: { globals: { customElements: 'readonly', CSSStyleSheet: 'readonly', EventSource: 'readonly', reportError: 'readonly' } } },
  { files: ['eslint.config.js'], rules: { 'no-restricted-exports': 'off' } },
  ...Object.entries(house).map(([folder, { folders, packages }]) => ({
    files: [`src/${folder}/**`],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [
          { group: [...folders.map((other) => `**/${other}/**`), '**/app.ts', '**/scoring.ts', '**/worker.ts', '**/main.ts'], message: `src/${folder}/ may not know of this folder (see "How it works" in the README).` },
          { group: packages, message: `src/${folder}/ may not use this package.` }
        ]
      }]
    }
  })),
  {
    files: ['src/**'],
    ignores: ['src/main.ts', 'src/load/child.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'process', message: 'Only src/main.ts touches the process, and src/load/child.ts, which is one.' }],
      'no-restricted-syntax': ['error', {
        selector: `CallExpression[callee.property.name=/^(${BARE_WRITES})$/]`,
        message: 'A write that counts twice when it is sent twice belongs in a Lua script.'
      }]
    }
  }
]
