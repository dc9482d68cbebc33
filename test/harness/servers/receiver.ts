// Longer than anything that is sent is waited for.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Test } from 'tap'

/** Longer than anything that is sent is waited for. */
const PATIENCE_MS = 60_000

/** A request as a receiver of webhooks sees it. */
export interface Received {
  readonly id: string
  readonly headers: Record<string, string>
  readonly text: string
  // What an event holds is what the tests are to find out.
  readonly body: any
  readonly path: string
}

/** What a receiver does with a request. */
export type Behaviour = (response: ServerResponse, received: Received) => void

export const answer = (status: number, headers: Record<string, string> = {}): Behaviour => (response) => {
  response.writeHead(status, headers).end()
}

export interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** How the next requests are answered; 204 at first. */
  behave(behaviour: Behaviour): void
  /** Resolves with the first request that fits, also one that came before. */
  until(fits: (received: Received) => boolean): Promise<Received>
  close(): Promise<void>
}

export interface ReceiverOptions {
  readonly port?: number
  readonly tls?: { readonly key: string, readonly cert: string }
}

/** A receiver of webhooks on the loopback interface, closed when the test ends. */
export async function startReceiver (t: Test, { port = 0, tls }: ReceiverOptions = {}): Promise<Receiver> {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  let behaviour = answer(204)
  const listener: RequestListener = (request, response) => {
    void read(request).then((one) => {
      received.push(one)
      behaviour(response, one)
      for (const look of waiting) look()
    }, () => {})
  }
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.on('clientError', () => {})
  server.listen({ host: '127.0.0.1', port })
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(close)
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    behave (next) {
      behaviour = next
    },
    close,
    async until (fits) {
      return await new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(look)
          reject(
            new Error(
              `no such request came within ${PATIENCE_MS} ms, only ${JSON.stringify(received.map(({ text }) => text))}`
            )
          )
        }, PATIENCE_MS)
        const look = () => {
          const found = received.find(fits)
          if (found === undefined) return
          clearTimeout(late)
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      })
    }
  }
}

async function read (request: IncomingMessage): Promise<Received> {
  let text = ''
  for await (const data of request) text += data
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  return {
    id: headers['webhook-id'] ?? '',
    headers,
    text,
    body: text === '' ? undefined : JSON.parse(text),
    path: request.url ?? ''
  }
}

/** What the reference library says of a request: whether one of its signatures is of this secret. */
export function isSigned ({ text, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(text, headers)
    return true
  } catch {
    return false
  }
}
