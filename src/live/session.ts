import type { Socket } from 'node:net'
import type { Client, PreparedTop } from './hub.ts'

/**
 * One WebSocket that watches a board. It is sent the present, not the past: while its socket has not taken the last frame,
 * newer ones replace each other, and the newest goes out when there is room.
 */
export class Session implements Client {
  readonly #socket: Socket
  readonly #onPush: () => void
  #greeted = false
  #writing = false
  #next: PreparedTop | undefined

  /** `socket` is the connection under the WebSocket; frames are written to it whole. */
  constructor (socket: Socket, onPush: () => void) {
    this.#socket = socket
    this.#onPush = onPush
  }

  show (top: PreparedTop): void {
    this.#next = top
    if (!this.#writing) this.#write()
  }

  #write (): void {
    const top = this.#next
    if (top === undefined) return
    const frame = this.#greeted ? top.update : top.snapshot
    this.#next = undefined
    this.#greeted = true
    this.#writing = true
    this.#socket.write(frame.websocket, this.#onWritten)
    this.#onPush()
  }

  readonly #onWritten = (error?: Error | null): void => {
    this.#writing = false
    if (!error) this.#write()
  }
}
