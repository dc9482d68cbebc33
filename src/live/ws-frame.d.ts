// What @types/ws leaves out: the framing halves of `ws`. scorewire frames a message once for all clients with `Sender`,
// and its tests read it with `Receiver`.
import type { Writable } from 'node:stream'
import 'ws'

declare module 'ws' {
  export const Sender: {
    frame(
      data: Buffer,
      options: { fin: boolean, rsv1: boolean, opcode: number, mask: boolean, readOnly: boolean }
    ): Buffer[]
  }
  export class PerMessageDeflate {
    constructor (options: { serverNoContextTakeover: boolean })
    accept (offers: object[]): object
  }
  export class Receiver extends Writable {
    on (event: string, listener: (...args: any[]) => void): this
    constructor (options: { isServer: boolean, extensions?: Record<string, PerMessageDeflate> })
    on (event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
    on (event: 'ping', listener: (data: Buffer) => void): this
    on (event: 'conclude', listener: (code: number, reason: Buffer) => void): this
    once (event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
  }
}
