// The stream of server-sent events of live boards.
import type { OutgoingHttpHeaders } from 'node:http'
import { Type } from 'typebox'
import { Problem } from '../../leaderboard/problem.ts'
import { CLOSE, type CloseCode } from '../../live/close-code.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'
import { judgeRequest, openSession, WatchQuery, type WatchOptions } from './watch-request.ts'

const BEAT_MS = 15_000
/** How long the end of a stream may take to leave before its socket is cut. */
const END_TIMEOUT_MS = 2000
/** After a restart clients come back at random times within this. */
const RETRY_MS = 5000

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close'
}

const schema = {
  summary: 'The top of a board as server-sent events: a snapshot at once and an update whenever the visible ten change',
  tags: ['read'],
  querystring: WatchQuery,
  headers: Type.Object({
    'last-event-id': Type.Optional(Type.String({
      description: 'The id of the last event received: what has not changed since is not sent again'
    }))
  }),
  response: {
    200: {
      description: 'The messages of the WebSocket, each as an event',
      content: { 'text/event-stream': { schema: Type.String() } }
    },
    ...PROBLEMS
  }
}

interface ScoreboardStreamOptions extends WatchOptions {
  /** Between 0 and 1. */
  readonly random: () => number
}

/** `GET /sse/scoreboard`: what `/ws/scoreboard` tells, as server-sent events (HTML Living Standard, section 9.2). */
export function registerScoreboardStream (server: Server, options: ScoreboardStreamOptions): void {
  const { limits, hub, random, clock } = options
  server.get('/sse/scoreboard', {
    schema,
    exposeHeadRoute: false,
    onRequest: (request, _reply, done) => {
      limits.check(request)
      done()
    }
  }, (request, reply) => {
    const { principal, watch } = judgeRequest(request, request.query, options)
    const { socket } = reply.raw
    if (socket === null) {
      throw new Problem('invalid_request', 'A stream cannot wait for an earlier answer on its connection.')
    }
    limits.admit(request)

    // Events are written to the socket itself, the same bytes for all clients, so no chunk's length comes before each:
    // the body ends with the connection.
    reply.hijack()
    reply.raw.removeHeader('transfer-encoding')
    reply.raw.writeHead(200, { ...reply.getHeaders() as OutgoingHttpHeaders, ...HEADERS })
    reply.raw.flushHeaders()

    const { session, leave } = openSession(principal, {
      socket,
      wire: 'events',
      beatMs: BEAT_MS,
      close (code: CloseCode) {
        socket.end(code === CLOSE.restart ? `retry: ${Math.ceil(random() * RETRY_MS)}\n\n` : '')
        const cancel = clock.setTimeout(() => socket.destroy(), END_TIMEOUT_MS)
        socket.once('close', cancel)
      }
    }, options)
    socket.once('close', () => leave('stream'))
    hub.watch(session, { ...watch, resumeFrom: request.headers['last-event-id'] })
  })
}
