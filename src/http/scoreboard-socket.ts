import websocket from '@fastify/websocket'
import { Type } from 'typebox'
import type { WebSocket } from 'ws'
import { windowOf, type Boards } from '../leaderboard/board.ts'
import { Problem } from '../leaderboard/problem.ts'
import { WindowKind } from '../leaderboard/window.ts'
import { CLOSE } from '../live/close-code.ts'
import type { Hub } from '../live/hub.ts'
import { Session } from '../live/session.ts'
import type { Server } from './server.ts'

const MAX_INBOUND_BYTES = 4096
/** How long a client may take to answer a close before its socket is cut. */
const CLOSE_TIMEOUT_MS = 2000
/** RFC 6455, section 5.5: the payload of a control frame, less the two bytes of the code. */
const MAX_REASON_BYTES = 120

const isWindow = (kind: string | undefined): kind is WindowKind | undefined =>
  kind === undefined || WindowKind.enum.some((known) => known === kind)

export interface ScoreboardSocketOptions {
  readonly boards: Boards
  readonly hub: Hub
  readonly onPush: () => void
}

/** `GET /ws/scoreboard`: the top of a board over a WebSocket, at once and whenever it changes. */
export async function registerScoreboardSocket (server: Server, { boards, hub, onPush }: ScoreboardSocketOptions): Promise<void> {
  await server.register(websocket, {
    options: { maxPayload: MAX_INBOUND_BYTES, perMessageDeflate: false, clientTracking: true },
    errorHandler: (_error, socket) => socket.terminate(),
    preClose (done) {
      for (const socket of server.websocketServer.clients) closeSoon(socket, CLOSE.restart, 'restart')
      done()
    }
  })

  // A refusal is a close code, not an HTTP status: a browser's script cannot see the status of a failed upgrade.
  server.get('/ws/scoreboard', {
    websocket: true,
    schema: { querystring: Type.Object({ board: Type.Optional(Type.String()), window: Type.Optional(Type.String()) }) }
  }, (socket, request) => {
    try {
      const { board: name, window } = request.query
      const board = name === undefined ? boards.default : boards.get(name)
      if (!isWindow(window)) throw new Problem('invalid_request', 'There is no such window.')
      socket.once('close', hub.watch(board, windowOf(board, window), new Session(request.raw.socket, onPush)))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      closeSoon(socket, error.code === 'unknown_board' ? CLOSE.unknownBoard : CLOSE.policy, error.message)
    }
  })
}

function closeSoon (socket: WebSocket, code: number, reason: string): void {
  // A character cut in half becomes one of three bytes.
  socket.close(code, Buffer.from(reason).subarray(0, MAX_REASON_BYTES - 3).toString())
  setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref()
}
