// Tests of jobs, scoring, score worker: Redis killed over and over while increments are queued: what was accepted.
import { setTimeout as delay } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { test, type Test } from 'tap'
import { systemClock } from '../../../src/app/system-clock.ts'
import { queueOptions } from '../../../src/jobs/connection.ts'
import { jobIdOf, SCORES } from '../../../src/jobs/scoring/score-job.ts'
import { openScoreQueue } from '../../../src/jobs/scoring/score-queue.ts'
import { startScoreWorker } from '../../../src/jobs/scoring/score-worker.ts'
import { caller } from '../../harness/clients/callers.ts'
import { startNode } from '../../harness/servers/node.ts'
import { queue, settled } from '../../harness/servers/queue.ts'
import { IMPATIENT, PATIENT, startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { eventually } from '../../harness/eventually.ts'

const PATIENCE_MS = Number(PATIENT.REDIS_TIMEOUT_MS)
/** Later than this is no answer at all. */
const LATE_MS = 30_000
const INCREMENTS = '/v1/boards/main/increments'

function openQueue (t: Test, redis: TestRedis): Queue {
  const jobs = new Queue(SCORES, queueOptions({ url: redis.url, name: 'test', timeoutMs: PATIENCE_MS }))
  jobs.on('error', () => {})
  t.teardown(async () => await jobs.close())
  return jobs
}

async function drained (redis: TestRedis): Promise<void> {
  await eventually(
    async () => !((await redis.client.keys('{sw-jobs}:scores:a*')).some((key) => /:a[\w-]{16}$/.test(key))),
    'the queue holds no action of its own any more'
  )
}

test(
  'Redis killed over and over while increments are queued: what was accepted counts once',
  { timeout: 110_000 },
  async (t) => {
    const redis = await startRedis(t)
    const node = await startNode(t, { redisUrl: redis.url })
    const token = node.token('bob')
    const accepted = new Set<string>()
    const answers = new Set<string>()
    const stop = new AbortController()
    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let n = 0; !stop.signal.aborted || n === 0; n++) {
        const action = `${client}-${n}`
        for (;;) {
          const begun = performance.now()
          const { status, body } = await queue(node, INCREMENTS, { token, body: { action_id: action } })
          answers.add(`${status} ${body.code ?? ''}${performance.now() - begun > LATE_MS ? ' late' : ''}`)
          if (status === 202 || status === 200) break
          await delay(20)
        }
        accepted.add(action)
      }
    })
    await eventually(() => accepted.size >= 8, 'eight are accepted')
    for (let n = 0; n < 3; n++) {
      await delay(200)
      await redis.stop('SIGKILL')
      await delay(100)
      await redis.start()
    }
    await eventually(async () => (await node.call('GET', '/readyz')).status === 200, 'the node is ready')
    stop.abort()
    await Promise.all(clients)
    await drained(redis)
    t.ok(accepted.size > 8, `${accepted.size} accepted`)
    t.strictSame(
      [...answers].filter((answer) => !['202 ', '200 ', '503 unavailable', '503 outcome_unknown'].includes(answer)),
      [],
      'each answer was an honest one, and came'
    )
    t.equal(Number(await redis.client.zscore('sw:{main}:z:all', 'bob')), accepted.size)
    t.equal(await redis.client.xlen('sw:{main}:ledger'), accepted.size)
    for (const action of accepted) {
      const { body } = await settled(node, `/v1/boards/main/users/bob/actions/${action}`, token)
      if (body.status !== 'applied') t.fail(`${action}: ${JSON.stringify(body)}`)
    }
  }
)

test('a Redis that is away or frozen: 503 while it is, nothing is promised', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url, env: { ...IMPATIENT, ROLES: 'api' } })
  const send = async (action: string) => {
    const begun = performance.now()
    const answer = await queue(node, INCREMENTS, { token: node.token('ada'), body: { action_id: action } })
    t.ok(performance.now() - begun < LATE_MS)
    return answer
  }
  await redis.stop()
  t.match(await send('away'), { status: 503, body: { code: 'unavailable' } })
  await redis.start()
  await eventually(async () => (await send('back')).status === 202, 'it is queued again')
  redis.signal('SIGSTOP')
  const frozen = await send('frozen')
  t.equal(frozen.status, 503)
  t.ok(Number(frozen.headers.get('retry-after')) > 0)
  redis.signal('SIGCONT')
  await eventually(async () => (await send('frozen')).status === 202, 'it is queued again')
  t.equal(await redis.client.llen('{sw-jobs}:scores:wait'), 2, 'and the same again is one job')
})

test('a job that runs twice counts once', async (t) => {
  const redis = await startRedis(t)
  const api = await startNode(t, { redisUrl: redis.url, env: { ROLES: 'api' } })
  const token = api.token('ada')
  await queue(api, INCREMENTS, { token, body: { action_id: 'twice', increment: 5 } })
  const key = `{sw-jobs}:scores:${jobIdOf('main', { userId: 'ada', actionId: 'twice' })}`
  const job = await redis.client.dumpBuffer(key)
  const worker = await startNode(t, { redisUrl: redis.url })
  await settled(worker, '/v1/boards/main/users/ada/actions/twice', token)
  await drained(redis)
  // As if the worker had died after applying, before it could say so.
  await redis.client.restore(key, 0, job)
  await redis.client.lpush('{sw-jobs}:scores:wait', key.slice('{sw-jobs}:scores:'.length))
  await redis.client.zadd('{sw-jobs}:scores:marker', 0, '0')
  await drained(redis)
  t.equal((await api.call('GET', '/v1/boards/main/users/ada')).body.score, 5)
  t.match((await worker.call('GET', '/metrics')).text, /scorewire_queue_tries_total\{result="replayed"\} 1/)
})

