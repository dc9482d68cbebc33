import { Sender } from 'ws'

const TEXT_OPCODE = 1

/** A message to many: written as JSON once and framed once, when the first client needs it. */
export class Frame {
  readonly #message: object
  #websocket: Buffer | undefined

  constructor (message: object) {
    this.#message = message
  }

  /** The bytes of one unmasked, uncompressed, final text frame (RFC 6455, section 5.2), the same for every client. */
  get websocket (): Buffer {
    if (this.#websocket === undefined) {
      const payload = Buffer.from(JSON.stringify(this.#message))
      const parts = Sender.frame(payload, { fin: true, rsv1: false, opcode: TEXT_OPCODE, mask: false, readOnly: true })
      this.#websocket = Buffer.concat(parts)
    }
    return this.#websocket
  }
}
