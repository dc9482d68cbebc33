// One screen: a board over a WebSocket or server-sent events.
import { get as getPlain, type ClientRequest } from 'node:http'
import { get as getTls } from 'node:https'
import { WebSocket } from 'ws'
import type { Plan } from '../processes/plan.ts'

const EVENT_END = '\n\n'
/** The begin of the message of an error that says how a screen was refused. */
export const REFUSED = 'refused: '
/** Handshakes under way at a time. */
const CONNECTING = 32

interface WatcherOptions {
  readonly plan: Pick<Plan, 'target' | 'board' | 'transport' | 'timeoutMs' | 'callers'>
  /** A board as it came, as JSON text. */
  readonly onTop: (message: string) => void
  /** The connection ended, and `close` was not called. */
  readonly onLost: () => void
}

export interface Watcher {
  /** Resolves when the first board is there; rejects with the kind of refusal, such as `503`. */
  readonly opened: Promise<void>
  close(): void
}

/** Opens a screen over the transport of the plan. */
export function watch (options: WatcherOptions): Watcher {
  return options.plan.transport === 'sse' ? watchEvents(options) : watchSocket(options)
}

/** Opens so many. @throws Error `refused: ` and the kind, when one is refused: then none is left open */
export async function openAll (count: number, open: () => Watcher): Promise<Watcher[]> {
  const watchers: Watcher[] = []
  const openSome = async () => {
    while (watchers.length < count) {
      const watcher = open()
      watchers.push(watcher)
      await watcher.opened
    }
  }
  try {
    await Promise.all(Array.from({ length: CONNECTING }, openSome))
    return watchers
  } catch (error) {
    for (const watcher of watchers) watcher.close()
    throw new Error(`${REFUSED}${error instanceof Error ? error.message : String(error)}`)
  }
}

function addressOf ({ target, board }: WatcherOptions['plan'], path: string): URL {
  const url = new URL(`${path}?board=${board}`, target)
  if (path.startsWith('/ws')) url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}

function authorizationOf ({ callers: [caller] }: WatcherOptions['plan']): { authorization?: string } {
  return caller === undefined ? {} : { authorization: `Bearer ${caller.token}` }
}

function watchSocket ({ plan, onTop, onLost }: WatcherOptions): Watcher {
  let [isOpen, isClosing] = [false, false]
  const socket = new WebSocket(addressOf(plan, '/ws/scoreboard'), {
    perMessageDeflate: false,
    handshakeTimeout: plan.timeoutMs,
    headers: authorizationOf(plan)
  })
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('message', (data) => {
      const text = String(data)
      if (!isTop(text)) return
      isOpen = true
      resolve()
      onTop(text)
    })
    socket.once('unexpected-response', (_request, response) => {
      reject(new Error(String(response.statusCode)))
      socket.terminate()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)))
    socket.once('close', (code) => {
      reject(new Error(`closed ${code}`))
      if (isOpen && !isClosing) onLost()
    })
  })
  opened.catch(() => {}) // the caller that waits for it gets the error
  return {
    opened,
    close () {
      isClosing = true
      socket.terminate()
    }
  }
}

function watchEvents ({ plan, onTop, onLost }: WatcherOptions): Watcher {
  let [isOpen, isClosing, rest] = [false, false, '']
  const url = addressOf(plan, '/sse/scoreboard')
  let request: ClientRequest
  const opened = new Promise<void>((resolve, reject) => {
    const get = url.protocol === 'https:' ? getTls : getPlain
    const headers = { accept: 'text/event-stream', ...authorizationOf(plan) }
    request = get(url, { agent: false, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(String(response.statusCode)))
      response.setEncoding('utf8').on('data', (text: string) => {
        rest += text
        for (let end = rest.indexOf(EVENT_END); end >= 0; end = rest.indexOf(EVENT_END)) {
          const data = /^data: ?(.*)$/m.exec(rest.slice(0, end))?.[1] ?? ''
          rest = rest.slice(end + EVENT_END.length)
          if (!isTop(data)) continue
          isOpen = true
          resolve()
          onTop(data)
        }
      })
      response.on('error', () => {}) // it closes
      response.once('close', () => {
        reject(new Error('closed'))
        if (isOpen && !isClosing) onLost()
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)))
    request.setTimeout(plan.timeoutMs, () => {
      if (!isOpen) request.destroy()
    })
  })
  opened.catch(() => {})
  return {
    opened,
    close () {
      isClosing = true
      request.destroy()
    }
  }
}

function isTop (message: string): boolean {
  return message.startsWith('{"event":"snapshot"') || message.startsWith('{"event":"update"')
}
