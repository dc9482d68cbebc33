// Tests of app, core: a write that ends after its board is gone is not counted: the metrics have forgotten the board.
import { pino } from 'pino'
import { test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { openCore } from '../../src/app/core.ts'
import { systemClock } from '../../src/app/system-clock.ts'
import { PATIENT, startRedis } from '../harness/servers/redis.ts'

test('a write that ends after its board is gone is not counted: the metrics have forgotten the board', async (t) => {
  const redis = await startRedis(t)
  const file = `${t.testdir({ 'boards.json': '{"boards":{"main":{},"gone":{}}}' })}/boards.json`
  const metrics = createMetrics()
  const { store, feed, raiseScore, close } = await openCore({
    config: readConfig({ NODE_ENV: 'test', BOARDS_FILE: file, ...PATIENT }),
    redisUrl: redis.url,
    log: pino({ level: 'silent' }),
    now: Date.now,
    clock: systemClock,
    readGrant: () => {
      throw new Error('there are no grants here')
    },
    metrics
  })
  t.teardown(close)
  const boards = ['main', 'gone'].map((name) => feed.boards.get(name))
  const [main, gone] = boards as [typeof feed.boards.default, typeof feed.boards.default]
  const raise = async (board: typeof main) => {
    await raiseScore(
      board,
      { userId: 'ada', username: undefined, claims: {}, scopes: new Set(), expiresMs: Infinity },
      {},
      { ip: '192.0.2.1', requestId: 'test' }
    )
  }
  const counted = async () =>
    [...(await metrics.registry.metrics()).matchAll(/^scorewire_increments_total\{board="(\w+)",result="(\w+)"\}/gm)]
      .map(([, board, result]) => `${board} ${result}`)
  for (const board of boards) await raise(board)
  t.strictSame(await counted(), ['main applied', 'gone applied'])

  const isGone = new Promise<void>((resolve) => {
    feed.boards.onChange(() => resolve())
  })
  t.equal(await store.boards.remove('gone'), 'deleted')
  await isGone
  t.strictSame(await counted(), ['main applied'])
  await redis.stop()
  for (const board of [main, gone]) await t.rejects(raise(board), { code: /^(unavailable|outcome_unknown)$/ })
  t.strictSame(await counted(), ['main applied', 'main failed'])
  await redis.start()
})
