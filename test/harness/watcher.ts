import { once } from 'node:events'
import type { Test } from 'tap'
import { WebSocket } from 'ws'

export interface LiveMessage {
  event: string
  board: string
  window: string
  epoch: string
  version: number
  ts: string
  top_scores: { rank: number, user_id: string, username: string, score: number }[]
}

export interface Watcher {
  readonly socket: WebSocket
  readonly messages: LiveMessage[]
  readonly last: () => LiveMessage | undefined
  /** Resolves with the first message, old or new, that fits. */
  until (fits: (message: LiveMessage) => boolean): Promise<LiveMessage>
  /** The code and reason that the server closed with. */
  readonly closed: Promise<{ code: number, reason: string }>
}

/** A browser's place: one WebSocket that keeps every message it was sent. */
export async function watch (t: Test, nodeUrl: string, query = ''): Promise<Watcher> {
  const socket = new WebSocket(`${nodeUrl.replace('http', 'ws')}/ws/scoreboard${query}`)
  const messages: LiveMessage[] = []
  const waiting = new Set<() => void>()
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)))
    for (const look of waiting) look()
  })
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }))
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  return {
    socket,
    messages,
    closed,
    last: () => messages.at(-1),
    until: async (fits) => await new Promise((resolve) => {
      const look = () => {
        const found = messages.find(fits)
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  }
}
