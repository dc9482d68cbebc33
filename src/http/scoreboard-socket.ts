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

const PATH = '/ws/scoreboard'
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

  // The plugin would upgrade any path, and log the whole address of those that it closes again.
  server.addHook('onRequest', (request, _reply, done) => {
    if (!request.ws || request.routeOptions.url === PATH) return done()
    done(new Problem('invalid_request', `Only ${PATH} is a WebSocket.`))
  })

  server.route({
    method: 'GET',
    url: PATH,
    schema: { hide: true, querystring: Type.Object({ board: Type.Optional(Type.String()), window: Type.Optional(Type.String()) }) },
    handler: () => { throw new Problem('upgrade_required', 'This path is a WebSocket.', { headers: { upgrade: 'websocket', connection: 'upgrade' } }) },
    // A refusal is a close code, not an HTTP status: a browser's script cannot see the status of a failed upgrade.
    wsHandler (socket, request) {
      try {
        const { board: name, window } = request.query as { board?: string, window?: string }
        const board = name === undefined ? boards.default : boards.get(name)
        if (!isWindow(window)) throw new Problem('invalid_request', 'There is no such window.')
        socket.once('close', hub.watch(board, windowOf(board, window), new Session(request.raw.socket, onPush)))
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        closeSoon(socket, error.code === 'unknown_board' ? CLOSE.unknownBoard : CLOSE.policy, error.message)
      }
    }
  })
}

function closeSoon (socket: WebSocket, code: number, reason: string): void {
  // A character cut in half becomes one of three bytes.
  socket.close(code, Buffer.from(reason).subarray(0, MAX_REASON_BYTES - 3).toString())
  setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref()
}
