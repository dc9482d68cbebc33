// What the start refuses of a Redis server.
import { test } from 'tap'
import { run } from '../harness/clients/command.ts'
import { startRedis } from '../harness/servers/redis.ts'

test('data of scorewire 0.1.0 is refused in one line, and left as it is', async (t) => {
  const redis = await startRedis(t)
  await redis.client.zadd('sw:boards', 1, 'main')
  await redis.client.hset('sw:{main}:meta', 'epoch', 'e', 'rules', 'r')
  for (const words of [['serve'], ['worker'], ['export', 'main'], ['boards', 'list']]) {
    const { code, error } = await run(words, { REDIS_URL: redis.url, PORT: '0', DATA_DIR: t.testdir({}) })
    t.match({ code, error }, {
      code: 1,
      error: /^scorewire: Redis holds boards of scorewire 0.1.0, which this version does not read: start with an empty/
    }, words.join(' '))
    t.equal(error.trim().split('\n').length, 1)
  }
  t.strictSame((await redis.client.keys('*')).sort(), ['sw:boards', 'sw:{main}:meta'])
})
