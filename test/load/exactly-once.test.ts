// Tests of load, exactly once: connections that are cut under load leave no increment uncounted and none counted.
import { test } from 'tap'
import { checkCounted } from '../../src/load/check.ts'
import { putLoad, whileMeasuring } from '../harness/clients/bench.ts'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { startTcpProxy } from '../harness/servers/tcp-proxy.ts'

test('connections that are cut under load leave no increment uncounted and none counted twice', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const proxy = await startTcpProxy(t, node.url)
  for (const scenario of ['increment', 'batch', 'mixed']) {
    // So many users that no quota is used up.
    const { measured: { counts, errors }, check } = await putLoad(node, {
      target: proxy.url,
      scenario,
      seconds: 3,
      connections: 16,
      users: 1000
    }, { onProgress: whileMeasuring(() => proxy.cut()) })
    t.ok(check!.isRight, check!.sentence)
    t.ok(counts['acknowledged']! > 0)
    t.match(counts, { unresolved: 0, wrongReplays: 0 })
    t.ok(counts['replays']! > 0, 'what had counted was sent once more')
    if (scenario !== 'mixed') {
      t.ok(counts['resent']! > 0, `${scenario}: those under way were sent again (${JSON.stringify(errors)})`)
    }
  }
})

test('whatever the service holds too much or too little is seen', (t) => {
  const counts = { acknowledged: 100, resent: 0, unresolved: 0, replays: 10, silentReplays: 0, wrongReplays: 0 }
  const check = (gained: number, more = {}) => checkCounted({ gained, users: 7, counts: { ...counts, ...more } })
  t.match(check(100), {
    isRight: true,
    sentence:
      /^checked: 100 increments were acknowledged.* 7 users rose by 100; 10 that had counted were sent once more, and none counted again/
  })
  t.match(check(99), { isRight: false, sentence: /^NOT EXACTLY ONCE: / })
  t.match(check(101), { isRight: false })
  t.match(check(100, { wrongReplays: 1 }), { isRight: false, sentence: /1 COUNTED again/ })
  t.match(check(103, { unresolved: 3 }), { isRight: true, sentence: /the outcome of 3 increments is unknown/ })
  t.match(check(104, { unresolved: 3 }), { isRight: false })
  t.end()
})
