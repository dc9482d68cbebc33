// HTTP/1.1 over one kept connection, a request at a time: a client that costs less than the service that it measures.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const MAX_HEAD_BYTES = 64 * 1024
/**
 * All plain connections of a process read into it, and each read is over before the next one. A stream with a buffer of
 * its own for each read took 28 µs of CPU a request instead of 21, of which the server took 33.
 */
const readBuffer = Buffer.allocUnsafe(256 * 1024)

/** `body` holds a byte in each character: ASCII reads as it is, anything else goes through a Buffer. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** No answer came, or none that could be read. */
export class NoAnswer extends Error {
  /** Whether the service may have received the request. */
  readonly wasSent: boolean

  constructor (kind: string, wasSent: boolean) {
    super(kind)
    this.wasSent = wasSent
  }
}

interface Waiting {
  resolve: (answer: Answer) => void
  reject: (error: NoAnswer) => void
  sentMs: number
}

/** One kept connection, which is made anew after a loss. */
export class HttpConnection {
  readonly #origin: URL
  #socket: Socket | undefined
  #isOpen = false
  #text = ''
  #waiting: Waiting | undefined

  /** Connects with its first request, and again after a loss. */
  constructor (origin: URL) {
    this.#origin = origin
  }

  /** Sends a whole request, written by `requestText`, when the one before is answered. @throws NoAnswer */
  async send (text: string): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, sentMs: performance.now() }
      this.#socket ??= this.#connect()
      this.#socket.write(text, 'latin1')
    })
  }

  /** Gives up a request that has waited longer than that, and its connection. */
  expire (timeoutMs: number): void {
    if (this.#waiting !== undefined && performance.now() - this.#waiting.sentMs > timeoutMs) this.#lose('timeout')
  }

  close (): void {
    this.#lose('closed')
  }

  #connect (): Socket {
    const { protocol, hostname, port } = this.#origin
    const isTls = protocol === 'https:'
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const to = { host, port: Number(port) || (isTls ? 443 : 80), noDelay: true }
    const read = (text: string) => {
      if (this.#socket === socket) this.#read(text)
    }
    const callback = (size: number) => {
      read(readBuffer.toString('latin1', 0, size))
      return true
    }
    const socket: Socket = isTls
      ? connectTls({ ...to, servername: host, ALPNProtocols: ['http/1.1'] })
      : connect({ ...to, onread: { buffer: readBuffer, callback } })
    this.#isOpen = false
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      this.#isOpen = true
    })
    if (isTls) socket.setEncoding('latin1').on('data', (text: unknown) => read(String(text)))
    const lose = (kind: string) => {
      if (this.#socket === socket) this.#lose(kind)
    }
    socket.on('error', ({ code }: NodeJS.ErrnoException) => lose(code ?? 'connection failed'))
    socket.on('close', () => lose('connection closed'))
    return socket
  }

  #lose (kind: string): void {
    this.#socket?.destroy()
    this.#socket = undefined
    this.#text = ''
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(new NoAnswer(kind, this.#isOpen))
  }

  #read (text: string): void {
    this.#text += text
    const whole = readAnswer(this.#text)
    if (whole === undefined) {
      if (this.#text.length > MAX_HEAD_BYTES && !this.#text.includes('\r\n\r\n')) this.#lose('unreadable answer')
      return
    }
    const waiting = this.#waiting
    if (waiting === undefined || whole === 'unreadable') return this.#lose('unreadable answer')
    this.#text = this.#text.slice(whole.length)
    this.#waiting = undefined
    if (whole.closes) this.#lose('closed')
    waiting.resolve(whole)
  }
}

interface WholeAnswer extends Answer {
  readonly length: number
  readonly closes: boolean
}

/** The first answer in a text (RFC 9112), undefined while it is not all there. */
function readAnswer (text: string): WholeAnswer | 'unreadable' | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = text.slice(0, headEnd)
  const [, digits] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? []
  if (digits === undefined) return 'unreadable'
  const status = Number(digits)
  const start = headEnd + 4
  if (status < 200) {
    const next = readAnswer(text.slice(start))
    return next === undefined || next === 'unreadable' ? next : { ...next, length: start + next.length }
  }
  const closes = /\r\nconnection: *close/i.test(head)
  if (status === 204 || status === 304) return { status, body: '', length: start, closes }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const chunked = readChunks(text, start)
    return typeof chunked === 'object' ? { status, ...chunked, closes } : chunked
  }
  const [, size] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  if (size === undefined) return 'unreadable'
  const length = start + Number(size)
  return text.length < length ? undefined : { status, body: text.slice(start, length), length, closes }
}

function readChunks (text: string, start: number): { body: string, length: number } | 'unreadable' | undefined {
  let [at, body] = [start, '']
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = parseInt(text.slice(at, lineEnd), 16)
    if (!(size >= 0)) return 'unreadable'
    const end = lineEnd + 2 + size
    if (text.length < end + 2) return undefined
    // No request asks for trailers.
    if (size === 0) return text.startsWith('\r\n', end) ? { body, length: end + 2 } : 'unreadable'
    body += text.slice(lineEnd + 2, end)
    at = end + 2
  }
}

interface RequestText {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly token?: string | undefined
  readonly body?: string
}

/** A request as it goes over the wire, a byte in each character: to write UTF-8 instead took 26 µs, not 24. */
export function requestText (host: string, { method, path, token, body }: RequestText): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${authorization}`
  if (body === undefined) return `${head}\r\n`
  const size = Buffer.byteLength(body)
  const content = size === body.length ? body : Buffer.from(body).toString('latin1')
  return `${head}Content-Type: application/json\r\nContent-Length: ${size}\r\n\r\n${content}`
}
