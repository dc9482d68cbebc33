// The two ways to receive live messages: a WebSocket, or server-sent events.
import { LOST, type ConnectionEnd } from './connection-end.ts'

export type TransportKind = 'websocket' | 'sse'

/** What to connect to. */
export interface Target {
  /** Base address of the service. */
  readonly service: URL
  readonly query: URLSearchParams
  readonly token: string | null | undefined
}

/** What a transport reports. After `onEnd` it reports nothing more. */
export interface TransportListener {
  onOpen(): void
  onText(text: string): void
  onEnd(end: ConnectionEnd): void
}

/** Opens a connection, and returns the function that closes it. */
type Transport = (target: Target, listener: TransportListener) => () => void

export const TRANSPORTS: Readonly<Record<TransportKind, Transport>> = {
  websocket ({ service, query, token }, { onOpen, onText, onEnd }) {
    const url = new URL('ws/scoreboard', service)
    url.search = query.toString()
    url.protocol = url.protocol.replace('http', 'ws')
    const socket = token ? new WebSocket(url, ['scorewire.v1', `bearer.${token}`]) : new WebSocket(url)
    socket.onopen = onOpen
    socket.onmessage = ({ data }) => onText(data)
    socket.onclose = ({ code, reason }) => onEnd({ code, reason })
    return () => socket.close()
  },

  sse ({ service, query, token }, { onOpen, onText, onEnd }) {
    const url = new URL('sse/scoreboard', service)
    url.search = query.toString()
    if (token) url.searchParams.set('token', token)
    const source = new EventSource(url)
    const asking = new AbortController()
    source.onopen = onOpen
    source.onmessage = ({ data }) => onText(data)
    source.onerror = async () => {
      const isRefused = source.readyState === EventSource.CLOSED
      source.close() // it would reconnect by itself, without jitter
      onEnd(isRefused ? await refusalOf(url, asking) : { code: LOST, reason: '' })
    }
    return () => {
      source.close()
      asking.abort()
    }
  }
}

/**
 * Asks once more why a stream was refused, because EventSource does not tell. Only an answer of the service itself
 * counts, not one of a gateway in front of it.
 */
async function refusalOf (url: URL, asking: AbortController): Promise<ConnectionEnd> {
  try {
    const headers = { accept: 'text/event-stream' }
    const response = await fetch(url, { signal: asking.signal, cache: 'no-store', headers })
    const isFromService = response.headers.get('content-type')?.startsWith('application/problem+json')
    if (!isFromService) return { code: LOST, reason: '' }
    const { code, detail } = await response.json()
    // The route is missing when the service is older than this module, or a proxy hides the route. The board may exist
    // all the same.
    return code === 'not_found' ? { code: LOST, reason: '' } : { code: response.status, reason: detail }
  } catch {
    return { code: LOST, reason: '' } // without an answer there was no refusal
  } finally {
    asking.abort()
  }
}
