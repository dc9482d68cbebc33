// Tests of bench, generators, writer: a writer counts what was accepted and what was refused, pipelined as it is.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { clockMs } from '../../../src/load/clock.ts'
import { onSchedule, Writer } from '../../../bench/generators/writer.ts'

test('a writer counts what was accepted and what was refused, pipelined as it is', async (t) => {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(body)
      const status = body === '"no"' ? 429 : body === '"none"' ? 204 : 200
      response.writeHead(status, status === 204 ? {} : { 'content-length': 4 }).end(status === 204 ? undefined : 'text')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const writer = new Writer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 2)
  t.teardown(() => {
    writer.close()
    server.close()
  })
  for (const word of ['yes', 'no', 'none', 'ja', 'no']) {
    writer.post({ path: '/', body: JSON.stringify(word), authorization: 'Bearer x' })
  }
  t.equal(await writer.settle(), 2)
  t.match(writer, { sent: 5, accepted: 3, refused: 2, refusal: /^HTTP\/1\.1 429 / })
  t.strictSame(bodies.toSorted(), ['"ja"', '"no"', '"no"', '"none"', '"yes"'])
})

test('a schedule is kept on average: what is due is sent at once, and how late it was is told', async (t) => {
  const startMs = clockMs() - 50
  const sentMs: number[] = []
  const latestMs = await onSchedule({ startMs, everyMs: 20, count: 5 }, () => {
    sentMs.push(clockMs() - startMs)
  })
  t.equal(sentMs.length, 5)
  t.ok(latestMs >= 50, 'the first was late')
  for (const n of [0, 1, 2, 3, 4]) t.ok(sentMs[n]! >= 20 * n, 'none is early')
})
