// The floor of a fan-out from Node: the board as one frame, made once, and a loop of `socket.write` to sockets that have done the
// handshake of a WebSocket and nothing else. Nobody can leave, fall behind, or ask for anything.
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { Sender } from 'ws'

const sockets = new Set<Socket>()
const server = createServer((request, response) => {
  void buffer(request).then((top) => {
    const frame = Buffer.concat(Sender.frame(top, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }))
    for (const socket of sockets) socket.write(frame)
    response.writeHead(204).end()
  })
})
server.on('upgrade', (_request, socket: Socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  socket.resume()
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n')
  sockets.add(socket)
})

server.listen(0, '127.0.0.1', () => console.log(`is live at http://127.0.0.1:${(server.address() as AddressInfo).port}`))
