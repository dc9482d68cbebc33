// Whatever a test waits for comes sooner, or never.
import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Test } from 'tap'
import { WebSocket } from 'ws'

/** Whatever a test waits for comes sooner, or never. */
const PATIENCE_MS = 60_000

/** What may come over a live connection: the fields that an event does not have are not there. */
export interface LiveMessage {
  event: string
  board: string
  window: string
  epoch: string
  version: number
  ts: string
  within_ms: number
  user_id: string
  score: number
  rank: number | null
  by: string
  code: string
  detail: string
  changes: { user_id: string, score: number | null }[]
  missed?: true
  top_scores: { rank: number, user_id: string, username: string, score: number }[]
}

export interface Watcher {
  readonly socket: WebSocket
  readonly messages: LiveMessage[]
  readonly last: () => LiveMessage | undefined
  /** Resolves with the first message, old or new, that fits; rejects when none comes. */
  until(fits: (message: LiveMessage) => boolean): Promise<LiveMessage>
  /** The code and reason that the server closed with. */
  readonly closed: Promise<{ code: number, reason: string }>
}

export interface WatchOptions {
  readonly protocols?: string[]
  readonly headers?: Record<string, string>
  /** Keeps heartbeats too, which come at random times. */
  readonly heartbeats?: boolean
}

/** A browser's place: one WebSocket that keeps every message it was sent. */
export async function watch (
  t: Test,
  nodeUrl: string,
  query = '',
  { protocols = [], headers = {}, heartbeats = false }: WatchOptions = {}
): Promise<Watcher> {
  const socket = new WebSocket(`${nodeUrl.replace('http', 'ws')}/ws/scoreboard${query}`, protocols, { headers })
  const { messages, push, until } = createInbox(heartbeats)
  socket.on('message', (data) => push(String(data)))
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }))
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  return {
    socket,
    messages,
    closed,
    last: () => messages.at(-1),
    until
  }
}

/** The status and body with which a handshake is refused. */
export async function refusal (nodeUrl: string, query = '', { protocols = [], headers = {} }: WatchOptions = {}) {
  const socket = new WebSocket(`${nodeUrl.replace('http', 'ws')}/ws/scoreboard${query}`, protocols, { headers })
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response') as [unknown, IncomingMessage]
  const body = JSON.parse(String(Buffer.concat(await response.toArray())))
  socket.terminate()
  return { status: response.statusCode, headers: response.headers, body }
}

export interface Stream {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly messages: LiveMessage[]
  /** Everything that came, as text. */
  readonly text: () => string
  readonly ids: string[]
  until(fits: (message: LiveMessage) => boolean): Promise<LiveMessage>
  readonly ended: Promise<unknown>
  readonly response: IncomingMessage
}

/** The same as server-sent events, read as the standard says. */
export async function watchEvents (
  t: Test,
  nodeUrl: string,
  query = '',
  { headers = {}, heartbeats = false }: WatchOptions = {}
): Promise<Stream> {
  const sent = request(`${nodeUrl}/sse/scoreboard${query}`, { headers, agent: false }).end()
  const [response] = await once(sent, 'response') as [IncomingMessage]
  t.teardown(() => sent.destroy())
  response.on('error', () => {})
  const { messages, push, until } = createInbox(heartbeats)
  const ids: string[] = []
  let [text, rest] = ['', '']
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const fields = block.split('\n').map((
        line
      ) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^ /, '')])
      for (const [field, value] of fields) {
        if (field === 'id') ids.push(value!)
        if (field === 'data') push(value!)
      }
    }
  })
  return {
    status: response.statusCode!,
    headers: response.headers,
    messages,
    ids,
    text: () => text,
    until,
    ended: new Promise((resolve) => {
      response.once('close', resolve)
    }),
    response
  }
}

function createInbox (heartbeats: boolean) {
  const messages: LiveMessage[] = []
  const waiting = new Set<() => void>()
  return {
    messages,
    push (text: string) {
      const message: LiveMessage = JSON.parse(text)
      if (message.event === 'heartbeat' && !heartbeats) return
      messages.push(message)
      for (const look of waiting) look()
    },
    until: async (fits: (message: LiveMessage) => boolean): Promise<LiveMessage> =>
      await new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(look)
          reject(
            new Error(
              `no such message came within ${PATIENCE_MS} ms; the last of ${messages.length}: ${
                JSON.stringify(messages.slice(-3)).slice(0, 2000)
              }`
            )
          )
        }, PATIENCE_MS).unref() // nor does it hold up the end where nobody waits any more
        const look = () => {
          const found = messages.find(fits)
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
