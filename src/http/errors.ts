// How errors are answered: as problem details, by the code of the problem.
import type { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { FieldError, Problem, STATUS, type ProblemCode } from '../leaderboard/problem.ts'

/** Problem details by RFC 9457. */
const ProblemBody = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.Union(Object.keys(STATUS).map((code) => Type.Literal(code))),
  request_id: Type.String(),
  errors: Type.Optional(Type.Array(FieldError))
}, { description: 'Problem details (RFC 9457)' })

/** The problem answers of a route, for its schema. */
export const PROBLEMS = {
  '4xx': { content: { 'application/problem+json': { schema: ProblemBody } } },
  '5xx': { content: { 'application/problem+json': { schema: ProblemBody } } }
} as const

/** Wrong fields that an answer lists at most. */
const MAX_FIELD_ERRORS = 20

type AnyError = FastifyError | Problem

/** What errors of the framework mean, by their code. */
const FRAMEWORK: Readonly<Record<string, readonly [code: ProblemCode, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is too large for this route.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'This route takes application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_request', 'The body is empty although its content type is application/json.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_request', 'The body is not valid JSON.']
}

/** What a thrown error is to the caller: `internal_error` where it is neither a problem nor the caller's fault. */
export function problemOf (error: AnyError): Problem {
  if (error instanceof Problem) return error
  if (error.validation !== undefined) return validationProblem(error.validation, error.validationContext)
  const known = FRAMEWORK[error instanceof SyntaxError ? 'FST_ERR_CTP_INVALID_JSON_BODY' : error.code]
  if (known !== undefined) return new Problem(...known)
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new Problem('invalid_request', 'The request is not well formed.', { cause: error })
  }
  return new Problem('internal_error', 'Something went wrong here, not with your request.', { cause: error })
}

/** A request that does not fit the schema of its route. */
function validationProblem (found: NonNullable<FastifyError['validation']>, where = 'request'): Problem {
  const errors = found.slice(0, MAX_FIELD_ERRORS).map(({ instancePath, message = 'is wrong', params }) => {
    const field = params['additionalProperty'] ?? params['missingProperty']
    const path = `${instancePath}${field === undefined ? '' : `/${String(field)}`}` || '/'
    if (params['additionalProperty'] !== undefined) return { path, message: 'is not a field of this request' }
    const values = params['allowedValues']
    return { path, message: Array.isArray(values) ? `must be one of ${values.join(', ')}` : message }
  })
  const [{ path, message }] = errors as [typeof errors[number]]
  return new Problem('invalid_request', `The ${where} is not well formed: ${path} ${message}.`, { errors })
}

/** Logs a problem that is the service's own fault, with its cause. */
export function logProblem (problem: Problem, request: FastifyRequest): void {
  if (problem.statusCode < 500) return
  const data = { requestId: request.id, code: problem.code, cause: describe(problem.cause) }
  if (problem.code === 'internal_error') request.log.error({ ...data, err: problem.cause }, 'a request failed')
  else request.log.warn(data, 'a request could not be served')
}

function describe (cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined
}

/** The body of an answer by RFC 9457. */
function problemBody (problem: Problem, requestId: string) {
  const { code, statusCode: status, message: detail, errors } = problem
  return {
    type: typeOf(code),
    title: titleOf(code),
    status,
    detail,
    code,
    request_id: requestId,
    ...(errors && { errors })
  }
}

/** The URN that names a code. */
export function typeOf (code: ProblemCode): string {
  return `urn:scorewire:problem:${code}`
}

/** A code in words, such as `Action mismatch`. */
export function titleOf (code: ProblemCode): string {
  const words = code.replaceAll('_', ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}

/** Answers every error as problem+json. The published contracts have handlers of their own. */
export function handleError (error: AnyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error)
  logProblem(problem, request)
  return reply.code(problem.statusCode).headers(problem.headers).type('application/problem+json')
    .send(problemBody(problem, request.id))
}

/** Answers requests for a path without a route. */
export function handleNotFound (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return handleError(new Problem('not_found', 'There is nothing at this path.'), request, reply)
}

/** Answers what is not even HTTP, on the bare socket: no request exists yet. */
export function handleClientError (
  this: { log: FastifyBaseLogger },
  error: NodeJS.ErrnoException,
  socket: Socket
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, title] = error.code === 'HPE_HEADER_OVERFLOW'
    ? [431, 'Request Header Fields Too Large']
    : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'Request Timeout']
      : [400, 'Bad Request']
  this.log.debug({ error: error.message, status }, 'a client did not speak HTTP')
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    detail: title,
    code: 'invalid_request',
    request_id: ''
  })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close'
  ]
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}
