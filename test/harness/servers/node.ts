// `http://127.0.0.1:<port>`.
import { pino } from 'pino'
import type { Test } from 'tap'
import { systemClock } from '../../../src/app/system-clock.ts'
import { createApp } from '../../../src/app.ts'
import { readConfig } from '../../../src/config.ts'
import type { Server } from '../../../src/http/server.ts'
import { PATIENT } from './redis.ts'

export const SECRET = 'a secret of the tests, long enough to be one'

export interface TestNode {
  readonly server: Server
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  token(user: string, claims?: object): string
  /** One HTTP request over a real socket; a body is sent as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** As SIGTERM does. */
  close(): Promise<void>
}

export interface CallOptions {
  readonly token?: string | undefined
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // What a route answers is what the tests are to find out.
  readonly body: any
}

export interface NodeOptions {
  readonly redisUrl: string
  readonly env?: Record<string, string>
  readonly scripts?: URL
  readonly log?: (line: string) => void
  readonly port?: number
  /** Gives numbers between 0 and 1: when first heartbeats are due, and polls. */
  readonly random?: () => number
}

/** One node of the service on a free port of the loopback interface, closed when the test ends. */
export async function startNode (
  t: Test,
  { redisUrl, env = {}, scripts, log, port = 0, random = Math.random }: NodeOptions
): Promise<TestNode> {
  const { server, drain } = await createApp({
    config: readConfig({
      NODE_ENV: 'test',
      RATE_LIMIT_MAX: '0',
      MAX_SOCKETS_PER_IP: '0',
      DRAIN_MS: '0',
      ...PATIENT,
      ...env
    }),
    redisUrl,
    jwtSecret: SECRET,
    version: 'test',
    log: log === undefined ? pino({ level: 'silent' }) : pino({ level: 'trace' }, { write: log }),
    now: Date.now,
    random,
    clock: systemClock,
    ...(scripts && { scripts })
  })
  const url = await server.listen({ host: '127.0.0.1', port })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= drain())
  t.teardown(close)
  return {
    server,
    url,
    close,
    token: (user, claims = {}) => server.jwt.sign({ sub: user, ...claims }, { expiresIn: 600 }),
    async call (method, path, { token, body, headers = {} } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) })
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: text !== '' && /[/+]json\b/.test(response.headers.get('content-type') ?? '')
          ? JSON.parse(text)
          : undefined
      }
    }
  }
}
