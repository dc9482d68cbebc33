// Tests of load, scenarios: each scenario does what it says, in one process or in two.
import { test } from 'tap'
import { CannotRun } from '../../src/load/settings.ts'
import { mergeHistograms } from '../../src/load/report/histogram.ts'
import { putLoad, whenMeasuring } from '../harness/clients/bench.ts'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'

test('each scenario does what it says, in one process or in two', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const target = node.url
  await t.rejects(
    putLoad(node, { target, scenario: 'user' }),
    new CannotRun('the board has no users, so there is nothing to read: run the scenario increment first')
  )

  await t.test('by schedule, each planned request is made once', async (t) => {
    for (const [scenario, processes] of [['increment', 2], ['mixed', 1], ['top', 1], ['user', 1]] as const) {
      const { measured, cpus, check } = await putLoad(node, { target, scenario, processes, rate: 100, seconds: 0.5 })
      t.match(measured, { done: 50, errors: {} }, scenario)
      t.equal(mergeHistograms(measured.latencies).totalCount, 50)
      t.equal(cpus.length, processes)
      t.not(check?.isRight, false)
    }
  })
  await t.test('a batch counts its increments, and users raise their own scores', async (t) => {
    const { measured, check } = await putLoad(node, { target, scenario: 'batch', rate: 10, batch: 7 })
    t.equal(measured.done, 70)
    t.match(measured.counts, { acknowledged: 70, replays: 70 })
    t.ok(check!.isRight)
    t.match(await putLoad(node, { target, scenario: 'increment', rate: 50, as: 'user' }), {
      measured: { done: 50, errors: {} },
      check: { isRight: true }
    })
  })
  await t.test('screens are shown every write, over WebSockets and events', async (t) => {
    for (
      const [scenario, transport, processes] of [['write-to-screen', 'websocket', 2], ['fan-out', 'sse', 1]] as const
    ) {
      const { measured } = await putLoad(node, {
        target,
        scenario,
        transport,
        processes,
        rate: 2,
        seconds: 3,
        connections: 6
      })
      t.strictSame(measured.writes?.shownOn, [6, 6, 6, 6, 6, 6], scenario)
      t.equal(mergeHistograms(measured.latencies).totalCount, 36)
      t.ok(measured.done > 0 && measured.done <= 36, 'boards that came; one may hold several writes')
      t.match(measured, { errors: {}, counts: { lost: 0, refused: 0, screens: 6 } })
    }
  })
  await t.test('screens that are cut come back', async (t) => {
    for (const transport of ['websocket', 'sse'] as const) {
      t.match(await putLoad(node, { target, scenario: 'storm', transport, rate: 20 }), {
        measured: { done: 20, errors: {}, counts: { lost: 0 } }
      })
    }
  })
  await t.test('whoever asks gets the results so far', async (t) => {
    let stop = () => {}
    const stopped = new Promise<void>((resolve) => {
      stop = resolve
    })
    const { isInterrupted, seconds, measured, check } = await putLoad(node, {
      target,
      scenario: 'increment',
      rate: 50,
      seconds: 600
    }, { stopped, onProgress: whenMeasuring(() => stop()) })
    t.ok(isInterrupted)
    t.ok(seconds > 0 && seconds < 60)
    t.ok(measured.perSecond.length < 60)
    t.ok(check!.isRight)
  })
})

test('the first user rises into a full board, and one that is out of reach is told of', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const admin = node.token('admin', { scope: 'admin' })
  const raise = async (points: number) => {
    for (let n = 0; n < 10; n++) {
      const { status } = await node.call('POST', '/v1/boards/main/adjustments', {
        token: admin,
        body: { user_id: `other-${n}`, increment: points, reason: 'a full board' }
      })
      t.equal(status, 200)
    }
  }
  const watch = async () =>
    await putLoad(node, { target: node.url, scenario: 'fan-out', rate: 2, seconds: 3, connections: 2 })
  await raise(2500)
  t.match(await watch(), { measured: { counts: { refused: 0 }, writes: { shownOn: Array(6).fill(2) } } })
  await raise(1_000_000)
  await t.rejects(
    watch(),
    /^the top ten of the board is out of reach \([\d,]+ points, 1,000 an increment\): test on a board of its own/
  )
})
