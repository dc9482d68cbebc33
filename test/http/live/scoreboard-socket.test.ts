// The WebSocket of live boards on real nodes.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { WebSocket } from 'ws'
import { startNode, type TestNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { watch, type LiveMessage } from '../../harness/clients/watcher.ts'
import { eventually } from '../../harness/eventually.ts'

const raise = async (node: TestNode, user: string, increment: number) => {
  const { status, text } = await node.call('POST', '/v1/boards/main/increments', {
    token: node.token(user),
    body: { increment }
  })
  if (status !== 200) throw new Error(`${user} did not score: ${text}`)
}

// A message that the store is away has no rows, and the version of the one before.
const shows = (user: string, score: number) => ({ top_scores: rows }: Partial<LiveMessage>) =>
  rows?.some((row) => row.user_id === user && row.score === score) === true

function versionsOnlyRise (messages: readonly LiveMessage[]): boolean {
  const tops = messages.filter((message) => 'top_scores' in message)
  return tops.every((message, n) =>
    n === 0 || message.epoch !== tops[n - 1]!.epoch || message.version > tops[n - 1]!.version
  )
}

test('/ws/scoreboard', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })

  await t.test('the first message is a snapshot, also of an empty board', async (t) => {
    const watcher = await watch(t, node.url)
    const first = await watcher.until(() => true)
    t.match(first, { event: 'snapshot', board: 'main', window: 'all', epoch: '0', version: 0, ts: /Z$/ })
    t.strictSame(first.top_scores, [])
  })

  await t.test('each change of the top is one update, the same rows as GET', async (t) => {
    const watcher = await watch(t, node.url, '?board=main&window=all')
    await watcher.until(({ event }) => event === 'snapshot')
    await raise(node, 'ada', 5)
    const update = await watcher.until(shows('ada', 5))
    t.equal(update.event, 'update')
    t.strictSame(Object.keys(update), ['event', 'board', 'window', 'epoch', 'version', 'ts', 'top_scores'])
    const { body } = await node.call('GET', '/v1/boards/main/top')
    t.strictSame(update.top_scores, body.top_scores)
    t.equal(update.version, body.version)
    const late = await watch(t, node.url)
    t.strictSame((await late.until(() => true)).top_scores, update.top_scores, 'who comes late sees the same')
    t.equal(late.messages[0]!.event, 'snapshot')
  })

  await t.test('a change below the visible ten is not told', async (t) => {
    await Promise.all(Array.from({ length: 12 }, async (_, n) => await raise(node, `leader-${n}`, 500)))
    const watcher = await watch(t, node.url)
    const { top_scores: rows } = await watcher.until(({ top_scores: rows }) =>
      rows.length === 10 && rows.every(({ score }) => score === 500)
    )
    // Which of them came first is left to chance.
    const leader = rows[0]!.user_id
    await raise(node, 'nobody', 1)
    await raise(node, leader, 1)
    const next = await watcher.until(shows(leader, 501))
    t.ok(
      watcher.messages.every((message) =>
        message === next || message.top_scores.some(({ user_id: user }) => user === leader)
      )
    )
    const before = watcher.messages.length
    await raise(node, 'nobody', 1)
    await delay(300)
    t.equal(watcher.messages.length, before)
  })

  await t.test('many changes become few updates, and the last one is right', async (t) => {
    const watcher = await watch(t, node.url)
    await watcher.until(() => true)
    const begun = Date.now()
    for (let n = 0; n < 100; n++) await raise(node, 'runner', 10)
    await watcher.until(shows('runner', 1000))
    const windows = Math.ceil((Date.now() - begun) / 100) + 1
    t.ok(watcher.messages.length <= windows + 1, `${watcher.messages.length} messages in ${windows} push windows`)
    t.ok(versionsOnlyRise(watcher.messages))
  })

  await t.test('what cannot be watched is closed with a code that says so', async (t) => {
    t.match(await (await watch(t, node.url, '?board=nope')).closed, { code: 4404, reason: /no board/ })
    t.match(
      await (await watch(t, node.url, `?board=${'漢'.repeat(80)}`)).closed,
      { code: 4404 },
      'however long its name'
    )
    t.match(await (await watch(t, node.url, '?window=decade')).closed, { code: 1008, reason: /window/ })
    t.match(await (await watch(t, node.url, '?window=day')).closed, { code: 1008, reason: /has the windows all/ })
    const page = await node.call('GET', '/ws/scoreboard')
    t.equal(page.status, 426)
    t.equal(page.body.code, 'upgrade_required')
  })

  await t.test('no other path is a WebSocket', async (t) => {
    const socket = new WebSocket(`${node.url.replace('http', 'ws')}/scores?token=secret`)
    const [, response] = await once(socket, 'unexpected-response') as [unknown, IncomingMessage]
    t.equal(response.statusCode, 400)
    socket.on('error', () => {})
    socket.terminate()
  })

  await t.test('a message of more than 4 KB is too large', async (t) => {
    const watcher = await watch(t, node.url)
    watcher.socket.send('x'.repeat(5000))
    t.equal((await watcher.closed).code, 1009)
  })

  await t.test('a node that closes tells its clients to come back elsewhere, mute ones too', async (t) => {
    const other = await startNode(t, { redisUrl: redis.url })
    const watcher = await watch(t, other.url)
    const mute = await watch(t, other.url)
    mute.socket.pause()
    await other.close()
    t.equal((await watcher.closed).code, 1012)
  })
})

