/**
 * Why a socket is closed, by RFC 6455 (section 7.4) and, from 4000, by ourselves. Whether to come back:
 * 1012 yes, spread out; 1008 and 4404 no, the request itself is wrong.
 */
export const CLOSE = {
  policy: 1008,
  restart: 1012,
  unknownBoard: 4404
} as const
