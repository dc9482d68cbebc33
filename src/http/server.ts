// The HTTP server, before it has any route: what it accepts, how it names requests, how it closes.
import { randomBytes } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyRequest,
  type FastifySerializerCompiler
} from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { TSchema } from 'typebox'
import { handleClientError, handleError } from './errors.ts'
import { checker } from '../leaderboard/schema.ts'

const BODY_LIMIT_BYTES = 16 * 1024
/** A client that has not sent its request by then is not going to. */
const REQUEST_TIMEOUT_MS = 10_000
/** A write is answered within 2.5 s, whatever Redis does. */
const CLOSE_WITHIN_MS = 3000

interface ServerOptions {
  readonly log: FastifyBaseLogger
  readonly trustProxy: readonly string[]
}

export type Server = ReturnType<typeof createServer>

/** A `preValidation` hook for routes whose every field is optional: no body at all is an empty one. */
export function allowNoBody (request: FastifyRequest, _reply: unknown, done: () => void): void {
  request.body ??= {}
  done()
}

const compileSerializer = SerializerSelector()()
const serializers = new WeakMap<object, (body: unknown) => string>()

/**
 * The serializer of a schema, compiled once. Each of 45 routes names the schema of a problem twice: compiled every
 * time, they took 0.4 of the 0.9 s of CPU in which a node started.
 */
const serializerOf: FastifySerializerCompiler<TSchema> = ({ schema, method, url, httpStatus = 'default' }) => {
  let serializer = serializers.get(schema)
  if (serializer === undefined) {
    serializer = compileSerializer({ schema, method, url, httpStatus })
    serializers.set(schema, serializer)
  }
  return serializer
}

const asked = Symbol('upgrade')

/**
 * A request that asks for an upgrade to anything but a WebSocket is answered as if it did not (RFC 9110, section 7.8):
 * some clients always try HTTP/2.
 */
class Incoming extends IncomingMessage {
  [asked] = false

  get upgrade (): boolean {
    return this[asked] && this.headers.upgrade?.toLowerCase() === 'websocket'
  }

  set upgrade (value: boolean) {
    this[asked] = value
  }
}

/**
 * From now on every answer closes its connection. The client's next one comes from the balancer, which opens it to
 * another node.
 */
export function closeConnectionsAfterAnswer ({ server }: Server): void {
  server.maxRequestsPerSocket = 1
}

/** A bare Fastify that refuses what is malformed in scorewire's own words. */
export function createServer ({ log, trustProxy }: ServerOptions) {
  const node = randomBytes(4).toString('hex')
  let requests = 0
  const server = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger for each request costs more than the increments it would describe; messages name their request
    // instead.
    childLoggerFactory: (logger) => logger,
    genReqId: () => `${node}-${(requests++).toString(36)}`,
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    // What arrives on an open connection while the node ends is still answered.
    return503OnClosing: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { IncomingMessage: Incoming, headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 2000 },
    routerOptions: { maxParamLength: 1024 },
    clientErrorHandler: handleClientError,
    frameworkErrors: (error, request, reply) => handleError(error, request, reply)
  }).withTypeProvider<TypeBoxTypeProvider>()

  // A client that has gone already has no address, and wants no answer.
  server.addHook('onRequest', (request, reply, done) => {
    if (request.raw.socket.remoteAddress !== undefined) return done()
    reply.hijack()
    request.raw.socket.destroy()
  })

  // A browser opens connections that it may use later; one that never sent a request counts as busy to Node, and would
  // hold the end of the process. Requests that are under way end before this.
  let cutOff: NodeJS.Timeout | undefined
  server.addHook('preClose', (done) => {
    cutOff = setTimeout(() => server.server.closeAllConnections(), CLOSE_WITHIN_MS)
    done()
  })
  server.addHook('onClose', async () => clearTimeout(cutOff))
  server.removeContentTypeParser('text/plain')

  // A body says what it means: no "5" for 5, no unknown field dropped in silence. Queries and paths are text and are
  // converted.
  server.setValidatorCompiler(({ schema, httpPart }) =>
    checker(schema as TSchema, httpPart === 'body' ? 'complete' : 'converting')
  )
  server.setSerializerCompiler(serializerOf)
  server.setErrorHandler(handleError)
  server.decorateRequest('principal', null)
  return server
}
