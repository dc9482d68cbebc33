// One WebSocket client that reads headers alone, for thousands of screens in one process.
import { connect, type Socket } from 'node:net'
import { constants, inflateRawSync } from 'node:zlib'

/** What all screens of a process read into: each read is looked at before the next one. */
const room = Buffer.allocUnsafe(256 * 1024)

const PING = 9
const PONG = 10
const CLOSE = 8
const TEXT = 1
const DEFLATED = 0x40
/** Heartbeats and pings are smaller, deflated tops are not. */
const TOP_LEAST_BYTES = 150

/** How a server is spoken to. */
export interface Target {
  readonly port: number
  readonly path: string
  /** Socket.IO: its pings are messages, and so is its handshake after the handshake. */
  readonly engineIo: boolean
  /** Offers permessage-deflate, as a browser does. */
  readonly deflate: boolean
  /** Whether it reads what it is sent after the handshake. */
  readonly deaf?: boolean
}

/** What the screens of a process have seen. */
export interface Tally {
  /** Boards delivered, and the bytes of their frames. */
  tops: number
  topBytes: number
  /** Screens whose connection deflates. */
  deflating: number
  pings: number
  /** Screens lost, and what looked wrong to an inspected one. */
  lost: number
  wrong: number
}

interface ScreenOptions {
  readonly target: Target
  readonly tally: Tally
  /** Looks into every board; the others go by length. */
  readonly inspected: boolean
  /** A board that came: in `bytes`, from `start` to `end`, valid during the call. */
  readonly onTop: ((screen: Screen, bytes: Buffer, start: number, end: number) => void) | undefined
}

/**
 * One WebSocket client (RFC 6455), as cheap as Node allows: it reads into one buffer for all, looks at headers alone,
 * and answers pings. Its mask is zero, which is a mask.
 */
export class Screen {
  readonly #socket: Socket
  readonly #options: ScreenOptions
  #rest: Buffer | undefined
  #isOpen = false
  #inflates = false
  #ending = false
  #epoch = ''
  #version = 0
  #opened!: () => void
  #failed!: (error: Error) => void
  readonly opened: Promise<void>
  /** Marked writes that this screen has shown. */
  shown = 0

  constructor (options: ScreenOptions) {
    this.#options = options
    const { port, path, deflate } = options.target
    this.opened = new Promise((resolve, reject) => {
      this.#opened = resolve
      this.#failed = reject
    })
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: room, callback: (size) => this.#read(size) }
    })
    this.#socket.on('error', () => {}) // seen by its consequence: it closes
    this.#socket.once('close', () => {
      this.#failed(new Error(`port ${port} closed a connection before its handshake was done`))
      if (!this.#ending && options.target.deaf !== true) options.tally.lost++
    })
    this.#socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ...(deflate ? ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'] : []),
        '',
        ''
      ].join('\r\n')
    )
  }

  close (): void {
    this.#ending = true
    this.#socket.destroy()
  }

  #read (size: number): boolean {
    let bytes = room
    let end = size
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, room.subarray(0, size)])
      end = bytes.length
      this.#rest = undefined
    }
    let at = this.#isOpen ? 0 : this.#readHead(bytes, end)
    while (this.#isOpen && end - at >= 2) {
      let length = bytes[at + 1]! & 0x7f
      let start = at + 2
      if (length >= 126) {
        start = at + (length === 126 ? 4 : 10)
        if (start > end) break
        length = length === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
      }
      if (start + length > end) break
      this.#take(bytes, at, start, start + length)
      at = start + length
    }
    if (at < end) this.#rest = Buffer.from(bytes.subarray(at, end))
    return true
  }

  /** Returns where the frames begin, or 0 while the head is not complete. */
  #readHead (bytes: Buffer, end: number): number {
    const head = bytes.toString('latin1', 0, end)
    const length = head.indexOf('\r\n\r\n')
    if (length < 0) return 0
    if (!head.startsWith('HTTP/1.1 101 ')) {
      this.#failed(new Error(`port ${this.#options.target.port} answered a handshake with: ${head.slice(0, 400)}`))
      this.close()
      return end
    }
    const [, extension] = /^sec-websocket-extensions: (.*)$/im.exec(head.slice(0, length)) ?? []
    if (extension !== undefined) this.#options.tally.deflating++
    this.#inflates = extension?.includes('server_no_context_takeover') === true
    this.#isOpen = true
    if (this.#options.target.deaf === true) this.#socket.pause()
    if (!this.#options.target.engineIo) this.#opened()
    return length + 4
  }

  #take (bytes: Buffer, at: number, start: number, end: number): void {
    const first = bytes[at]!
    const { target, tally, onTop, inspected } = this.#options
    switch (first & 0x0f) {
      case TEXT:
        if (target.engineIo && this.#takeEngineIo(bytes, start, end)) return
        if (end - start < TOP_LEAST_BYTES) return
        tally.tops++
        tally.topBytes += end - at
        onTop?.(this, bytes, start, end)
        if (inspected) this.#inspect(first, bytes.subarray(start, end))
        return
      case PING:
        tally.pings++
        this.#send(PONG, bytes.subarray(start, end))
        return
      case CLOSE:
        if (!this.#ending) tally.lost++
        return this.close()
      default:
        tally.wrong++
    }
  }

  /** Engine.IO 4 and Socket.IO 5: `0{…}` is answered by `40`, `40{…}` opens, `2` is a ping, `42[…]` an event. */
  #takeEngineIo (bytes: Buffer, start: number, end: number): boolean {
    const [packet, message] = [bytes[start], bytes[start + 1]]
    if (packet === 0x30) this.#send(TEXT, Buffer.from('40'))
    else if (packet === 0x32 && end - start === 1) {
      this.#options.tally.pings++
      this.#send(TEXT, Buffer.from('3'))
    } else if (packet === 0x34 && message === 0x30) this.#opened()
    else return packet !== 0x34
    return true
  }

  /** Ten rows, and within an epoch a version that rises, of those who tell one. */
  #inspect (first: number, payload: Buffer): void {
    if ((first & DEFLATED) !== 0 && !this.#inflates) return
    const text = (first & DEFLATED) === 0 ? payload : inflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH })
    const message = JSON.parse(String(text).replace(/^42/, ''))
    const top = Array.isArray(message) ? message[1] : message
    const isNewer = top.version === undefined || top.epoch !== this.#epoch || top.version > this.#version
    if (top.top_scores.length !== 10 || !isNewer) this.#options.tally.wrong++
    this.#epoch = top.epoch
    this.#version = top.version
  }

  #send (opcode: number, payload: Buffer): void {
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]))
  }
}
