// The floor of a fan-out from Node: the board as one frame, made once, and a loop of `socket.write` to plain TCP
// sockets that have been answered a handshake and are asked nothing. Nobody can fall behind, or be found to be gone.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Sender } from 'ws'

const HANDSHAKE =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
const sockets = new Set<Socket>()

function publish (top: Buffer): void {
  const frame = Buffer.concat(Sender.frame(top, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }))
  for (const socket of sockets) socket.write(frame)
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  let text = Buffer.alloc(0)
  socket.on('data', (data) => {
    text = Buffer.concat([text, data])
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.toString('latin1', 0, end)
      const [, length = 0] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
      const next = end + 4 + Number(length)
      if (text.length < next) return
      const body = text.subarray(end + 4, next)
      text = text.subarray(next)
      if (head.startsWith('POST ')) {
        publish(body)
        socket.write('HTTP/1.1 204 No Content\r\n\r\n')
      } else {
        socket.write(HANDSHAKE)
        sockets.add(socket)
      }
    }
  })
})

server.listen(
  0,
  '127.0.0.1',
  () => console.log(`is live at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
)
