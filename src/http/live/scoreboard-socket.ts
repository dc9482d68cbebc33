// The WebSocket of live boards.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import websocket from '@fastify/websocket'
import type { FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { Clock } from '../../leaderboard/clock.ts'
import type { Principal } from '../../leaderboard/principal.ts'
import { Problem, type ProblemCode } from '../../leaderboard/problem.ts'
import { CLOSE, type CloseCode } from '../../live/close-code.ts'
import { Frame } from '../../live/frame.ts'
import { countEnd } from '../../live/live-stats.ts'
import type { Session } from '../../live/session.ts'
import { SUBPROTOCOL } from '../auth.ts'
import type { Server } from '../server.ts'
import {
  judgeRequest,
  judgeWatch,
  openSession,
  parseWatchMessage,
  parseWatchQuery,
  type WatchMessage,
  type WatchOptions
} from './watch-request.ts'

const PATH = '/ws/scoreboard'
const MAX_INBOUND_BYTES = 4096
const MAX_INBOUND_PER_SECOND = 10
const MAX_BOARDS = 16
/** Most proxies end a connection that was quiet for 30 s or more. */
const BEAT_MS = 25_000
/** How long a client may take to answer a close before its socket is cut. */
const CLOSE_TIMEOUT_MS = 2000
/** RFC 6455, section 5.5: the payload of a control frame, less the two bytes of the code. */
const MAX_REASON_BYTES = 120
const SECOND_MS = 1000

const SOCKETS = {
  maxPayload: MAX_INBOUND_BYTES,
  closeTimeout: CLOSE_TIMEOUT_MS,
  // A message is compressed once for all clients, so no client may count on what it was sent before.
  perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 15 },
  handleProtocols: (offered: Set<string>) => offered.has(SUBPROTOCOL) && SUBPROTOCOL
}

/** What a client closes with, where it closes as the standard says; others may choose any number. */
const KNOWN_ENDS: ReadonlySet<number> = new Set([1000, 1001, 1002, 1005, 1006, 1007, 1009, ...Object.values(CLOSE)])
/** A compression offer that asks for less memory than the shared frames take (RFC 7692, section 7.1.2.1). */
const SMALLER_WINDOW = /server_max_window_bits\s*=\s*"?(?!15)/

/** A refusal after the upgrade is a close code: a script in a browser cannot see the status of a failed upgrade. */
const CLOSE_FOR: Partial<Record<ProblemCode, CloseCode>> = {
  unknown_board: CLOSE.unknownBoard,
  expired_token: CLOSE.tokenExpired,
  missing_token: CLOSE.forbidden,
  invalid_token: CLOSE.forbidden
}

/** `GET /ws/scoreboard`: the top of a board over a WebSocket, at once and whenever it changes. */
export async function registerScoreboardSocket (server: Server, options: WatchOptions): Promise<void> {
  const { limits } = options
  await server.register(websocket, {
    options: SOCKETS,
    errorHandler: (_error, socket) => socket.terminate(),
    preClose (done) {
      for (const socket of server.websocketServer.clients) closeSocket(socket, CLOSE.restart, 'this node restarts')
      done()
    }
  })

  // An upgrade that is refused before the hook below (unreadable path, an answer still to come on the same connection,
  // the edge limit) has a socket that nothing else closes.
  const asked = new WeakSet<IncomingMessage>()
  server.server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    if (!asked.has(request)) socket.destroySoon()
  })

  server.addHook('onRequest', (request, _reply, done) => {
    if (!request.ws) return done()
    asked.add(request.raw)
    // ws would refuse the handshake where it cannot compress as asked, instead of not compressing.
    if (SMALLER_WINDOW.test(request.headers['sec-websocket-extensions'] ?? '')) {
      delete request.raw.headers['sec-websocket-extensions']
    }
    try {
      // The plugin would upgrade any path, and log the whole address of those that it closes again.
      if (request.routeOptions.url !== PATH) throw new Problem('invalid_request', `Only ${PATH} is a WebSocket.`)
      limits.check(request)
      limits.admit(request)
      done()
    } catch (error) {
      done(error as Error)
    }
  })

  server.route({
    method: 'GET',
    url: PATH,
    schema: { hide: true },
    handler () {
      const headers = { upgrade: 'websocket', connection: 'upgrade' }
      throw new Problem('upgrade_required', 'This path is a WebSocket.', { headers })
    },
    wsHandler: (socket, request) => accept(socket, request, options)
  })
}

