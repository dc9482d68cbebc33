// Tests of bench, generators, closed loop: a closed loop asks as often as it is answered, and adds up the points.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type Test } from 'tap'
import { asker, type Asking } from '../../../bench/generators/asking.ts'
import { ClosedLoop } from '../../../bench/generators/closed-loop.ts'

interface Body {
  readonly action_id: string
  readonly user_id?: string
  readonly increment: number
}

/** Answers each request with what `answerOf` says of its body. */
async function serve (t: Test, answerOf: (body: string) => { status: number, body: string }): Promise<string> {
  const server = createServer((request, response) => {
    void text(request).then((asked) => {
      const { status, body } = answerOf(asked)
      response.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startLoop (t: Test, asking: Asking, processes = 1): Promise<ClosedLoop> {
  const loop = new ClosedLoop(processes)
  t.teardown(async () => await loop.stop())
  await loop.learn('it', asking)
  return loop
}

const single: Asking = { method: 'POST', path: '/', items: 1, authorizations: ['Bearer a', 'Bearer b'], users: 2 }

test('a closed loop asks as often as it is answered, and adds up the points that were accepted', async (t) => {
  const bodies: Body[] = []
  let most = 0
  let open = 0
  const url = await serve(t, (asked) => {
    most = Math.max(most, ++open)
    bodies.push(JSON.parse(asked))
    open--
    return {
      status: bodies.length % 10 === 0 ? 429 : 200,
      body: 'x'.repeat(bodies.length % 7 === 0 ? 300_000 : bodies.length % 3)
    }
  })
  const loop = await startLoop(t, single, 2)
  const sample = await loop.run(url, 'it', { connections: 5, forMs: 150 })
  t.equal(sample.accepted + sample.refused, bodies.length)
  t.equal(sample.points, bodies.reduce((total, { increment }, n) => (n + 1) % 10 === 0 ? total : total + increment, 0))
  t.equal(sample.refused, Math.floor(bodies.length / 10))
  t.equal(new Set(bodies.map(({ action_id: id }) => id)).size, bodies.length, 'each is an action of its own')
  t.ok(sample.latency.p50 <= sample.latency.max && sample.requestsPerSecond > 0 && sample.generatorCpu > 0)

  const again = await loop.run(url, 'it', { connections: 1, forMs: 1 })
  t.ok(again.accepted + again.refused >= 1, 'however short, each connection asks once')
  t.equal(new Set(bodies.map(({ action_id: id }) => id)).size, bodies.length, 'also in another run')
})

test('a closed loop tells when the server goes', async (t) => {
  const server = createServer((request) => request.socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const loop = await startLoop(t, single)
  await t.rejects(
    loop.run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'it', { connections: 1, forMs: 1000 }),
    /closed a connection with a request under way/
  )
})

test('a batch holds so many increments, and a read none', async (t) => {
  const { text: batch, points } = asker({ ...single, items: 25 }, 'host', 'run')()
  const [head, body] = batch.split('\r\n\r\n') as [string, string]
  t.match(head, /^POST \/ HTTP\/1\.1\r\nHost: host\r\n.*\r\nAuthorization: Bearer a\r\n/s)
  t.equal(Number(/Content-Length: (\d+)/.exec(head)?.[1]), body.length)
  const { increments } = JSON.parse(body) as { increments: Body[] }
  t.equal(increments.length, 25)
  t.equal(increments.reduce((total, { increment }) => total + increment, 0), points)
  t.ok(increments.every(({ user_id: id }) => id === 'user-0' || id === 'user-1'))
  t.strictSame(asker({ ...single, method: 'GET', items: 0 }, 'host', 'run')(), {
    text: 'GET / HTTP/1.1\r\nHost: host\r\n\r\n',
    points: 0
  })
})
