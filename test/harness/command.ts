import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The variables of the environment that a command may see: none that would configure it. */
export const PLAIN = { PATH: process.env['PATH'] ?? '', LOG_FORMAT: 'json' }

export interface Run { readonly code: number | null, readonly out: string, readonly error: string }

/** Runs a command of scorewire to its end, with a text as its standard input. */
export async function run (words: string[], env: Record<string, string> = {}, input = ''): Promise<Run> {
  const child = spawn(process.execPath, ['--import=tsx', MAIN, ...words], { env: { ...PLAIN, ...env } })
  let [out, error] = ['', '']
  child.stdout.on('data', (data) => { out += data })
  child.stderr.on('data', (data) => { error += data })
  child.stdin.on('error', () => {}) // it may end without having read all of it
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, out, error }
}
