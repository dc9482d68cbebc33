// nginx with nchan: what a fan-out costs that is written in C. One worker, one message kept, nothing else switched on.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mostOpenFiles } from '../machine.ts'
import type { ServerUnderTest } from './processes.ts'

const MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/share/nginx/modules'].map((place) =>
  join(place, 'ngx_nchan_module.so')
)
const PATH = [process.env['PATH'] ?? '', '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'].join(':')
const READY_WITHIN_MS = 5000

export const PUBLISH_PATH = '/publish'
export const SUBSCRIBE_PATH = '/subscribe'

interface Nchan extends ServerUnderTest {
  /** As nginx and nchan call themselves. */
  readonly version: string
}

/** @throws Error with a clear sentence when nginx or its module is missing, or does not start */
export async function startNchan (): Promise<Nchan> {
  const module = MODULES.find(isThere)
  if (module === undefined) {
    throw new Error(`found no ngx_nchan_module.so in ${MODULES.join(', ')}: node setup.js --bench installs it`)
  }
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-nchan-'))
  const port = await freePort()
  const conf = join(directory, 'nginx.conf')
  await writeFile(conf, config(module, directory, port))
  const master = spawn('nginx', ['-p', directory, '-c', conf, '-e', join(directory, 'error.log')], {
    env: { PATH },
    stdio: 'ignore'
  })
  let failure: Error | undefined
  master.once('error', (error) => {
    failure = error
  })

  const stop = async () => {
    if (master.pid !== undefined && master.exitCode === null && master.signalCode === null) {
      const gone = once(master, 'exit')
      master.kill('SIGTERM') // nginx' fast end
      await gone
    }
    await rm(directory, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  for (const endMs = performance.now() + READY_WITHIN_MS; ;) {
    const answer = await fetch(`${url}/status`).catch(() => undefined)
    const [, nchan] = /nchan version: (\S+)/.exec(await answer?.text() ?? '') ?? []
    if (nchan !== undefined) {
      return { url, pid: workerOf(master.pid!), version: `${answer?.headers.get('server')}, nchan ${nchan}`, stop }
    }
    if (failure !== undefined || master.exitCode !== null || performance.now() > endMs) {
      const log = isThere(join(directory, 'error.log')) ? readFileSync(join(directory, 'error.log'), 'utf8') : ''
      await stop()
      throw new Error(`nginx with nchan does not start: ${failure?.message ?? log.trim()}`)
    }
    await delay(20)
  }
}

function config (module: string, directory: string, port: number): string {
  const files = Math.min(mostOpenFiles(), 65_536)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) =>
    `${name}_temp_path ${directory}/${name};`
  ).join(' ')
  return `
load_module ${module};
daemon off; worker_processes 1; worker_rlimit_nofile ${files}; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events { worker_connections ${files}; }
http {
  access_log off; ${temporary}
  keepalive_requests 100000000; keepalive_timeout 1h;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = ${PUBLISH_PATH} { nchan_publisher http; nchan_channel_id top; nchan_message_buffer_length 1; }
    location = ${SUBSCRIBE_PATH} { nchan_subscriber websocket; nchan_channel_id top; nchan_message_buffer_length 1; nchan_websocket_ping_interval 25; }
    location = /status { nchan_stub_status; }
  }
}
`
}

function isThere (file: string): boolean {
  try {
    accessSync(file)
    return true
  } catch {
    return false
  }
}

/** nginx cannot listen on a port of the system's choice. */
async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function workerOf (master: number): number {
  return Number(readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ')[0])
}
