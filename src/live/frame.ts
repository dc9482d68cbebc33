// A message in the bytes of each protocol, written once for all clients.
import { constants, deflateRawSync } from 'node:zlib'
import { Sender } from 'ws'
import type { LiveMessage } from './messages.ts'

/** How a message is sent: as a WebSocket frame, as a compressed one (RFC 7692), or as a server-sent event. */
export type Wire = 'websocket' | 'deflated' | 'events'

const TEXT = 1
const PING = 9
/** Below this a compressed message is hardly smaller than a plain one. */
const DEFLATE_FROM_BYTES = 200
/** RFC 7692, section 7.2.1: a sync flush ends with these bytes, and the message goes without them. */
const FLUSH_TAIL_BYTES = 4

let pings = 0

/** A message to many: written as JSON once, and once for each wire, when the first client needs it. */
export class Frame {
  /** What a client that has read this far answers, where the frame went out with a ping. */
  readonly ping = (pings = (pings + 1) % Number.MAX_SAFE_INTEGER).toString(36)
  readonly #message: LiveMessage
  readonly #id: string | undefined
  #json: Buffer | undefined
  readonly #bytes: Partial<Record<Wire, Buffer>> = {}
  readonly #bytesWithPing: Partial<Record<Wire, Buffer>> = {}

  /** `id` is what a server-sent event is resumed by. */
  constructor (message: LiveMessage, id?: string) {
    this.#message = message
    this.#id = id
  }

  /** The message on a wire, the same bytes for every client. */
  bytes (wire: Wire): Buffer {
    const bytes = this.#bytes[wire] ?? this.#write(wire)
    this.#bytes[wire] = bytes
    return bytes
  }

  /** The same with a ping after it, whose answer shows that the client reads; in a stream, with a comment. */
  bytesWithPing (wire: Wire): Buffer {
    const bytes = this.#bytesWithPing[wire] ??
      Buffer.concat([this.bytes(wire), wire === 'events' ? COMMENT : pingBytes(this.ping)])
    this.#bytesWithPing[wire] = bytes
    return bytes
  }

  #write (wire: Wire): Buffer {
    const json = this.#json ??= Buffer.from(JSON.stringify(this.#message))
    if (wire === 'events') return Buffer.from(`${this.#id === undefined ? '' : `id: ${this.#id}\n`}data: ${json}\n\n`)
    if (wire === 'websocket' || json.length < DEFLATE_FROM_BYTES) return frameBytes(json, TEXT)
    const flushed = deflateRawSync(json, { finishFlush: constants.Z_SYNC_FLUSH })
    return frameBytes(flushed.subarray(0, -FLUSH_TAIL_BYTES), TEXT, { compressed: true })
  }
}

const COMMENT = Buffer.from(':\n\n')

function pingBytes (payload: string): Buffer {
  return frameBytes(Buffer.from(payload), PING)
}

/** One unmasked, final frame (RFC 6455, section 5.2); rsv1 marks a compressed one. */
function frameBytes (payload: Buffer, opcode: number, { compressed = false } = {}): Buffer {
  return Buffer.concat(Sender.frame(payload, { fin: true, rsv1: compressed, opcode, mask: false, readOnly: true }))
}
