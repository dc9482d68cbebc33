/**
 * Why a socket is closed: codes of RFC 6455 (section 7.4), and from 4000 our own. Whether a client should reconnect:
 * 1012 yes, at a random time; 1011 and 1013 later; 4401 with a new token; 1003, 1008, 4403 and 4404 no, since the
 * request itself is wrong.
 */
export const CLOSE = {
  unsupportedData: 1003,
  policy: 1008,
  internalError: 1011,
  restart: 1012,
  tokenExpired: 4401,
  forbidden: 4403,
  unknownBoard: 4404
} as const

export type CloseCode = typeof CLOSE[keyof typeof CLOSE]
