// Debian keeps servers where only root's PATH looks.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { ROOT } from '../paths.ts'
import { freePort, nodeAt, type NodeProcess } from './node-process.ts'
import { eventually } from '../eventually.ts'

const shipped = (name: string) => join(ROOT, 'deploy', name)
/** Debian keeps servers where only root's PATH looks. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`

/**
 * More than the nodes of the tests have with Redis (PATIENT): a request that waits on a busy machine is not an answer
 * that got lost.
 */
const PATIENCE_S = 30

export interface Balancer {
  readonly url: string
  /** What it says of its configuration when it only checks it, and how that ends. */
  readonly verdict: { readonly code: number | null, readonly out: string }
  /** Everything it has logged so far. */
  log(): Promise<string>
  /** Resolves when a request for the path was answered by the node; nothing must be at the path. */
  reaches(node: NodeProcess, path?: string): Promise<void>
}

interface Plan {
  readonly command: string
  readonly check: readonly string[]
  readonly run: readonly string[]
  readonly env: Record<string, string>
}

export type Prepare = (place: { directory: string, address: string, nodes: readonly [string, string] }) => Promise<Plan>

function replaced (text: string, changes: ReadonlyArray<readonly [string, string]>): string {
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the shipped configuration does not hold ${JSON.stringify(from)}`)
    text = text.replaceAll(from, to)
  }
  return text
}

/** The shipped configuration, checked as it is and run with more patience: its addresses come from the environment. */
export const haproxy: Prepare = async ({ directory, address, nodes: [first, second] }) => {
  const source = shipped('haproxy.cfg')
  const config = join(directory, 'haproxy.cfg')
  await writeFile(
    config,
    replaced(await readFile(source, 'utf8'), [['timeout server 5s', `timeout server ${PATIENCE_S}s`]])
  )
  return {
    command: 'haproxy',
    check: ['-c', '-f', source],
    run: ['-db', '-f', config],
    env: { SCOREWIRE_BIND: address, SCOREWIRE_NODE_1: first, SCOREWIRE_NODE_2: second, SCOREWIRE_MAXCONN: '1000' }
  }
}

/** The shipped configuration with other addresses, and with its files where anybody may write. */
export const nginx: Prepare = async ({ directory, address, nodes: [first, second] }) => {
  const config = join(directory, 'nginx.conf')
  const source = await readFile(shipped('nginx.conf'), 'utf8')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) =>
    `${name}_temp_path ${directory}/${name};`
  ).join(' ')
  const limits: [string, string][] = [['worker_rlimit_nofile 65536;', ''], [
    'worker_connections 30000;',
    'worker_connections 1000;'
  ]]
  const changes: [string, string][] = [
    ['listen 8080;', `listen ${address};`],
    ['127.0.0.1:3001', first],
    ['127.0.0.1:3002', second],
    ['http {', `http { ${temporary}`],
    ['proxy_read_timeout 5s;', `proxy_read_timeout ${PATIENCE_S}s;`],
    ...limits
  ]
  await writeFile(config, replaced(source, changes))
  const settings = ['-p', directory, '-c', config, '-g', `pid ${directory}/nginx.pid; daemon off;`]
  return { command: 'nginx', check: ['-t', ...settings], run: settings, env: {} }
}

async function accepts (address: string): Promise<boolean> {
  const [host, port] = address.split(':')
  const socket = connect({ host: host!, port: Number(port) })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A real balancer in front of two nodes, with the configuration that is shipped for it, gone when the test ends. */
export async function startBalancer (
  t: Test,
  prepare: Prepare,
  nodes: readonly [NodeProcess, NodeProcess]
): Promise<Balancer> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-balancer-'))
  t.teardown(async () => await rm(directory, { recursive: true, force: true }))
  const address = `127.0.0.1:${await freePort()}`
  const url = `http://${address}`
  const { command, check, run, env } = await prepare({
    directory,
    address,
    nodes: [nodes[0].address, nodes[1].address]
  })
  // Files, since nginx opens /dev/stdout by its name, which a socket pair does not allow.
  const runInto = async (name: string, words: readonly string[]) => {
    const output = await open(join(directory, name), 'a')
    const child = spawn(command, words, {
      env: { PATH, ...env },
      cwd: directory,
      stdio: ['ignore', output.fd, output.fd]
    })
    const gone = once(child, 'exit').then(([code]) => code as number | null)
    await output.close()
    return { child, gone }
  }
  const code = await (await runInto('verdict', check)).gone
  const { child, gone } = await runInto('log', run)
  const log = async () => await readFile(join(directory, 'log'), 'utf8')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await gone
  })
  while (!await accepts(address)) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${await log()}`)
    await delay(10)
  }
  return {
    url,
    verdict: { code, out: await readFile(join(directory, 'verdict'), 'utf8') },
    log,
    async reaches (node, path) {
      const id = await node.id()
      await eventually(async () => await nodeAt(url, path).catch(() => '') === id, 'the balancer sends to that node')
    }
  }
}
