// What is in its head and body.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Test } from 'tap'

export interface ForeignPage {
  readonly url: string
  /** What is in its head and body. */
  head: string
  body: string
}

/**
 * A page of somebody else, on an origin of its own, that may run the service's modules, talk to it, and use no inline
 * style.
 */
export async function startForeignPage (t: Test, service: () => string): Promise<ForeignPage> {
  const server = createServer((_request, response) => {
    const policy = `default-src 'none'; script-src ${service()}; connect-src ${service()} ${
      service().replace('http', 'ws')
    }`
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy })
    response.end(
      `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width">${page.head}</head><body>${page.body}</body></html>`
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const page = { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, head: '', body: '' }
  return page
}
