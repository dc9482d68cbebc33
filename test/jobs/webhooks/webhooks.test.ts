// Webhooks from the event to the receiver, by nodes that are workers too.
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Queue } from 'bullmq'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { JOB_PREFIX, jobConnection } from '../../../src/jobs/connection.ts'
import { WEBHOOK_QUEUE } from '../../../src/jobs/webhooks/webhook-queue.ts'
import { secretOf } from '../../../src/leaderboard/webhooks/webhook.ts'
import { startNode, type Answer, type TestNode } from '../../harness/servers/node.ts'
import { answer, isSigned, startReceiver } from '../../harness/servers/receiver.ts'
import { PATIENT, startRedis, type TestRedis } from '../../harness/servers/redis.ts'

const SECRET = secretOf(Buffer.alloc(32, 1))
const HOUR_MS = 3_600_000
/** A busy machine may take so long over one step. */
const SLOW_MS = 30_000

interface Service {
  readonly redis: TestRedis
  readonly node: TestNode
  readonly lines: string[]
  hook(board: string, name: string, settings: object): Promise<Answer>
  show(board: string, name: string): Promise<any>
  log(board: string, name: string): Promise<any[]>
  raise(board: string, user: string, increment: number, headers?: object): Promise<Answer>
}

async function startService (t: Test, env: Record<string, string> = {}): Promise<Service> {
  const redis = await startRedis(t)
  const lines: string[] = []
  const node = await startNode(t, {
    redisUrl: redis.url,
    env: { WEBHOOK_TIMEOUT_MS: '30000', ...env },
    log: (line) => lines.push(line)
  })
  const token = node.token('boss', { scope: 'admin' })
  return {
    redis,
    node,
    lines,
    hook: async (board, name, settings) =>
      await node.call('PUT', `/v1/boards/${board}/webhooks/${name}`, { token, body: { secret: SECRET, ...settings } }),
    show: async (board, name) => (await node.call('GET', `/v1/boards/${board}/webhooks/${name}`, { token })).body,
    log: async (board, name) =>
      (await node.call('GET', `/v1/boards/${board}/webhooks/${name}/deliveries?limit=100`, { token })).body.deliveries,
    // As clients do where a node is too busy.
    async raise (board, user, increment) {
      const body = { increment, action_id: randomUUID() }
      return await until(
        async () => await node.call('POST', `/v1/boards/${board}/increments`, { token: node.token(user), body }),
        ({ status }) => status !== 503
      )
    }
  }
}

/** Asks until an answer fits. */
async function until<T> (ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (const end = Date.now() + 30_000; ;) {
    const found = await ask()
    if (fits(found)) return found
    if (Date.now() > end) throw new Error(`it never came to this: ${JSON.stringify(found)}`)
    await delay(20)
  }
}

const scores = (received: { body: any }) =>
  (received.body.data.top_scores ?? []).map(({ user_id: user, score }: any) => `${user} ${score}`)
/** As if all that waits were due: the hours between are not waited for. */
async function letTimePass ({ redis }: Service, board: string, name: string): Promise<void> {
  const key = `sw:{${board}}:webhook-due:${name}`
  for (const id of await redis.client.zrange(key, '0', '-1')) await redis.client.zadd(key, 'XX', 1, id)
  await redis.client.hdel(`sw:{${board}}:webhook:${name}`, 'rest_until')
}

