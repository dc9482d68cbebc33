// What is promised of scorewire behind any balancer.
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { tokenOf, type Cluster } from '../harness/servers/cluster.ts'
import { showScreen, type Screen } from '../harness/clients/screen.ts'
import { startLoad, type LoadReport } from '../harness/clients/load.ts'
import { watch, type LiveMessage } from '../harness/clients/watcher.ts'
import { eventually } from '../harness/eventually.ts'

/**
 * Some 100 ms were seen. What only a heartbeat would tell takes longer: 15 s on an event stream, 25 s on a WebSocket.
 */
const BACK_WITHIN_MS = 8000
const GONE_WITHIN_MS = 12_000
const PER_SECOND = 300
const USERS = 8

/** Every address 127.x.y.z is this machine's own on Linux, so that a client can have another one than the balancer. */
const CLIENT = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'

/** The most that one action may count: enough to be among the first ten, whatever else is going on. */
const MANY = 1000

const holds = (user: string) => ({ top_scores: entries }: LiveMessage) =>
  entries.some((entry) => entry.user_id === user)

const tokensFor = (prefix: string) =>
  new Map(Array.from({ length: USERS }, (_, n) => [`${prefix}-${n}`, tokenOf(`${prefix}-${n}`)]))

/** Looks until it is so. */
const becomes = async (look: () => Promise<boolean>) => {
  await eventually(async () => await look(), 'what is waited for is so')
}

/** Starts the second node and waits until it gets requests, and sockets, of which it has the fewest. */
export async function startSecond ({ balancer, second }: Cluster): Promise<void> {
  await second.start()
  await balancer.reaches(second)
  await balancer.reaches(second, '/sse/nowhere')
}

export async function reachesBothNodes (t: Test, { balancer, first, second, raise }: Cluster): Promise<void> {
  const ids = new Set([await first.id(), await second.id()])
  t.equal(ids.size, 2)
  for (let n = 0; n < 20; n++) t.equal((await raise(balancer.url, 'ada')).status, 200)
  for (const node of [first, second]) {
    t.ok(await node.metric('scorewire_increments_total', 'result="applied"') >= 5, 'each node took its part')
  }
}

export async function countsOnce (t: Test, { balancer, first, second, raise, scoreOf }: Cluster): Promise<void> {
  const actionId = randomUUID()
  const before = await Promise.all(
    [first, second].map(async (node) => await node.metric('scorewire_increments_total', 'result="replayed"'))
  )
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => await raise(balancer.url, 'grace', { actionId }))
  )
  t.strictSame(answers.map(({ status }) => status), Array(200).fill(200))
  t.equal(answers.filter(({ body }) => body.applied).length, 1)
  t.ok(answers.every(({ body }) => body.new_score === 1))
  t.equal(await scoreOf('grace'), 1)
  const after = await Promise.all(
    [first, second].map(async (node) => await node.metric('scorewire_increments_total', 'result="replayed"'))
  )
  t.ok(after.every((count, n) => count > before[n]!), 'both nodes were asked')
}

export async function showsWritesOfEitherNode (t: Test, { balancer, first, second, raise }: Cluster): Promise<void> {
  const screens = ['/ws/scoreboard', '/ws/scoreboard', '/sse/scoreboard', '/sse/scoreboard'].map((path) =>
    showScreen(t, balancer.url, { path })
  )
  await Promise.all(screens.map(async (screen) => await screen.live()))
  for (const [n, node] of [first, second].entries()) {
    await raise(node.url, `from-node-${n}`, { increment: MANY })
    await Promise.all(screens.map(async (screen) => await screen.until(holds(`from-node-${n}`))))
    t.pass(`a write at node ${n + 1} is on every screen`)
  }
  for (const screen of screens) t.strictSame(screen.ends, [])

  const count = async () => await first.metric('scorewire_sockets') + await second.metric('scorewire_sockets')
  const before = await count()
  const stoppedAt = performance.now()
  for (const screen of screens) screen.stop()
  await becomes(async () => await count() === before - screens.length)
  t.ok(
    performance.now() - stoppedAt < GONE_WITHIN_MS,
    'who has gone is gone at the nodes too, before a heartbeat could tell'
  )
}

