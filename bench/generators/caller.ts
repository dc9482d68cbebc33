// One HTTP connection of the closed loop: 20 µs of CPU a request, where src/load/traffic/http-connection.ts takes 24.
import { connect, type Socket } from 'node:net'
import type { Asked } from './asking.ts'

/** What all callers of a process read into: each read is looked at before the next one. */
const room = Buffer.allocUnsafe(256 * 1024)

interface CallerOptions {
  readonly port: number
  /** Told of each whole answer, and whether it was 2xx; what is answered at once is then asked by `ask`. */
  readonly onAnswer: (caller: Caller, isAccepted: boolean, asked: Asked, ms: number) => void
  readonly onLost: (error: Error) => void
}

/**
 * One HTTP connection of a closed loop, as cheap as Node allows: it looks at the status and the length of an answer
 * alone.
 */
export class Caller {
  readonly #socket: Socket
  readonly #options: CallerOptions
  #asked: Asked | undefined
  #sentMs = 0
  #head = ''
  #left = 0
  #isAccepted = false
  readonly opened: Promise<void>

  constructor (options: CallerOptions) {
    this.#options = options
    const { port, onLost } = options
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: room, callback: (size) => this.#read(size) }
    })
    this.opened = new Promise((resolve, reject) => this.#socket.once('connect', () => resolve()).once('error', reject))
    this.#socket.once('close', () => {
      if (this.#asked !== undefined) onLost(new Error(`port ${port} closed a connection with a request under way`))
    })
    this.#socket.on('error', () => {}) // seen by its consequence: it closes
  }

  ask (asked: Asked): void {
    this.#asked = asked
    this.#sentMs = performance.now()
    this.#socket.write(asked.text, 'latin1')
  }

  close (): void {
    this.#asked = undefined
    this.#socket.destroy()
  }

  #read (size: number): boolean {
    let at = 0
    if (this.#left === 0) {
      this.#head += room.toString('latin1', 0, size)
      const end = this.#head.indexOf('\r\n\r\n')
      if (end < 0) return true
      this.#isAccepted = this.#head.startsWith('HTTP/1.1 2')
      at = size - (this.#head.length - end - 4)
      this.#left = lengthIn(this.#head.slice(0, end))
      this.#head = ''
    }
    this.#left -= size - at
    if (this.#left > 0) return true
    const asked = this.#asked!
    this.#asked = undefined
    this.#options.onAnswer(this, this.#isAccepted, asked, performance.now() - this.#sentMs)
    return true
  }
}

/** @throws Error at an answer of unknown length */
function lengthIn (head: string): number {
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  if (length === undefined) throw new Error(`an answer without its length: ${head}`)
  return Number(length)
}
