// The open loop: requests on a fixed schedule, whether or not those before are answered.
import { connect, type Socket } from 'node:net'
import { clockMs } from '../../src/load/clock.ts'

export interface Post {
  readonly path: string
  readonly body: string
  readonly authorization?: string
}

const UNANSWERED_AFTER_MS = 5000

/**
 * Posts JSON over a few connections in turn, each pipelined: a slow answer delays no later request of another
 * connection.
 */
export class Writer {
  readonly #host: string
  readonly #sockets: readonly Socket[]
  #turn = 0
  #settled: (() => void) | undefined
  sent = 0
  accepted = 0
  refused = 0
  /** The head of the first answer that was not 2xx. */
  refusal: string | undefined

  constructor (url: string, connections: number) {
    const { hostname, port, host } = new URL(url)
    this.#host = host
    this.#sockets = Array.from({ length: connections }, () => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true })
      let rest = ''
      socket.setEncoding('latin1').on('data', (text) => {
        rest = this.#read(rest + text)
      })
      socket.on('error', () => {}) // seen by its consequence: answers are missing
      return socket
    })
  }

  post ({ path, body, authorization }: Post): void {
    this.sent++
    this.#sockets[this.#turn++ % this.#sockets.length]!.write(
      `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: application/json\r\n${
        authorization === undefined ? '' : `Authorization: ${authorization}\r\n`
      }` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    )
  }

  /** Resolves with how many requests failed, when all are answered or none more is to be expected. */
  async settle (): Promise<number> {
    if (this.accepted + this.refused < this.sent) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, UNANSWERED_AFTER_MS)
        this.#settled = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.sent - this.accepted
  }

  close (): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Returns what is left of the text after the whole answers in it. */
  #read (text: string): string {
    let at = 0
    for (;;) {
      const headEnd = text.indexOf('\r\n\r\n', at)
      if (headEnd < 0) break
      const head = text.slice(at, headEnd)
      const bodyLength = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      const end = headEnd + 4 + bodyLength
      if (text.length < end) break
      if (head.startsWith('HTTP/1.1 2')) this.accepted++
      else {
        this.refused++
        this.refusal ??= text.slice(at, end)
      }
      at = end
    }
    if (this.accepted + this.refused >= this.sent) this.#settled?.()
    return text.slice(at)
  }
}

/**
 * Calls `send` for each planned time when it has come: at once for all that are due, so that the schedule is kept on
 * average whatever a call costs. Resolves with the longest that a call was late, in ms.
 */
export async function onSchedule (
  { startMs, everyMs, count }: { startMs: number, everyMs: number, count: number },
  send: (n: number) => void
): Promise<number> {
  let latest = 0
  for (let n = 0; n < count;) {
    const plannedMs = startMs + n * everyMs
    const lateMs = clockMs() - plannedMs
    if (lateMs < 0) {
      await new Promise((resolve) => setTimeout(resolve, -lateMs))
      continue
    }
    latest = Math.max(latest, lateMs)
    send(n++)
  }
  return latest
}
