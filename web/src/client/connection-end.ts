// What the end of a connection means for the next one. The codes are WebSocket close codes and HTTP statuses.

/** How a connection ended. */
export interface ConnectionEnd {
  readonly code: number
  readonly reason: string
}

/** The close code of a connection that broke off. */
export const LOST = 1006
/** The close code for a token that the service does not accept. */
export const INVALID_TOKEN = 4403

const FINAL = new Set([1002, 1003, 1007, 1008, 1009, INVALID_TOKEN, 4404, 400, 403, 404])
const TOKEN_EXPIRED = new Set([4401, 401])
const OVERLOADED = new Set([1013, 429, 503])

/** Whether the request itself is wrong, so that another connection would not help. */
export const isFinal = (code: number): boolean => FINAL.has(code)

/** Whether a new token would help. */
export const isTokenExpired = (code: number): boolean => TOKEN_EXPIRED.has(code)

/** Whether the service has too much to do. */
export const isOverloaded = (code: number): boolean => OVERLOADED.has(code)