test('two nodes on one Redis show the same board, and nothing goes back, whatever happens to their subscribers', async (t) => {
  const redis = await startRedis(t)
  const nodes = [await startNode(t, { redisUrl: redis.url }), await startNode(t, { redisUrl: redis.url })] as const
  const watchers = await Promise.all(nodes.flatMap((node) => [watch(t, node.url), watch(t, node.url)]))
  await Promise.all(watchers.map(async (watcher) => await watcher.until(() => true)))

  await t.test('a write to one is seen on the other', async (t) => {
    await raise(nodes[0], 'ada', 5)
    for (const watcher of watchers) t.ok(await watcher.until(shows('ada', 5)))
  })

  await t.test('a subscriber killed in the middle of a stream of writes heals', async (t) => {
    const ended = new AbortController()
    const writer = (async () => {
      // How many fit into the board's quota is left to chance.
      while (!ended.signal.aborted) {
        await nodes[0].call('POST', '/v1/boards/main/increments', { token: nodes[0].token('ada') })
      }
    })()
    for (let n = 0; n < 5; n++) {
      await delay(100)
      // One that was killed before may be on its way back still: the next to come is killed.
      await eventually(
        async () => Number(await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')) !== 0,
        'a subscriber was there to be killed'
      )
    }
    ended.abort()
    await writer
    const score = Number(await redis.client.zscore('sw:{main}:z:all', 'ada'))
    const endedAt = Date.now()
    for (const watcher of watchers) await watcher.until(shows('ada', score))
    t.comment(`healed after ${Date.now() - endedAt} ms`)
    t.ok(Date.now() - endedAt <= 10_000)
    for (const watcher of watchers) t.ok(versionsOnlyRise(watcher.messages))
  })

  await t.test('a change whose hint is lost for good is seen all the same', async (t) => {
    await redis.client.config('SET', 'client-output-buffer-limit', 'pubsub 1 1 1')
    await raise(nodes[0], 'bob', 3)
    for (const watcher of watchers) t.ok(await watcher.until(shows('bob', 3)))
  })

  await t.test('an emptied Redis is another history: its board is shown although its version is lower', async (t) => {
    await redis.client.flushall()
    for (const watcher of watchers) {
      t.ok(await watcher.until(({ top_scores: rows, event }) => event === 'update' && rows.length === 0))
    }
    await raise(nodes[1], 'eve', 1)
    for (const watcher of watchers) {
      const found = await watcher.until(shows('eve', 1))
      t.equal(found.version, 1)
    }
  })
})

test('a Redis that comes back with less is shown as it is now, and its old versions are not mistaken for the new ones', async (t) => {
  const redis = await startRedis(t, ['--appendonly', 'no'])
  const node = await startNode(t, { redisUrl: redis.url })
  const watcher = await watch(t, node.url)
  await raise(node, 'ada', 3)
  await watcher.until(shows('ada', 3))
  await redis.client.save()
  for (let n = 0; n < 3; n++) await raise(node, 'bob', 40)
  await watcher.until(shows('bob', 120))
  await redis.stop('SIGKILL')
  await redis.start()
  await watcher.until(({ top_scores: rows, epoch }) =>
    epoch !== watcher.messages[1]!.epoch && rows?.length === 1 && rows[0]!.user_id === 'ada'
  )
  const late = async () =>
    await node.call('POST', '/v1/boards/main/increments', {
      token: node.token('cid'),
      body: { action_id: 'late', increment: 7 }
    })
  await eventually(async () => (await late()).status === 200, 'it is answered')
  await watcher.until(shows('cid', 7))
  t.ok(versionsOnlyRise(watcher.messages))
  t.strictSame(
    (await node.call('GET', '/v1/boards/main/top')).body.top_scores,
    watcher.messages.findLast((message) => 'top_scores' in message)?.top_scores
  )
})
