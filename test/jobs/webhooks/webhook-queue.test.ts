// Tests of jobs, webhooks, webhook queue: a queue that is opened while Redis does not answer everything works when.
import { test } from 'tap'
import { openWebhookQueue } from '../../../src/jobs/webhooks/webhook-queue.ts'
import { startRedis } from '../../harness/servers/redis.ts'

test('a queue that is opened while Redis does not answer everything works when it does', async (t) => {
  const redis = await startRedis(t)
  await redis.client.acl('SETUSER', 'default', '-info', '-@scripting')
  const queue = openWebhookQueue({ url: redis.url, timeoutMs: 1000, onError: () => {} })
  t.teardown(queue.close)
  const wake = async () => await queue.schedule({ board: 'main', webhook: 'crm' }, 'test', 0)
  await t.rejects(wake())
  await redis.client.acl('SETUSER', 'default', '+@all')
  await wake()
  t.equal(await redis.client.llen('{sw-jobs}:webhooks:wait'), 1)
})
