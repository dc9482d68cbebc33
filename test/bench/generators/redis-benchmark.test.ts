// Tests of bench, generators, redis benchmark: redis-benchmark does what it is told, and its calls of the script are.
import { test } from 'tap'
import { runRedisBenchmark } from '../../../bench/generators/redis-benchmark.ts'
import { scriptCall } from '../../../bench/generators/script-call.ts'
import { boardKeys } from '../../../src/redis/keys.ts'
import { startRedis } from '../../harness/servers/redis.ts'

test('redis-benchmark does what it is told, and its calls of the script are increments that count', async (t) => {
  const { client, url: socket } = await startRedis(t)
  const load = { socket, random: 1_000_000, clients: 2, pipelined: 1, count: 30 }
  t.ok(await runRedisBenchmark({ ...load, words: ['ZINCRBY', 'plain', '1', 'user-__rand_int__'] }) > 0)
  const pointsOf = async (key: string) =>
    (await client.zrange(key, '0', '-1', 'WITHSCORES')).reduce(
      (total, cell, n) => n % 2 === 1 ? total + Number(cell) : total,
      0
    )
  t.equal(await pointsOf('plain'), 30)

  const keys = boardKeys('main')
  for (const [items, expected] of [[1, 30], [32, 30 + 30 * 32]] as const) {
    t.ok(await runRedisBenchmark({ ...load, words: await scriptCall(client, items) }) > 0, `${items} in a call`)
    t.equal(await client.xlen(keys.ledger), expected, 'each has its entry')
    t.equal(await pointsOf(keys.scores('all')), 5 * expected, 'and its points')
  }
  const users = await client.zrange(keys.scores('all'), '0', '-1')
  t.ok(users.length > 900 && users.every((user) => /^user-\d{12}$/.test(user)), 'of many users')
})

test('what redis-benchmark cannot do is said', async (t) => {
  const { url: socket } = await startRedis(t)
  const load = { socket, random: 10, clients: 1, pipelined: 1, count: 1, words: ['ZINCRBY', 'plain', 'x', 'user'] }
  await t.rejects(runRedisBenchmark(load), /not a valid float/)
  await t.rejects(
    runRedisBenchmark({ ...load, program: 'no-redis-benchmark' }),
    /found no no-redis-benchmark: it comes with Redis/
  )
})