test('top.changed', async (t) => {
  const service = await startService(t)
  const { node, raise, hook, log } = service
  const receiver = await startReceiver(t)

  await t.test('an empty board says nothing; then the top as GET top gives it', async (t) => {
    await hook('main', 'crm', { url: receiver.url, events: ['top.changed'] })
    await raise('main', 'ada', 5)
    const got = await receiver.until((received) => scores(received).length > 0)
    t.equal(receiver.received.length, 1)
    t.ok(isSigned(got, SECRET))
    const { generated_at: readAt, ...top } = (await node.call('GET', '/v1/boards/main/top')).body
    t.match(got.body, { type: 'top.changed', timestamp: got.body.data.generated_at, data: top })
    t.match(got.id, /^msg_[A-Za-z0-9_-]{22}$/)
    t.strictSame(
      Object.keys(got.body.data).sort(),
      Object.keys({ ...top, readAt }).map((key) => key === 'readAt' ? 'generated_at' : key).sort()
    )
    const [delivery] = await until(async () => await log('main', 'crm'), ([one]) => one.status === 'delivered')
    t.match(delivery, {
      id: got.id,
      event: 'top.changed',
      next_attempt_at: null,
      attempts: [{ status: 204, error: null, at: String, duration_ms: Number }]
    })
    t.ok((await service.show('main', 'crm')).last_delivered_at)
  })

  await t.test('not twice in the interval, and ends on the newest', async (t) => {
    const begun = Date.now()
    await hook('main', 'crm', { url: receiver.url, events: ['top.changed'], min_interval_seconds: 2 })
    const before = receiver.received.length
    for (let n = 0; n < 40; n++) {
      await raise('main', 'bob', 1)
      await delay(25)
    }
    await receiver.until((received) => scores(received)[0] === 'bob 40')
    t.ok(receiver.received.length - before <= 2 + (Date.now() - begun) / 2000)
  })

  await t.test('what changes nothing of the ten is not told', async (t) => {
    for (let n = 0; n < 10; n++) await raise('main', `top-${n}`, 100 + n)
    await receiver.until((received) =>
      scores(received).length === 10 && scores(received)[0] === 'top-9 109' && scores(received)[9] === 'top-0 100'
    )
    const before = receiver.received.length
    await raise('main', 'low', 1)
    await raise('main', 'ada', 1)
    await raise('main', 'top-9', 1)
    const next = await receiver.until((received) => scores(received)[0] === 'top-9 110')
    t.equal(receiver.received.indexOf(next), before)
  })
})

