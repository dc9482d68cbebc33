// Socket.IO as its documentation has it: one server, `io.emit` to everybody, over WebSockets alone.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'

const server = createServer((request, response) => {
  void json(request).then((top) => {
    io.emit('update', top)
    response.writeHead(204).end()
  })
})
const io = new Server(server, { transports: ['websocket'] })

server.listen(
  0,
  '127.0.0.1',
  () => console.log(`is live at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
)
