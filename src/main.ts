#!/usr/bin/env node
import { audit } from './cli/audit.ts'
import { BENCH_HELP } from './cli/bench-options.ts'
import { bench } from './cli/bench.ts'
import { boards } from './cli/boards.ts'
import type { Command } from './cli/command.ts'
import { UsageError } from './cli/command.ts'
import { exportBoard } from './cli/export.ts'
import { importBoard } from './cli/import.ts'
import { migrate } from './cli/migrate.ts'
import { serve, VERSION } from './cli/serve.ts'
import { token } from './cli/token.ts'
import { worker } from './cli/worker.ts'
import { ConfigError } from './config.ts'

const COMMANDS: Readonly<Record<string, Command>> = { audit, bench, boards, export: exportBoard, import: importBoard, migrate, serve, token, worker }

const USAGE = `scorewire ${VERSION}: a live leaderboard service

  scorewire serve           run a node; configured by its environment
  scorewire worker          work behind the nodes: apply what is queued, archive the ledger
  scorewire migrate         bring the ledger's database up to date
  scorewire audit           print what happened  [--board NAME] [--user ID] [--from TIME] [--to TIME] [--limit 100] [--json]
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
    process.stdout.write(name === 'bench' ? BENCH_HELP : USAGE)
    return name === undefined ? 2 : 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}\n\n${USAGE}`)
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