test('a receiver that fails', async (t) => {
  const service = await startService(t)
  const { redis, raise, hook, show, log, node, lines } = service
  const receiver = await startReceiver(t)
  const queue = new Queue(WEBHOOK_QUEUE, {
    connection: jobConnection({
      url: redis.url,
      name: 'test',
      timeoutMs: Number(PATIENT.REDIS_TIMEOUT_MS),
      waits: true
    }),
    prefix: JOB_PREFIX
  })
  t.teardown(async () => await queue.close())
  await hook('main', 'crm', { url: receiver.url, events: ['top.changed'] })

  await t.test('is tried again by the schedule, with the same id', async (t) => {
    receiver.behave(answer(500))
    await raise('main', 'ada', 1)
    const first = await receiver.until(() => true)
    for (const [n, base] of [5000, 300_000, 1_800_000].entries()) {
      const delivery = await until(
        async () => (await log('main', 'crm')).find(({ id }) => id === first.id),
        (one) => one?.attempts.length === n + 1
      )
      t.match(delivery, {
        status: 'pending',
        attempts: Array.from({ length: n + 1 }, () => ({ status: 500, error: null }))
      })
      const waitMs = Date.parse(delivery.next_attempt_at) - Date.parse(delivery.attempts.at(-1).at)
      t.ok(waitMs >= base && waitMs <= base * 1.2 + SLOW_MS, `${waitMs} ms after attempt ${n + 1}`)
      const job = await until(
        async () =>
          (await queue.getDelayed()).find(({ id }) =>
            id === `main.crm.${first.id}.${Date.parse(delivery.next_attempt_at)}`
          ),
        (one) => one !== undefined
      )
      t.ok(
        Math.abs(job!.timestamp + job!.delay - Date.parse(delivery.next_attempt_at)) < SLOW_MS,
        'the queue waits as long'
      )
      await letTimePass(service, 'main', 'crm')
      await until(async () => receiver.received.length, (count) => count > n + 1)
    }
    t.ok(receiver.received.every(({ id, text }) => id === first.id && text === first.text))
    t.match(await show('main', 'crm'), { status: 'enabled', failing_since: String, pending: 1 })
  })

  await t.test('away for long, it is sent only the newest top, no more often for that', async (t) => {
    const count = receiver.received.length
    const pending = (await log('main', 'crm')).find(({ status }) => status === 'pending')
    for (let n = 0; n < 3; n++) {
      const { body } = await raise('main', 'ada', 1)
      await until(
        async () => await log('main', 'crm'),
        (all) =>
          all.some(({ status, id }) => status === 'pending' && id !== pending.id) &&
          all.filter(({ status }) => status === 'superseded').length === n + 1
      )
      t.equal(body.new_score, n + 2)
    }
    const waiting = (await log('main', 'crm')).filter(({ status }) => status === 'pending')
    t.equal(waiting.length, 1)
    t.equal(waiting[0].next_attempt_at, (await until(async () => waiting[0], () => true)).next_attempt_at)
    t.equal(receiver.received.length, count, 'nothing was sent in between')
    receiver.behave(answer(204))
    await letTimePass(service, 'main', 'crm')
    const got = await receiver.until((received) => scores(received)[0] === 'ada 4')
    t.equal(got.id, waiting[0].id)
    t.equal(receiver.received.length, count + 1)
    t.match(await until(async () => await show('main', 'crm'), ({ pending }) => pending === 0), { failing_since: null })
  })

  await t.test('an old delivery is replayed with its id and its body', async (t) => {
    const first = receiver.received[0]!
    const before = receiver.received.length
    t.match(
      await node.call('POST', `/v1/boards/main/webhooks/crm/deliveries/${first.id}/replay`, {
        token: node.token('boss', { scope: 'admin' })
      }),
      { status: 202, body: { id: first.id } }
    )
    await until(async () => receiver.received.length, (count) => count > before)
    const again = receiver.received.at(-1)!
    t.strictSame([again.id, again.text], [first.id, first.text])
    t.ok(isSigned(again, SECRET), 'signed anew')
    await until(
      async () => (await log('main', 'crm')).find(({ id }) => id === first.id),
      ({ status }) => status === 'delivered'
    )
  })

  await t.test('too many requests: it is left alone for as long as it says', async (t) => {
    receiver.behave(answer(429, { 'retry-after': '3600' }))
    await raise('main', 'bob', 1)
    const [delivery] = await until(
      async () => await log('main', 'crm'),
      ([one]) => one.attempts.length === 1 && one.attempts[0].status === 429
    )
    const waitMs = Date.parse(delivery.next_attempt_at) - Date.parse(delivery.attempts[0].at)
    t.ok(waitMs >= HOUR_MS && waitMs < HOUR_MS + SLOW_MS)
    const count = receiver.received.length
    t.equal(
      (await node.call('POST', '/v1/boards/main/webhooks/crm/test', { token: node.token('boss', { scope: 'admin' }) }))
        .status,
      202
    )
    const reader = await startReceiver(t)
    await hook('main', 'second', { url: reader.url, events: ['top.changed'] })
    await reader.until(() => true)
    t.equal(receiver.received.length, count, 'nothing else is sent there, and others have theirs')
    receiver.behave(answer(204))
    await letTimePass(service, 'main', 'crm')
    await until(async () => await show('main', 'crm'), ({ pending }) => pending === 0)
  })

  await t.test('410 disables it; what waits is sent when it is enabled', async (t) => {
    receiver.behave(answer(410))
    await raise('main', 'cid', 1)
    t.match(await until(async () => await show('main', 'crm'), ({ status }) => status === 'disabled'), {
      disabled_reason: 'gone',
      disabled_at: String,
      pending: 1
    })
    t.ok(lines.some((line) => line.includes('its receiver answered 410')))
    const count = receiver.received.length
    await raise('main', 'cid', 1)
    await until(async () => await log('main', 'crm'), ([one]) => one.status === 'pending' && one.attempts.length === 0)
    receiver.behave(answer(204))
    t.equal(
      (await node.call('POST', '/v1/boards/main/webhooks/crm/enable', {
        token: node.token('boss', { scope: 'admin' })
      })).status,
      200
    )
    await receiver.until((received) => scores(received).includes('cid 2'))
    t.equal(receiver.received.length, count + 1, 'the newest, and that once')
  })

  await t.test('days of failing disable it, and an attempt past the last of the schedule is not made', async (t) => {
    receiver.behave(answer(503))
    await raise('main', 'dan', 1)
    const [{ id }] = await until(async () => await log('main', 'crm'), ([one]) => one.attempts[0]?.status === 503)
    await redis.client.hset('sw:{main}:webhook-log:crm', `${id} round`, 9)
    await redis.client.hset('sw:{main}:webhook:crm', 'failing_since', Date.now() - 80 * HOUR_MS)
    await letTimePass(service, 'main', 'crm')
    t.match(await until(async () => await show('main', 'crm'), ({ status }) => status === 'disabled'), {
      disabled_reason: 'failing',
      pending: 0
    })
    t.match((await log('main', 'crm')).find((one) => one.id === id), { status: 'failed', next_attempt_at: null })
    t.ok(lines.some((line) => line.includes('every attempt has failed for days')))
  })

  await t.test('metrics say what became of attempts', async (t) => {
    const { text } = await node.call('GET', '/metrics')
    for (const outcome of ['delivered', 'retry', 'disabled', 'superseded']) {
      t.match(text, new RegExp(`scorewire_webhook_deliveries_total{outcome="${outcome}"} [1-9]`))
    }
    t.match(text, 'scorewire_webhook_pending{board="main"} ')
    t.match(text, 'scorewire_webhook_lag_seconds{board="main"} ')
    t.notMatch(text + lines.join(), SECRET)
  })
})

