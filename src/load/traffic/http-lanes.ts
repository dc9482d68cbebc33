// Several kept connections to one server, with one request on each at a time.
import { HttpConnection, type Answer } from './http-connection.ts'

const EXPIRE_EVERY_MS = 100

/** Connections with numbers from 0, each of which gives up a request after the same time. */
export class HttpLanes {
  readonly #connections: readonly HttpConnection[]
  readonly #timer: NodeJS.Timeout

  constructor (target: string, count: number, timeoutMs: number) {
    const origin = new URL(target)
    this.#connections = Array.from({ length: count }, () => new HttpConnection(origin))
    this.#timer = setInterval(() => {
      for (const one of this.#connections) one.expire(timeoutMs)
    }, EXPIRE_EVERY_MS)
  }

  /** Sends a whole request when the one before is answered. @throws NoAnswer */
  async send (lane: number, text: string): Promise<Answer> {
    return await this.#connections[lane]!.send(text)
  }

  close (): void {
    clearInterval(this.#timer)
    for (const connection of this.#connections) connection.close()
  }
}
