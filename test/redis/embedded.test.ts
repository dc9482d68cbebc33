// Tests of redis, embedded: a Redis left behind that hears nothing for a while is ended when it does.
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { startEmbeddedRedis } from '../../src/redis/embedded.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { silent } from '../harness/servers/store.ts'

/** More than one request to end takes. */
const BUSY_MS = 3000

test('a Redis left behind that hears nothing for a while is ended when it does', async (t) => {
  const leftover = await startRedis(t)
  await leftover.client.set('kept', 'yes')
  leftover.signal('SIGSTOP')
  const warn = () => {
    void delay(BUSY_MS).then(() => leftover.signal('SIGCONT'))
  }
  const redis = await startEmbeddedRedis({
    dataDir: dirname(leftover.url),
    path: process.env['PATH'] ?? '',
    log: { ...silent, warn }
  })
  t.teardown(redis.stop)
  t.equal(redis.url, leftover.url)
  t.equal(await leftover.client.get('kept'), 'yes')
})