test('a secret is changed while deliveries go on', async (t) => {
  const { raise, hook, redis } = await startService(t)
  const receiver = await startReceiver(t)
  const NEXT = secretOf(Buffer.alloc(32, 2))
  await hook('main', 'crm', { url: receiver.url, events: ['top.changed'] })
  await hook('main', 'crm', { url: receiver.url, events: ['top.changed'], secret: NEXT })
  await raise('main', 'ada', 1)
  const both = await receiver.until(() => true)
  t.ok(isSigned(both, SECRET) && isSigned(both, NEXT), 'both sign')
  await redis.client.hset('sw:{main}:webhook:crm', 'old_until', Date.now() - 1)
  await raise('main', 'ada', 1)
  const after = await receiver.until((received) => scores(received)[0] === 'ada 2')
  t.ok(isSigned(after, NEXT))
  t.notOk(isSigned(after, SECRET), 'until the time is over')
  t.equal(await redis.client.hexists('sw:{main}:webhook:crm', 'old_secret'), 0, 'and the former is forgotten')
})

test('a rest that a receiver asks for holds, whatever becomes of attempts that were under way', async (t) => {
  const service = await startService(t)
  const { node, hook, show, redis } = service
  const receiver = await startReceiver(t)
  const pending: ServerResponse[] = []
  receiver.behave((response) => pending.push(response))
  await hook('main', 'crm', { url: receiver.url, events: ['season.closed'] })
  const ask = async () =>
    (await node.call('POST', '/v1/boards/main/webhooks/crm/test', { token: node.token('boss', { scope: 'admin' }) }))
      .body.id
  const ids: string[] = []
  for (let n = 0; n < 3; n++) ids.push(await ask())
  await Promise.all(ids.map(async (id) => await receiver.until((received) => received.id === id)))
  const rest = async () => Number(await redis.client.hget('sw:{main}:webhook:crm', 'rest_until'))
  pending[0]!.writeHead(429, { 'retry-after': '3600' }).end()
  const restUntil = await until(rest, (ms) => ms > 0)
  pending[1]!.writeHead(503, { 'retry-after': '60' }).end()
  pending[2]!.writeHead(204).end()
  await until(
    async () => await show('main', 'crm'),
    ({ pending, last_delivered_at: at }) => pending === 2 && at !== null
  )
  await until(async () => await redis.client.zcard('sw:{main}:webhook-busy:crm'), (busy) => busy === 0)
  t.equal(await rest(), restUntil)
})

test('a slow receiver holds nobody up', async (t) => {
  const warnings: string[] = []
  const note = ({ name }: Error) => {
    warnings.push(name)
  }
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const { node, hook, raise, redis } = await startService(t)
  const [slow, quick] = [await startReceiver(t), await startReceiver(t)]
  const held: Array<() => void> = []
  slow.behave((response) => {
    held.push(() => response.writeHead(204).end())
  })
  for (let n = 0; n < 5; n++) await hook('main', `slow-${n}`, { url: slow.url, events: ['user.flagged'] })
  await hook('main', 'quick', { url: quick.url, events: ['top.changed'] })
  const token = node.token('boss', { scope: 'admin' })
  for (let n = 0; n < 50; n++) await node.call('POST', `/v1/boards/main/webhooks/slow-${n % 5}/test`, { token })
  await until(async () => slow.received.length, (count) => count === 20)
  await raise('main', 'ada', 1)
  await quick.until(() => true)
  t.equal(slow.received.length, 20, 'four at a time for each of them')
  t.equal(await redis.client.zcard('sw:{main}:webhook-busy:slow-0'), 4)
  slow.behave(answer(204))
  for (const release of held) release()
  await until(async () => slow.received.length, (count) => count === 50)
  t.equal(new Set(slow.received.map(({ id }) => id)).size, 50, 'each once')
  t.notOk(warnings.includes('MaxListenersExceededWarning'), 'that many at once are as they should be')
})

