#!/usr/bin/env node
// The program `scorewire`: finds the command, runs it, and turns what it throws into lines and an exit code.
import { UsageError, type Command } from './cli/command.ts'
import { commandList, helpText, type Usage } from './cli/usage.ts'
import { VERSION } from './cli/version.ts'
import { ConfigError } from './config.ts'

/** Each command is loaded when it is asked for: what the others are built on takes half a second. */
const COMMANDS: Readonly<Record<string, () => Promise<readonly [Command, Usage]>>> = {
  serve: () => import('./cli/commands/serve.ts').then(({ serve, usage }) => [serve, usage]),
  worker: () => import('./cli/commands/worker.ts').then(({ worker, usage }) => [worker, usage]),
  migrate: () => import('./cli/commands/migrate.ts').then(({ migrate, usage }) => [migrate, usage]),
  audit: () => import('./cli/commands/audit.ts').then(({ audit, usage }) => [audit, usage]),
  rebuild: () => import('./cli/commands/rebuild.ts').then(({ rebuild, usage }) => [rebuild, usage]),
  reconcile: () => import('./cli/commands/reconcile.ts').then(({ reconcile, usage }) => [reconcile, usage]),
  rollback: () => import('./cli/commands/rollback.ts').then(({ rollback, usage }) => [rollback, usage]),
  token: () => import('./cli/commands/token.ts').then(({ token, usage }) => [token, usage]),
  boards: () => import('./cli/commands/boards.ts').then(({ boards, usage }) => [boards, usage]),
  export: () => import('./cli/commands/export.ts').then(({ exportBoard, usage }) => [exportBoard, usage]),
  import: () => import('./cli/commands/import.ts').then(({ importBoard, usage }) => [importBoard, usage]),
  bench: () => import('./cli/commands/bench.ts').then(({ bench, usage }) => [bench, usage])
}

/** The list of all commands, which loads them all. */
async function listCommands (): Promise<string> {
  const usages = new Map<string, Usage>()
  for (const [name, load] of Object.entries(COMMANDS)) usages.set(name, (await load())[1])
  return commandList(VERSION, usages)
}

/**
 * Resolves at the first signal, for a command that asks for it; a second signal ends the process at once. A process
 * whose command never asks is ended by the first.
 */
const waitForSignal = () =>
  new Promise<string>((resolve) => {
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
  if (name === undefined || ['help', '--help', '-h'].includes(name)) {
    process.stdout.write(await listCommands())
    return name === undefined ? 2 : 0
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}\n\n${await listCommands()}`)
  const [command, usage] = await load()
  if (words.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(helpText(name, usage))
    return 0
  }
  return await command(words, {
    env: process.env,
    isTerminal: process.stdout.isTTY,
    write: (text) => {
      process.stdout.write(text)
    },
    showProgress: (line) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
    },
    stdin: process.stdin,
    stdout: process.stdout,
    get stopSignal () {
      return waitForSignal()
    }
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
