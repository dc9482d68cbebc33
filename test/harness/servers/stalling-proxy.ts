// Lets nothing through in either direction for so long; new connections wait as well.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'

export interface StallingProxy {
  readonly url: string
  /** Lets nothing through in either direction for so long; new connections wait as well. */
  stall(ms: number): Promise<void>
}

/** Stands in for a service that stands still now and then: nothing is lost, everything is late. */
export async function startStallingProxy (t: Test, target: string): Promise<StallingProxy> {
  const { hostname, port: targetPort } = new URL(target)
  const sockets = new Set<Socket>()
  let isStalling = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
  }
  const server = createServer((near) => {
    const far = connect(Number(targetPort), hostname)
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      keep(socket)
      socket.on('data', (bytes) => other.write(bytes)).once('close', () => other.destroy())
      if (isStalling) socket.pause()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async stall (ms) {
      isStalling = true
      for (const socket of sockets) socket.pause()
      await delay(ms)
      isStalling = false
      for (const socket of sockets) socket.resume()
    }
  }
}
