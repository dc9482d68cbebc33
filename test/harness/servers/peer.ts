// Every connection that was made, in order.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Test } from 'tap'
import { WebSocketServer, type WebSocket } from 'ws'

export interface Peer {
  readonly url: string
  /** Every connection that was made, in order. */
  readonly sockets: readonly WebSocket[]
}

/** A server that says what a node says only in rare moments, and knows nothing but WebSockets. */
export async function startPeer (
  t: Test,
  welcome: (socket: WebSocket, count: number, query: URLSearchParams) => void
): Promise<Peer> {
  const sockets: WebSocket[] = []
  const server = createServer((_request, response) => {
    response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  const handleProtocols = (offered: Set<string>) => offered.has('scorewire.v1') && 'scorewire.v1'
  new WebSocketServer({ server, handleProtocols }).on('connection', (socket: WebSocket, { url }: IncomingMessage) => {
    sockets.push(socket)
    welcome(socket, sockets.length, new URL(url!, 'http://peer').searchParams)
  })
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.terminate()
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, sockets }
}

/** A message about an empty board, named as `epoch-version`. */
export function message (event: 'snapshot' | 'update' | 'heartbeat' | 'stale', id: string): string {
  const [epoch, version] = id.split('-')
  const rows = event === 'snapshot' || event === 'update' ? { ts: new Date().toISOString(), top_scores: [] } : {}
  return JSON.stringify({ event, board: 'main', window: 'all', epoch, version: Number(version), ...rows })
}
