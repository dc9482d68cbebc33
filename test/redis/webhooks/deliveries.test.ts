// What is kept of webhooks' deliveries, and what must not be.
import { test } from 'tap'
import { createDeliveries } from '../../../src/redis/webhooks/deliveries.ts'
import { boardKeys } from '../../../src/redis/keys.ts'
import { createWebhooks } from '../../../src/redis/webhooks/webhooks.ts'
import { MAX_PENDING, secretOf } from '../../../src/leaderboard/webhooks/webhook.ts'
import { startRedis } from '../../harness/servers/redis.ts'

test('nothing of a board comes back while its keys are removed one after the other', async (t) => {
  const { client } = await startRedis(t)
  const connections = { reader: client, writer: client }
  const [webhooks, deliveries] = [createWebhooks(connections), createDeliveries(connections)]
  const { rules, webhook } = boardKeys('cup')
  const keys = webhook('crm')
  await client.hset(rules, 'created', 1)
  await webhooks.apply('cup', 'crm', {
    url: 'https://crm.example/',
    events: ['user.flagged'],
    min_interval_seconds: 1,
    made: secretOf(Buffer.alloc(32))
  })
  const { id: hookId } = (await webhooks.one('cup', 'crm'))!
  const made = ['msg_1', 'msg_2', 'msg_3'].map((id) => ({
    id,
    kind: 'user.flagged' as const,
    body: '{"type":"user.flagged"}'
  }))
  for (const put of made) t.equal(await deliveries.enqueue('cup', { name: 'crm', id: hookId }, put), 'enqueued')
  const claim = async () => {
    const claimed = await deliveries.claim('cup', 'crm', 60_000)
    if (claimed === undefined || 'waitUntilMs' in claimed) throw new Error('there is nothing to claim')
    return claimed
  }
  const [first, second] = [await claim(), await claim()]
  t.equal(
    (await deliveries.recordOutcome('cup', 'crm', first, {
      outcome: 'failed',
      attempt: { at: 1, ms: 1 },
      delayMs: 5000
    })).state,
    'retry',
    'while the board is there'
  )

  await client.unlink(rules)
  t.equal(await deliveries.claim('cup', 'crm', 60_000), undefined)
  t.equal(await webhooks.replay('cup', 'crm', first.id), 'unknown')
  t.equal(await webhooks.enable('cup', 'crm'), 'unknown')
  await client.unlink(keys.due)
  for (const outcome of ['released', 'failed'] as const) {
    t.equal(
      (await deliveries.recordOutcome('cup', 'crm', second, { outcome, attempt: { at: 1, ms: 1 }, delayMs: 5000 }))
        .state,
      'lost'
    )
  }
  t.equal(await client.exists(keys.due), 0)
})

test('events that are too many are counted, and tests that are refused are none', async (t) => {
  const { client } = await startRedis(t)
  const connections = { reader: client, writer: client }
  const [webhooks, deliveries] = [createWebhooks(connections), createDeliveries(connections)]
  await client.hset(boardKeys('cup').rules, 'created', 1)
  await webhooks.apply('cup', 'crm', {
    url: 'https://crm.example/',
    events: ['user.flagged'],
    min_interval_seconds: 1,
    made: secretOf(Buffer.alloc(32))
  })
  const { id } = (await webhooks.one('cup', 'crm'))!
  const put = async (event: string, kind: 'user.flagged' | 'webhook.test') =>
    await deliveries.enqueue('cup', { name: 'crm', id }, { id: event, kind, body: JSON.stringify({ type: kind }) })
  const outcomes = await Promise.all(
    Array.from({ length: MAX_PENDING }, async (_, n) => await put(`msg_${n}`, 'user.flagged'))
  )
  t.ok(outcomes.every((outcome) => outcome === 'enqueued'))
  t.equal(await put('msg_test', 'webhook.test'), 'full')
  t.equal((await webhooks.one('cup', 'crm'))!.dropped, 0)
  t.equal(await put('msg_more', 'user.flagged'), 'full')
  t.match(await webhooks.one('cup', 'crm'), { dropped: 1, pending: MAX_PENDING })
})