function accept (socket: WebSocket, request: FastifyRequest, options: WatchOptions): void {
  const { hub, stats, clock } = options
  try {
    const { principal, watch } = judgeRequest(request, parseWatchQuery(request.query), options)
    const { session, leave } = openSession(principal, {
      socket: request.raw.socket,
      wire: socket.extensions === '' ? 'websocket' : 'deflated',
      beatMs: BEAT_MS,
      close: (code, reason) => closeSocket(socket, code, reason)
    }, options)
    socket.once('close', (code) => leave(KNOWN_ENDS.has(code) ? String(code) : 'other'))
    receive(socket, { session, clock }, (message) => handleMessage(message, { session, principal }, options))
    hub.watch(session, watch)
  } catch (error) {
    const code = error instanceof Problem ? CLOSE_FOR[error.code] ?? CLOSE.policy : CLOSE.internalError
    countEnd(stats, String(code))
    closeSocket(socket, code, error instanceof Problem ? error.message : 'something went wrong here')
    if (!(error instanceof Problem)) request.log.error({ err: error }, 'a WebSocket could not be opened')
  }
}

/** Receives what a client sends: answers to our pings, and messages, whose number and form have limits. */
function receive (
  socket: WebSocket,
  { session, clock }: { session: Session, clock: Clock },
  onMessage: (message: WatchMessage) => void
): void {
  let since = 0
  let received = 0
  const isTooMuch = (): boolean => {
    const now = clock.now()
    if (now - since >= SECOND_MS) [since, received] = [now, 0]
    if (++received <= MAX_INBOUND_PER_SECOND) return false
    session.close(CLOSE.policy, `more than ${MAX_INBOUND_PER_SECOND} messages in a second`)
    return true
  }
  socket.on('pong', (data) => {
    if (!session.receivePong(String(data))) isTooMuch()
  })
  socket.on('ping', isTooMuch)
  socket.on('message', (data, isBinary) => {
    if (session.isEnded || isTooMuch()) return
    if (isBinary) return session.close(CLOSE.unsupportedData, 'messages are text')
    const message = parseWatchMessage(String(data))
    if (message === undefined) session.close(CLOSE.policy, 'not a message that is understood here')
    else onMessage(message)
  })
}

/** Does what a message asks, or tells the client why not. */
function handleMessage (
  message: WatchMessage,
  { session, principal }: { session: Session, principal: Principal | undefined },
  { boards, hub }: WatchOptions
): void {
  const asked = 'subscribe' in message ? message.subscribe : message.unsubscribe
  try {
    if ('subscribe' in message) {
      const watch = judgeWatch(boards, principal, asked)
      if (hub.countOf(session) >= MAX_BOARDS && !hub.watches(session, watch.board, watch.ranking)) {
        throw new Problem('invalid_request', `One socket may watch ${MAX_BOARDS} boards.`)
      }
      hub.watch(session, watch)
    } else {
      const { board, ranking } = judgeWatch(boards, principal, asked)
      if (!hub.unwatch(session, board, ranking)) throw new Problem('invalid_request', 'This board is not watched here.')
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const about = { board: asked.board, ...(asked.window && { window: asked.window }) }
    session.notify(new Frame({ event: 'error', code: error.code, detail: error.message, ...about }))
  }
}

function closeSocket (socket: WebSocket, code: CloseCode, reason: string): void {
  // A character cut in half becomes one of three bytes.
  socket.close(code, Buffer.from(reason).subarray(0, MAX_REASON_BYTES - 3).toString())
}
