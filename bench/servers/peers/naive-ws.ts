// The first version that everybody writes: `ws`, and a loop that sends the board to each client.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const server = createServer((request, response) => {
  void json(request).then((top) => {
    for (const client of sockets.clients) client.send(JSON.stringify(top))
    response.writeHead(204).end()
  })
})
const sockets = new WebSocketServer({ server })

server.listen(
  0,
  '127.0.0.1',
  () => console.log(`is live at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
)