export async function tellsTheRealAddress (t: Test, { balancer, redis }: Cluster): Promise<void> {
  for (
    const forged of [{}, { 'x-forwarded-for': '192.0.2.66' }, {
      'X-Forwarded-For': '127.0.0.9, 192.0.2.66',
      forwarded: 'for=192.0.2.66'
    }]
  ) {
    const actionId = randomUUID()
    const status = await new Promise((resolve, reject) => {
      const headers = { ...forged, 'idempotency-key': actionId, authorization: `Bearer ${tokenOf('ada')}` }
      request(`${balancer.url}/v1/boards/main/increments`, {
        method: 'POST',
        headers,
        localAddress: CLIENT,
        agent: false
      }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).once('error', reject).end()
    })
    t.equal(status, 200)
    const [[, fields]] = await redis.client.xrevrange('sw:{main}:ledger', '+', '-', 'COUNT', 1) as [[string, string[]]]
    const entry = Object.fromEntries(
      Array.from({ length: fields.length / 2 }, (_, n) => [fields[2 * n], fields[2 * n + 1]])
    )
    t.match(entry, { action_id: actionId, ip: CLIENT })
  }
}

/** A batch is larger than any other body. */
export async function takesBatches (t: Test, { balancer }: Cluster): Promise<void> {
  const increments = Array.from(
    { length: 1000 },
    (_, n) => ({ user_id: `batch-${n}`, action_id: `${n}`.padEnd(128, 'x') })
  )
  const response = await fetch(`${balancer.url}/v1/boards/main/increments/batch`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenOf('game', { scope: 'scores:write' })}`,
      'content-type': 'application/json'
    },
    body: JSON.stringify({ increments })
  })
  t.equal(response.status, 200)
  const { results } = await response.json() as { results: Array<{ applied: boolean }> }
  t.equal(results.filter(({ applied }) => applied).length, 1000)
}

/** What a browser's own page says is let in, so the node must see the Host that the browser asked for. */
export async function keepsTheHost (t: Test, { balancer }: Cluster): Promise<void> {
  const attempt = async (origin: string) =>
    await new Promise((resolve) => {
      const socket = new WebSocket(`${balancer.url.replace('http', 'ws')}/ws/scoreboard`, {
        origin,
        headers: { 'x-forwarded-host': 'elsewhere.example' }
      })
      socket.once('open', () => {
        resolve('open')
        socket.terminate()
      })
      socket.once('unexpected-response', (_request, response) => {
        resolve(response.statusCode)
        socket.terminate()
      })
      socket.once('error', () => {})
    })
  t.equal(await attempt(balancer.url), 'open')
  t.equal(await attempt('http://elsewhere.example'), 403)
}

export async function keepsSecrets (t: Test, { balancer, first }: Cluster): Promise<void> {
  const token = tokenOf('ada')
  const { closed, socket } = await watch(t, balancer.url, `?token=${token}`)
  socket.close()
  await closed
  await fetch(`${balancer.url}/v1/boards?token=${token}`)
  t.notMatch(await balancer.log(), token.slice(0, 20), 'no token is in the log')
  t.equal((await fetch(`${balancer.url}/metrics`)).status, 404, 'the figures of a node are not for everybody')
  t.equal((await fetch(`${first.url}/metrics`)).status, 200)
}

async function startScreens (
  t: Test,
  { balancer, first, second }: Cluster,
  counts: { sockets: number, streams: number }
): Promise<Screen[]> {
  const screens = [
    ...Array.from({ length: counts.sockets }, (_, n) => showScreen(t, balancer.url, { moves: n % 2 === 0 })),
    ...Array.from({ length: counts.streams }, () => showScreen(t, balancer.url, { path: '/sse/scoreboard' }))
  ]
  await Promise.all(screens.map(async (screen) => await screen.live()))
  for (const node of [first, second]) {
    t.ok(await node.metric('scorewire_sockets') >= screens.length / 3, 'each node has its part of the sockets')
  }
  return screens
}

async function checkScores (t: Test, { scoreOf }: Cluster, { acknowledged }: LoadReport): Promise<void> {
  for (const [user, points] of acknowledged) {
    t.equal(await scoreOf(user), points, `every acknowledged point of ${user} is there, once`)
  }
}

/**
 * `kill -9` of a node under load: clients that send the same action again lose nothing, and screens are right again
 * before a heartbeat is due.
 */
export async function survivesALostNode (t: Test, cluster: Cluster): Promise<LoadReport> {
  const { balancer, first, second, raise } = cluster
  const screens = await startScreens(t, cluster, { sockets: 20, streams: 6 })
  const load = startLoad({ url: balancer.url, perSecond: PER_SECOND, tokens: tokensFor('lost') })
  await load.more(100)
  second.signal('SIGKILL')
  const lostAt = performance.now()
  await second.ended()
  await raise(first.url, 'after-the-loss', { increment: MANY })
  // The write has a disk to wait for, and its time is not the screens'.
  const writtenMs = performance.now() - lostAt
  await Promise.all(screens.map(async (screen) => await screen.until(holds('after-the-loss'))))
  await Promise.all(screens.map(async (screen) => await screen.live()))
  const backMs = performance.now() - lostAt - writtenMs
  t.comment(`written after ${Math.round(writtenMs)} ms`)
  t.ok(backMs < BACK_WITHIN_MS, `all screens were right again after ${Math.round(backMs)} ms`)
  await load.more(300)
  const report = await load.stop()
  await checkScores(t, cluster, report)
  await startSecond(cluster)
  for (const screen of screens) screen.stop()
  return report
}

/**
 * SIGTERM of a node under load: sockets are told and move over, requests go on. Returns what became of the requests.
 */
export async function survivesALeavingNode (t: Test, cluster: Cluster): Promise<LoadReport> {
  const { balancer, first, second, raise } = cluster
  const screens = await startScreens(t, cluster, { sockets: 50, streams: 10 })
  const load = startLoad({ url: balancer.url, perSecond: PER_SECOND, tokens: tokensFor('left') })
  await load.more(100)
  second.signal('SIGTERM')
  t.equal(await second.ended(), 0)
  await load.more(100)
  const report = await load.stop()
  await Promise.all(screens.map(async (screen) => await screen.live()))
  await raise(first.url, 'after-leaving', { increment: MANY })
  await Promise.all(screens.map(async (screen) => await screen.until(holds('after-leaving'))))
  const told = screens.filter(({ ends }) => ends.length > 0)
  t.ok(told.length >= screens.length / 3, 'a part of the clients was on that node')
  const ends = new Set(told.map(({ ends }) => ends[0]))
  t.ok(
    told.every(({ ends: [end] }) => end === 'reconnect' || end === 1012 || end === 0),
    `they were told: ${[...ends].join(', ')}`
  )
  const gaps = screens.flatMap(({ gaps }) => gaps)
  t.ok(
    gaps.every((gap) => gap < BACK_WITHIN_MS),
    `and none was away for longer than ${Math.round(Math.max(0, ...gaps))} ms`
  )
  await checkScores(t, cluster, report)
  await startSecond(cluster)
  for (const screen of screens) screen.stop()
  return report
}

/**
 * While Redis is away no node is ready, and yet each can still say so itself, and show its page. `noticed` is what
 * the balancer logs when it has found out.
 */
export async function letsNodesSpeakWithoutRedis (
  t: Test,
  { balancer, first, second, redis, raise }: Cluster,
  noticed = /(?:)/
): Promise<void> {
  const isReady = (url: string) => async () => (await fetch(`${url}/readyz`)).status === 200
  await redis.stop()
  for (const node of [first, second]) await becomes(async () => !await isReady(node.url)())
  await becomes(async () => noticed.test(await balancer.log()))
  for (let n = 0; n < 10; n++) {
    const { status, body } = await raise(balancer.url, 'ada')
    t.equal(status, 503)
    t.match(body.code, /^(unavailable|outcome_unknown)$/)
    t.match(body.request_id, /^[0-9a-f]{8}-/, 'it is a node that says so')
    t.equal((await fetch(balancer.url)).status, 200, 'the page is there')
  }
  await redis.start()
  for (const node of [first, second]) await becomes(isReady(node.url))
  await becomes(async () => (await raise(balancer.url, 'ada')).status === 200)
}

/** With no node left the balancer has to answer itself, in the words of the API. */
export async function answersForNobody (t: Test, { balancer, first, second }: Cluster, code: string): Promise<void> {
  for (const node of [first, second]) {
    node.signal('SIGKILL')
    await node.ended()
  }
  const authorization = `Bearer ${tokenOf('ada')}`
  const requests: [string, RequestInit][] = [
    ['/v1/boards/main/top', {}],
    ['/v1/boards/main/increments', {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: '{}'
    }],
    ['/v1/boards/main/increments', { method: 'POST', headers: { authorization, 'idempotency-key': 'one' } }],
    [`/sse/scoreboard?token=${tokenOf('ada')}`, {}]
  ]
  for (const [path, init] of requests) {
    const response = await fetch(balancer.url + path, init)
    t.equal(response.status, 503)
    t.equal(response.headers.get('content-type'), 'application/problem+json')
    t.equal(response.headers.get('retry-after'), '1')
    t.match(await response.json(), { type: `urn:scorewire:problem:${code}`, status: 503, code })
  }
  t.notMatch(await balancer.log(), tokenOf('ada').slice(0, 20), 'no token is in the log')
}