test('what a job keeps of its request', async (t) => {
  const redis = await startRedis(t)
  const api = await startNode(t, { redisUrl: redis.url, env: { ROLES: 'api' } })
  const admin = api.token('root', { scope: 'admin' })
  const made = await api.call('PUT', '/v1/boards/regions', {
    token: admin,
    body: { segments: ['region'], actions: { win: { points: 9 } }, proof: 'grant' }
  })
  t.ok([200, 201].includes(made.status), made.text)
  const service = api.token('game-server', { scope: 'scores:write' })
  const { body: { grant, action_id: action } } = await api.call('POST', '/v1/boards/regions/grants', {
    token: service,
    body: { user_id: 'ada', action: 'win' }
  })
  const ada = api.token('ada', { name: 'Ada', region: 'eu', guild: 'none of a board' })
  t.match(await queue(api, '/v1/boards/regions/increments', { token: ada, body: {} }), {
    status: 422,
    body: { code: 'grant_required' }
  })
  const answer = await queue(api, '/v1/boards/regions/increments', { token: ada, body: { grant } })
  t.match(answer, { status: 202, body: { action_id: action } })
  const data = await redis.client.hget(
    `{sw-jobs}:scores:${jobIdOf('regions', { userId: 'ada', actionId: action })}`,
    'data'
  )
  t.notMatch(data, grant, 'no token')
  t.notMatch(data, 'guild', 'no claim that the board has no use for')
  const worker = await startNode(t, { redisUrl: redis.url, env: { JWT_ISSUER: 'another' } })
  t.match((await settled(api, answer.headers.get('location')!, ada)).body, {
    status: 'applied',
    increment: 9,
    new_score: 9
  })
  t.match((await worker.call('GET', '/v1/boards/regions/top?segment=region:eu')).body.top_scores, [{
    user_id: 'ada',
    username: 'Ada',
    score: 9
  }])
})

test('a job of another version waits for a worker that understands it, loudly, and the others flow', async (t) => {
  const redis = await startRedis(t)
  const lines: string[] = []
  const node = await startNode(t, { redisUrl: redis.url, log: (line) => lines.push(line) })
  const jobs = openQueue(t, redis)
  await jobs.add('strange', { v: 2 }, { jobId: 'stranger' })
  await jobs.add('strange', { v: 0 }, { jobId: 'old-stranger', timestamp: Date.now() - 86_500_000 })
  const { headers } = await queue(node, INCREMENTS, { token: node.token('ada'), body: { action_id: 'fine' } })
  t.equal((await settled(node, headers.get('location')!, node.token('ada'))).body.status, 'applied')
  await eventually(
    () => lines.filter((line) => line.includes('a queued increment failed')).length >= 2,
    'both failures are logged'
  )
  t.strictSame(await jobs.getJobCounts('delayed', 'failed'), { delayed: 1, failed: 1 }, 'though not for ever')
  t.match((await node.call('GET', '/metrics')).text, /scorewire_queue_tries_total\{result="failed"\} 2/)
})

test('a quota that is over soon is waited for', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  t.equal(
    (await node.call('PUT', '/v1/boards/brisk', {
      token: node.token('root', { scope: 'admin' }),
      body: { quota: { increments: 1, per_seconds: 5 } }
    })).status < 300,
    true
  )
  const token = node.token('ada')
  const receipts = await Promise.all(
    ['a', 'b'].map(async (action) =>
      (await queue(node, '/v1/boards/brisk/increments', { token, body: { action_id: action } })).headers.get(
        'location'
      )!
    )
  )
  for (const receipt of receipts) t.equal((await settled(node, receipt, token)).body.status, 'applied')
  t.match((await node.call('GET', '/metrics')).text, /scorewire_queue_tries_total\{result="retry"\} [1-9]/)
})

// Such as NOREPLICAS to the call that says that a job is done, and none any more to the next one, by which BullMQ
// gives it up.
test('no job is given up for what goes wrong beside it', async (t) => {
  const redis = await startRedis(t)
  const jobs = await openScoreQueue({
    url: redis.url,
    timeoutMs: PATIENCE_MS,
    maxJobs: 10,
    onError: () => {},
    clock: systemClock
  })
  t.teardown(jobs.close)
  let tries = 0
  const done = new Promise<void>((resolve, reject) => {
    const work = startScoreWorker({
      url: redis.url,
      timeoutMs: PATIENCE_MS,
      async apply () {
        if (++tries === 1) throw new Error('the first time')
        resolve()
        return { result: 'applied' }
      },
      onError: () => {},
      onFault: () => {}
    })
    work.catch(reject)
    t.teardown(async () => await (await work).close())
  })
  const action = { userId: 'ada', actionId: 'one' }
  await jobs.enqueue({
    board: 'main',
    principal: caller(),
    request: action,
    origin: { ip: '192.0.2.1', requestId: 'test' },
    arrivedMs: Date.now()
  }, { ...action, content: '+1' })
  await done
  await drained(redis)
  t.match(await jobs.depth(), { waiting: 0, active: 0, delayed: 0, failed: 0 })
})
