// The variables of the environment that a command may see: none that would configure it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { UsageError, type Command, type Process } from '../../../src/cli/command.ts'
import { PATIENT } from '../servers/redis.ts'
import { MAIN } from '../servers/main.ts'

/** The variables of the environment that a command may see: none that would configure it. */
export const PLAIN = { PATH: process.env['PATH'] ?? '', LOG_FORMAT: 'json', ...PATIENT }

export interface Run {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

/** Runs a command of scorewire to its end, with a text as its standard input. */
export async function run (words: string[], env: Record<string, string> = {}, input = ''): Promise<Run> {
  const child = spawn(process.execPath, [...MAIN, ...words], { env: { ...PLAIN, ...env } })
  let [out, error] = ['', '']
  child.stdout.on('data', (data) => {
    out += data
  })
  child.stderr.on('data', (data) => {
    error += data
  })
  child.stdin.on('error', () => {}) // it may end without having read all of it
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, out, error }
}

/** What a command within the test's own process gets of it. */
export function processWith (env: Record<string, string>, write: (text: string) => void): Process {
  const stdout = new PassThrough()
  stdout.on('data', (data) => write(String(data)))
  return {
    env,
    isTerminal: false,
    write,
    showProgress () {},
    stdin: Readable.from([]),
    stdout,
    stopSignal: new Promise(() => {})
  }
}

/** Runs a command within the test's own process, which starts sooner. */
export async function perform (command: Command, words: string[], env: Record<string, string> = {}): Promise<Run> {
  let out = ''
  try {
    const code = await command(
      words,
      processWith(env, (text) => {
        out += text
      })
    )
    return { code, out, error: '' }
  } catch (error) {
    return {
      code: error instanceof UsageError ? 2 : 1,
      out,
      error: error instanceof Error ? error.message : String(error)
    }
  }
}
