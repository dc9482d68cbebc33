// What a test waits for comes sooner, or never.
import { get, type ClientRequest } from 'node:http'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import type { LiveMessage } from './watcher.ts'

const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 1000
/** What a test waits for comes sooner, or never. */
const PATIENCE_MS = 60_000

interface Connection {
  close(): void
}

interface Listener {
  onMessage(message: LiveMessage & { within_ms?: number }): void
  /** WebSocket: the close code. Event streams have none: 0. A refused handshake: its status. */
  onEnd(code: number): void
}

type Transport = (url: string, listener: Listener) => Connection

const webSocket: Transport = (url, { onMessage, onEnd }) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}`)
  socket.on('message', (data) => onMessage(JSON.parse(String(data))))
  socket.on('error', () => {})
  socket.once('close', onEnd)
  return { close: () => socket.close() }
}

const eventStream: Transport = (url, { onMessage, onEnd }) => {
  let ended = false
  const end = (code: number) => {
    if (!ended) onEnd(code)
    ended = true
  }
  const request: ClientRequest = get(url, { agent: false, headers: { accept: 'text/event-stream' } }, (response) => {
    if (response.statusCode !== 200) {
      response.resume()
      return end(response.statusCode ?? 0)
    }
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      text += chunk
      const events = text.split('\n\n')
      text = events.pop()!
      for (const event of events) {
        const [, data] = /^data: (.*)$/m.exec(event) ?? []
        if (data !== undefined) onMessage(JSON.parse(data))
      }
    })
    response.once('error', () => {})
    response.once('close', () => end(0))
  })
  request.once('error', () => end(0))
  return { close: () => request.destroy() }
}

export interface Screen {
  /** What happened to its connections, in order: a close code, or `reconnect` when it was told to move. */
  readonly ends: (number | 'reconnect')[]
  /** Times without a connection that has shown the board, in ms. */
  readonly gaps: number[]
  /** Resolves with the first board that fits, the present one or a later one. */
  until(fits: (board: LiveMessage) => boolean): Promise<LiveMessage>
  /** Resolves when there is a connection and it has shown the board. */
  live(): Promise<void>
  stop(): void
}

export interface ScreenOptions {
  readonly path?: string
  /** Moves before it is closed, when told to; a client that does not know the message waits for the close. */
  readonly moves?: boolean
}

/**
 * A screen that comes back by itself, spread out, as every client should: over a WebSocket, or over an event stream
 * for `/sse/`.
 */
export function showScreen (
  t: Test,
  baseUrl: string,
  { path = '/ws/scoreboard', moves = false }: ScreenOptions = {}
): Screen {
  const connectTo = path.startsWith('/sse/') ? eventStream : webSocket
  const ends: Screen['ends'] = []
  const gaps: number[] = []
  const timers = new Set<NodeJS.Timeout>()
  const open = new Set<Connection>()
  const looks = new Set<() => void>()
  let board: LiveMessage | undefined
  let current: Connection | undefined
  let lostAt: number | undefined
  let failures = 0
  /** How many messages of each kind it got. */
  const heard: Record<string, number> = {}
  let stopped = false

  const later = (action: () => void, ms: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      action()
    }, ms)
    timers.add(timer)
  }

  function connect (): void {
    const connection = connectTo(baseUrl + path, {
      onMessage (message) {
        heard[message.event] = (heard[message.event] ?? 0) + 1
        if (message.event === 'reconnect') {
          ends.push('reconnect')
          if (moves) later(connect, Math.random() * (message.within_ms ?? 0))
        }
        if (message.event === 'snapshot') {
          failures = 0
          if (lostAt !== undefined) gaps.push(performance.now() - lostAt)
          lostAt = undefined
          const old = current
          current = connection
          if (old !== undefined && old !== connection) old.close()
        }
        if (message.event !== 'snapshot' && message.event !== 'update') return
        if (board?.epoch !== message.epoch || message.version >= board.version) board = message
        for (const look of looks) look()
      },
      onEnd (code) {
        open.delete(connection)
        if (stopped) return
        const replaced = current !== undefined && current !== connection
        if (replaced) return
        ends.push(code)
        if (current === connection) {
          current = undefined
          lostAt = performance.now()
        }
        later(connect, Math.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures++))
      }
    })
    open.add(connection)
  }

  const stop = () => {
    stopped = true
    for (const timer of timers) clearTimeout(timer)
    for (const connection of open) connection.close()
  }
  t.teardown(stop)
  connect()

  const until = async <T>(find: () => T | undefined): Promise<T> =>
    await new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        looks.delete(look)
        const state = { open: open.size, isLive: current !== undefined, ends, heard }
        reject(new Error(`a screen at ${path} waited in vain: ${JSON.stringify(state)}`))
      }, PATIENCE_MS)
      const look = () => {
        const found = find()
        if (found === undefined) return
        clearTimeout(deadline)
        looks.delete(look)
        resolve(found)
      }
      looks.add(look)
      look()
    })
  return {
    ends,
    gaps,
    stop,
    until: async (fits) => await until(() => board !== undefined && fits(board) ? board : undefined),
    live: async () => {
      await until(() => current)
    }
  }
}
