// What @types/ws leaves out: the framing half of `ws`, which scorewire uses to frame a message once for everybody.
import 'ws'

declare module 'ws' {
  export const Sender: {
    frame (data: Buffer, options: { fin: boolean, rsv1: boolean, opcode: number, mask: boolean, readOnly: boolean }): Buffer[]
  }
}
