// Tests of bench, servers, seeded: a service with a seeded board shows it, answers every kind of request and.
import { test } from 'tap'
import { measureActionBytes } from '../../../bench/measures/action-memory.ts'
import { measureLoad } from '../../../bench/generators/autocannon.ts'
import { BATCHED, answerOf, checkBoard, startSeeded } from '../../../bench/servers/seeded.ts'
import { boardKeys } from '../../../src/redis/keys.ts'
import { PATIENT } from '../../harness/servers/redis.ts'

test('a service with a seeded board shows it, answers every kind of request and remembers actions', async (t) => {
  const members = 600
  const scorewire = await startSeeded(members, PATIENT)
  t.teardown(async () => await scorewire.stop())
  const { url, redis, bytes, requests } = scorewire
  const keys = boardKeys('main')
  t.equal(await redis.zcard(keys.scores('all')), members)
  t.ok(bytes.scores > 0 && bytes.names > 0, 'a member takes bytes')
  t.equal(JSON.stringify(await redis.config('GET', 'appendfsync')), '["appendfsync","always"]', 'as shipped again')

  const total = async () =>
    (await redis.zrange(keys.scores('all'), '0', '-1', 'WITHSCORES')).reduce(
      (sum, cell, n) => n % 2 === 1 ? sum + Number(cell) : sum,
      0
    )
  const before = await total()
  for (const kind of Object.keys(requests) as (keyof typeof requests)[]) {
    t.match(
      await measureLoad({ url, pids: {}, connections: 2, request: requests[kind], count: 3 }),
      { errors: 0 },
      kind
    )
  }
  t.equal(await total(), before + 3 + 3 * BATCHED, 'every increment is an action of its own')
  t.ok(await measureActionBytes(scorewire, 1000) > 20, 'a digest of 16 characters takes more than these')
})

test('a board that is not what was seeded is found out', async (t) => {
  const scorewire = await startSeeded(600, PATIENT)
  t.teardown(async () => await scorewire.stop())
  const { redis } = scorewire
  const keys = boardKeys('main')
  const cells = await redis.zrange(keys.scores('all'), '0', '-1', 'WITHSCORES')
  const scores = new Uint32Array(600)
  for (let n = 0; n < cells.length; n += 2) scores[Number(cells[n]!.replace('user-', ''))] = Number(cells[n + 1])
  await checkBoard(scorewire, scores)
  await redis.zadd(keys.scores('all'), 1, 'user-600')
  await t.rejects(
    checkBoard(scorewire, scores),
    /the seeded board is shown as .*"total":601.* instead of .*"total":600/
  )
  await t.rejects(answerOf(scorewire, '/v1/boards/none/top'), /was answered 404: .*unknown_board/)
})
