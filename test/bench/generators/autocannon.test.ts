// Tests of bench, generators, autocannon: a load is so many requests, each answered, and what was refused is an error.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type Test } from 'tap'
import { measureLoad } from '../../../bench/generators/autocannon.ts'

/** A server that answers the n-th request, from 0, with a status. */
async function serve (t: Test, statusOf: (n: number) => number): Promise<{ url: string, asked: () => number }> {
  let asked = 0
  const server = createServer((_request, response) =>
    response.writeHead(statusOf(asked++), { 'content-length': 2 }).end('ok')
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
}

const request = { method: 'GET', path: '/' } as const

test('a load is so many requests, each answered, and what was refused is an error', async (t) => {
  const { url, asked } = await serve(t, (n) => n % 10 === 9 ? 503 : 200)
  const sample = await measureLoad({ url, pids: { own: process.pid }, connections: 7, request, count: 100 })
  t.equal(asked(), 100)
  t.match(sample, { errors: 10, micros: { own: Number }, latency: { p50: Number, p99: Number, max: Number } })
  t.ok(sample.micros['own']! > 0)
  t.ok(sample.requestsPerSecond > 0 && sample.requestsPerSecond < 100_000)
  t.ok(sample.latency.p50 <= sample.latency.p99 && sample.latency.p99 <= sample.latency.max)
})

test('a load that is smaller than its connections is made all the same', async (t) => {
  const { url, asked } = await serve(t, () => 200)
  t.match(await measureLoad({ url, pids: {}, connections: 64, request, count: 3 }), { errors: 0, micros: {} })
  t.equal(asked(), 3)
})

test('a load of which nothing was accepted is no measurement', async (t) => {
  const { url } = await serve(t, () => 404)
  await t.rejects(
    measureLoad({ url, pids: {}, connections: 1, request, count: 2 }),
    /accepted no GET \/: 2 refused, 0 failed/
  )
})
