// The closed list of refusals: their codes, their HTTP statuses, and the error that carries one.
import { Type, type Static } from 'typebox'

/** Every refusal of scorewire with its HTTP status. The list is closed, because clients switch on the code. */
export const STATUS = {
  invalid_request: 400,
  missing_token: 401,
  invalid_token: 401,
  expired_token: 401,
  forbidden_subject: 403,
  forbidden_origin: 403,
  forbidden_scope: 403,
  user_banned: 403,
  unknown_board: 404,
  unknown_user: 404,
  unknown_action_id: 404,
  not_found: 404,
  method_not_allowed: 405,
  board_exists: 409,
  board_limit: 409,
  season_closed: 409,
  webhook_limit: 409,
  webhook_disabled: 409,
  board_changed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  action_mismatch: 422,
  increment_out_of_range: 422,
  score_out_of_range: 422,
  action_too_old: 422,
  unknown_action: 422,
  grant_required: 422,
  invalid_grant: 422,
  upgrade_required: 426,
  rate_limited: 429,
  internal_error: 500,
  unavailable: 503,
  outcome_unknown: 503
} as const satisfies Record<string, number>

export type ProblemCode = keyof typeof STATUS

export const FieldError = Type.Object({
  path: Type.String({ description: 'JSON pointer into the body, or the name of a parameter' }),
  message: Type.String()
})

interface ProblemDetails {
  /** The fields that were wrong, if any. */
  readonly errors?: readonly Static<typeof FieldError>[]
  /** Header fields that the answer must carry, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>
  /** What went wrong underneath: for the log, never for the client. */
  readonly cause?: unknown
}

/**
 * A refusal. Thrown by every layer and turned into an answer by the routes' error handlers alone.
 * `detail` is a sentence for the caller and never holds a token, a stack or a driver's message.
 */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly statusCode: number
  readonly errors: readonly Static<typeof FieldError>[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor (code: ProblemCode, detail: string, { errors, headers = {}, cause }: ProblemDetails = {}) {
    super(detail, { cause })
    this.name = 'Problem'
    this.code = code
    this.statusCode = STATUS[code]
    this.errors = errors
    this.headers = headers
  }
}

/** A refusal with `internal_error`, for an error that is not a Problem. */
export function internalError (cause: unknown): Problem {
  return new Problem('internal_error', 'Something went wrong here, not with your request.', { cause })
}

/** A refusal of an action id whose time is too far from now to check whether the action has counted. */
export function actionTooOld (): Problem {
  const time = 'The time in this action_id is nearly 24 hours ago or over 5 minutes ahead'
  return new Problem('action_too_old', `${time}, so the service cannot check whether the action counted before.`)
}

/** A refusal with `unavailable`: nothing was applied, and the client may retry after `retryAfterSeconds`. */
export function unavailable (
  detail: string,
  { retryAfterSeconds = 1, cause }: { retryAfterSeconds?: number, cause?: unknown } = {}
): Problem {
  return new Problem('unavailable', detail, { headers: { 'retry-after': String(retryAfterSeconds) }, cause })
}

/**
 * A refusal with `outcome_unknown`: the store did not answer, so the write may have been applied. `detail` says what to
 * do.
 */
export function outcomeUnknown (detail: string, { cause }: { cause?: unknown } = {}): Problem {
  return new Problem('outcome_unknown', detail, { headers: { 'retry-after': '1' }, cause })
}

/**
 * A refusal with `rate_limited`. `limit` is the number allowed in a period; with it the answer has the RateLimit
 * fields.
 */
export function rateLimited (
  detail: string,
  { retryAfterSeconds, limit }: { retryAfterSeconds: number, limit?: number }
): Problem {
  const seconds = String(retryAfterSeconds)
  const fields = limit === undefined
    ? {}
    : {
        'ratelimit-limit': String(limit),
        'ratelimit-remaining': '0',
        'ratelimit-reset': seconds
      }
  return new Problem('rate_limited', detail, { headers: { 'retry-after': seconds, ...fields } })
}
