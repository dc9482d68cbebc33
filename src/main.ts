#!/usr/bin/env node
import { UsageError, type Command } from './cli/command.ts'
import { VERSION } from './cli/version.ts'
import { ConfigError } from './config.ts'

/** Each is loaded when it is asked for: what the others are built on takes half a second. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  audit: async () => (await import('./cli/commands/audit.ts')).audit,
  bench: async () => (await import('./cli/commands/bench.ts')).bench,
  boards: async () => (await import('./cli/commands/boards.ts')).boards,
  export: async () => (await import('./cli/commands/export.ts')).exportBoard,
  import: async () => (await import('./cli/commands/import.ts')).importBoard,
  migrate: async () => (await import('./cli/commands/migrate.ts')).migrate,
  rebuild: async () => (await import('./cli/commands/rebuild.ts')).rebuild,
  reconcile: async () => (await import('./cli/commands/reconcile.ts')).reconcile,
  rollback: async () => (await import('./cli/commands/rollback.ts')).rollback,
  serve: async () => (await import('./cli/commands/serve.ts')).serve,
  token: async () => (await import('./cli/commands/token.ts')).token,
  worker: async () => (await import('./cli/commands/worker.ts')).worker
}

const USAGE = `scorewire ${VERSION}: a live leaderboard service

  scorewire serve           run a node; configured by its environment
  scorewire worker          work behind the nodes: apply what is queued, archive the ledger
  scorewire migrate         bring the ledger's database up to date
  scorewire audit           print what happened  [--board NAME] [--user ID] [--from TIME] [--to TIME] [--limit 100] [--json]
  scorewire rebuild         make boards anew in Redis from the ledger  [--board NAME] [--replace]
  scorewire reconcile       tell where Redis and the ledger differ  [--board NAME] [--apply] [--json]
  scorewire rollback        take back what a user has gained  --board NAME --user ID --since TIME [--reason TEXT] [--dry-run]
  scorewire token <user>    print a token  [--name NAME] [--scope SCOPE] [--expires 1h]
  scorewire boards          apply FILE [--dry-run], list, show NAME: the boards of a running service
  scorewire export <board>  [--window W] [--segment S] [--format ndjson|csv] [--out FILE]
  scorewire import <board>  [FILE] [--window W] [--format ndjson|csv], or --from-zset KEY [--from-url REDIS_URL]
  scorewire bench           put load on a deployment  --target URL --scenario NAME [--rate R] [--report FILE.html]; more with --help
`

/** From the first look at it on, a signal asks; a second one does not wait for the answer. Who never looks is ended by the first. */
const waitForSignal = () => new Promise<string>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.on(signal, () => process.exit(1))
      resolve(signal)
    })
  }
})

async function main (name: string | undefined, words: string[]): Promise<number> {
  if (name === '--version') {
    process.stdout.write(`${VERSION}\n`)
    return 0
  }
  if (name === undefined || name === 'help' || [name, ...words].some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(name === 'bench' ? (await import('./cli/bench-options.ts')).BENCH_HELP : USAGE)
    return name === undefined ? 2 : 0
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}\n\n${USAGE}`)
  const command = await load()
  return await command(words, {
    env: process.env,
    isTerminal: process.stdout.isTTY,
    write: (text) => { process.stdout.write(text) },
    showProgress: (line) => { if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`) },
    stdin: process.stdin,
    stdout: process.stdout,
    get stopSignal () { return waitForSignal() }
  })
}

const [name, ...words] = process.argv.slice(2)
try {
  process.exitCode = await main(name, words)
} catch (error) {
  const lines = error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
  for (const line of lines) process.stderr.write(`scorewire: ${line}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
