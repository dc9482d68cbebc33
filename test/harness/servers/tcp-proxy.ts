// Where new connections go: the address of a node.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface TcpProxy {
  readonly url: string
  /** Where new connections go: the address of a node. */
  target: string
  /** Answers requests to upgrade with a 400, as some proxies do. */
  refusesUpgrades: boolean
  /** Lets nothing through on the connections that are there, and tells neither end. */
  freeze(): void
  /** Cuts the connections that are there. */
  cut(): void
}

/** What stands between a browser and the nodes: it passes bytes on, and can do what the worst of them do. */
export async function startTcpProxy (t: Test, target: string): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  const frozen = new Set<Socket>()

  function serve (near: Socket, head: Buffer): void {
    if (proxy.refusesUpgrades && /^upgrade:/im.test(String(head))) {
      near.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      return
    }
    const { hostname, port } = new URL(proxy.target)
    const far = connect(Number(port), hostname)
    const pair = [near, far] as const
    pairs.add(pair)
    far.on('error', () => {})
    far.write(head)
    near.pipe(far).pipe(near)
    for (const [end, other] of [[near, far], [far, near]] as const) {
      end.once('close', () => {
        if (!pairs.delete(pair) && frozen.has(end)) return
        other.destroy()
      })
    }
  }

  const server = createServer((near) => {
    near.on('error', () => {})
    near.once('data', (head: Buffer) => serve(near, head))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const proxy: TcpProxy = {
    url: `http://127.0.0.1:${port}`,
    target,
    refusesUpgrades: false,
    cut () {
      for (const [near] of pairs) near.resetAndDestroy()
    },
    freeze () {
      for (const pair of pairs) {
        pairs.delete(pair)
        for (const socket of pair) {
          frozen.add(socket)
          socket.unpipe()
        }
      }
    }
  }
  t.teardown(() => {
    proxy.cut()
    for (const socket of frozen) socket.destroy()
    server.close()
  })
  return proxy
}