test('season.closed, once, when its archive is there', async (t) => {
  const season = (name: string, fromMs: number, untilMs: number) => ({
    name,
    start: new Date(fromMs).toISOString(),
    end: new Date(untilMs).toISOString()
  })
  const now = Date.now()
  const [past, running] = [
    season('past', now - 7200_000, now - HOUR_MS),
    season('running', now - HOUR_MS, now + 15_000)
  ]
  const file = `${
    t.testdir({
      'boards.json': JSON.stringify({ boards: { main: {}, cup: { windows: ['season'], seasons: [past, running] } } })
    })
  }/boards.json`
  const service = await startService(t, { BOARDS_FILE: file })
  const receiver = await startReceiver(t)
  await service.hook('cup', 'crm', { url: receiver.url, events: ['season.closed'] })
  const second = await startNode(t, { redisUrl: service.redis.url, env: { BOARDS_FILE: file } })
  for (const [user, points] of [['ada', 7], ['bob', 3]] as const) {
    t.equal((await service.raise('cup', user, points)).status, 200)
  }
  const got = await receiver.until(() => true)
  t.ok(isSigned(got, SECRET))
  t.match(got.body, {
    type: 'season.closed',
    timestamp: running.end,
    data: {
      board: 'cup',
      season: 'running',
      window: 'season:running',
      start: running.start,
      end: running.end,
      closed_at: running.end,
      entries: 2,
      archive: '/v1/boards/cup/seasons/running/archive'
    }
  })
  t.strictSame(got.body.data.top_scores, [{ rank: 1, user_id: 'ada', username: 'ada', score: 7 }, {
    rank: 2,
    user_id: 'bob',
    username: 'bob',
    score: 3
  }])
  t.equal((await second.call('GET', got.body.data.archive)).status, 200)
  await delay(1500) // several looks of both workers
  t.equal(receiver.received.length, 1, 'once, and nothing of the season that was closed before')
})

test('a webhook that is deleted is sent nothing more, and one that takes its name begins anew', async (t) => {
  const { node, hook, raise, redis, log } = await startService(t)
  const receiver = await startReceiver(t)
  const token = node.token('boss', { scope: 'admin' })
  await hook('main', 'crm', { url: receiver.url, events: ['top.changed'] })
  let release = () => {}
  receiver.behave((response) => {
    release = () => response.writeHead(500).end()
  })
  await raise('main', 'ada', 1)
  await receiver.until(() => true)
  t.equal((await node.call('DELETE', '/v1/boards/main/webhooks/crm', { token })).status, 204)
  t.strictSame(await redis.client.keys('sw:{main}:webhook*'), [])
  receiver.behave(answer(204))
  await hook('main', 'crm', { url: receiver.url, events: ['season.closed'] })
  release()
  await node.call('POST', '/v1/boards/main/webhooks/crm/test', { token })
  await receiver.until(({ body }) => body.type === 'webhook.test')
  const [only, ...more] = await until(async () => await log('main', 'crm'), ([one]) => one?.status === 'delivered')
  t.strictSame([only.event, more], ['webhook.test', []], 'what was under way is not its own')
})

test('Redis away: events wait, and go on when it is back; a node ends without it', async (t) => {
  const { node, hook, raise, redis, lines } = await startService(t)
  const receiver = await startReceiver(t)
  await hook('main', 'crm', { url: receiver.url, events: ['top.changed'] })
  await raise('main', 'ada', 1)
  await receiver.until((received) => scores(received)[0] === 'ada 1')
  await redis.stop()
  await until(async () => lines, (all) => all.some((line) => line.includes('webhooks paused')))
  await redis.start()
  await until(async () => await raise('main', 'ada', 1), ({ status }) => status === 200)
  await receiver.until((received) => scores(received)[0] === 'ada 2')
  await redis.stop()
  await node.close()
  t.equal(new Set(receiver.received.map(({ id }) => id)).size, 2)
})
