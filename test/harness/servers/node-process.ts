// Below the ports that the system gives to outgoing connections, which could take one while its owner is away.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Test } from 'tap'
import { SECRET } from './node.ts'
import { PATIENT } from './redis.ts'
import { MAIN } from './main.ts'

/** Below the ports that the system gives to outgoing connections, which could take one while its owner is away. */
const PORTS = { from: 12_000, count: 16_000 }
const PATIENCE_MS = 30_000
const given = new Set<number>()

/** A port of the loopback interface that nobody listens on, and that stays free while its owner restarts. */
export async function freePort (): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count)
    if (given.has(port)) continue
    given.add(port)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen({ host: '127.0.0.1', port }, () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (isFree) return port
  }
}

export interface NodeProcess {
  readonly address: string
  readonly url: string
  /** Starts it, for the first time or again, and waits until it listens. */
  start(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** Resolves with the exit code of the present process, null after a signal. */
  ended(): Promise<number | null>
  /** What the present process calls itself: its request ids begin with it. */
  id(): Promise<string>
  /** The sum of a metric over the labels that the text names, such as `result="applied"`. */
  metric(name: string, label?: string): Promise<number>
}

/** Which node answers for a path at which nothing is: every refusal names its request, and a request its node. */
export async function nodeAt (url: string, path = '/v1/boards/nowhere'): Promise<string> {
  const { request_id: id } = await (await fetch(url + path, { signal: AbortSignal.timeout(PATIENCE_MS) })).json() as {
    request_id: string
  }
  return id.split('-')[0]!
}

/** A node as an operator runs it: in production, a process of its own, on a port that it keeps. */
export async function prepareNode (t: Test, env: Record<string, string>): Promise<NodeProcess> {
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const url = `http://${address}`
  let child: ChildProcess | undefined
  let exit: Promise<number | null> = Promise.resolve(null)

  const start = async () => {
    const started = spawn(process.execPath, [...MAIN, 'serve'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_ENV: 'production',
        JWT_SECRET: SECRET,
        PORT: String(port),
        TRUST_PROXY: 'loopback',
        ...PATIENT,
        ...env
      },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    child = started
    exit = once(started, 'exit').then(([code]) => code as number | null)
    let out = ''
    await new Promise<void>((resolve, reject) => {
      const read = (data: Buffer) => {
        out += data
        if (out.includes('Server listening at')) resolve()
      }
      started.stdout.on('data', read)
      started.stderr.on('data', read)
      void exit.then((code) => reject(new Error(`the node ended with ${code}: ${out}`)))
    })
  }
  t.teardown(async () => {
    child?.kill('SIGKILL')
    await exit
  })
  return {
    address,
    url,
    start,
    signal: (name) => {
      child?.kill(name)
    },
    ended: async () => await exit,
    id: async () => await nodeAt(url),
    async metric (name, label = '') {
      const text = await (await fetch(`${url}/metrics`)).text()
      return text.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line) && line.includes(label))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    }
  }
}
