// Processes under test, and what they cost.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** Clock ticks a second in /proc (USER_HZ), which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** CPU time that a process has used so far, in µs, user and system together. Linux only. */
export function cpuMicros (pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 1_000_000 / TICKS_PER_SECOND
}

export interface ServerUnderTest {
  readonly url: string
  readonly pid: number
  stop (): Promise<void>
}

/** Starts a Node program that prints `… is live at <address>` when it is ready. */
export async function startServer (args: readonly string[], env: Record<string, string>): Promise<ServerUnderTest> {
  const child: ChildProcess = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (data) => {
      out += data
      const [, address] = /(?:is live at|listening at) (http:\/\/[\d.:]+)/.exec(out) ?? []
      if (address !== undefined) resolve(address)
    })
    child.once('exit', () => reject(new Error(`${args.join(' ')} ended before it was ready:\n${out}`)))
  })
  return {
    url,
    pid: child.pid!,
    async stop () {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  }
}
