// Ends it and resolves with its exit code, null after a signal that it could not obey.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { PATIENT } from './redis.ts'
import { MAIN } from './main.ts'

export interface WorkerProcess {
  readonly url: string
  /** Ends it and resolves with its exit code, null after a signal that it could not obey. */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

/** A worker as an operator runs it: a process of its own, on any port. Resolves when it is there. */
export async function startWorker (t: Test, env: Record<string, string>, command = 'worker'): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [...MAIN, command], {
    env: { PATH: process.env['PATH'] ?? '', LOG_FORMAT: 'json', PORT: '0', ...PATIENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let out = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (data: Buffer) => {
      out += data
      const [, address] = /Server listening at (http:\/\/[\d.:]+)/.exec(out) ?? []
      if (address !== undefined) resolve(address)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    void ended.then((code) => reject(new Error(`the worker ended with ${code}: ${out}`)))
  })
  return {
    url,
    async stop (signal) {
      child.kill(signal)
      return await ended
    }
  }
}
