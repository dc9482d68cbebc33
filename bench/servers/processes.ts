// Processes under test, and what they cost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * As `npm start` and the image run it: room for young objects, so that fewer of them are copied. The same for the
 * peers.
 */
export const NODE_FLAGS = ['--max-semi-space-size=64']

/**
 * The most that other processes of the machine may use, in cores, for a figure to be that of the process under test.
 */
export const MOST_OTHER_CPU = 0.2

/** The folder of the repository: above `bench`, or above the `build` that the tests are compiled into. */
const ROOT = new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url)

/** The path of a file of the repository. */
export function pathOf (file: string): string {
  return fileURLToPath(new URL(file, ROOT))
}

/** CPU time that the threads of a process have used so far, in µs, user and system together. Linux only. */
export function cpuMicros (pid: number): number {
  let nanos = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  }
  return nanos / 1000
}

/** The processes that a process has started and that are still there. Linux only. */
export function childrenOf (pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

/** Names of processes, each with its ids at the moment. */
export type Processes = Readonly<Record<string, () => readonly number[]>>

/**
 * Begins to count CPU time; the answer gives what each name has used since, in µs. Of one that has ended meanwhile
 * nothing is known.
 */
export function meter (processes: Processes): () => Record<string, number> {
  const read = () =>
    Object.entries(processes).map(([name, pids]) => [name, new Map(pids().map((pid) => [pid, microsOf(pid)]))] as const)
  const before = new Map(read())
  return () =>
    Object.fromEntries(
      read().map(([name, now]) => {
        const then = before.get(name)!
        return [name, [...now].reduce((total, [pid, micros]) => total + Math.max(0, micros - (then.get(pid) ?? 0)), 0)]
      })
    )
}

/** 0 for a process that has just gone. */
function microsOf (pid: number): number {
  try {
    return cpuMicros(pid)
  } catch {
    return 0
  }
}

/**
 * CPU time that the whole machine has used so far, in µs, whoever used it. In steps of 10 ms (USER_HZ, 100 on every
 * Linux that Node runs on).
 */
export function machineMicros (): number {
  const [user, nice, system, , , irq, softIrq] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/ +/)
    .slice(1).map(Number) as [number, number, number, number, number, number, number]
  return (user + nice + system + irq + softIrq) * 10_000
}

/** Memory of a process that is in RAM. */
export function rssBytes (pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

export interface ServerUnderTest {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a Node program that prints `… is live at <address>` when it is ready. */
export async function startServer (args: readonly string[], env: Record<string, string>): Promise<ServerUnderTest> {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let out = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      out = `${out}${data}`.slice(-4096)
      const [, address] = /(?:is live at|listening at) (http:\/\/[\d.:]+)/.exec(out) ?? []
      if (address !== undefined) resolve(address)
    })
    child.once('close', () => reject(new Error(`${args.join(' ')} ended before it was ready:\n${out}`)))
  })
  return {
    url,
    pid: child.pid!,
    async stop () {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  }
}
