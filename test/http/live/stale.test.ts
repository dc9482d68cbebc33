// What live clients see while Redis is away.
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { IMPATIENT, startRedis } from '../../harness/servers/redis.ts'
import { watch, watchEvents } from '../../harness/clients/watcher.ts'
import { eventually } from '../../harness/eventually.ts'

test('while the store is away', async (t) => {
  const redis = await startRedis(t)
  // While the store is away a heartbeat says `stale` again: here the first is due when all is over.
  const node = await startNode(t, { redisUrl: redis.url, random: () => 1, env: IMPATIENT })
  const unwatched = await startNode(t, { redisUrl: redis.url, env: IMPATIENT })
  const raise = async (action: string) => {
    const send = async () =>
      await node.call('POST', '/v1/boards/main/increments', { token: node.token('ada'), body: { action_id: action } })
    await eventually(async () => (await send()).status === 200, 'it is answered')
  }
  await raise('before')
  await eventually(
    async () => (await unwatched.call('GET', '/v1/boards/main/top')).status === 200,
    'the board is read again'
  )
  const [socket, stream] = [await watch(t, node.url, '', { heartbeats: true }), await watchEvents(t, node.url)]
  for (const watcher of [socket, stream]) await watcher.until(({ event }) => event === 'snapshot')
  const since = (begun: number) => Date.now() - begun

  const outages = [
    ['stopped', async () => await redis.stop(), async () => await redis.start()],
    ['frozen', async () => redis.signal('SIGSTOP'), async () => redis.signal('SIGCONT')]
  ] as const
  for (const [n, [kind, take, give]] of outages.entries()) {
    await t.test(`${kind}: told, shown with its age, and current again soon after its return`, async (t) => {
      const gone = Date.now()
      const before = [socket, stream].map(({ messages }) => messages.length)
      await take()
      for (const [n, watcher] of [socket, stream].entries()) {
        await watcher.until((message) => message.event === 'stale' && watcher.messages.indexOf(message) >= before[n]!)
      }
      await eventually(
        async () => (await node.call('GET', '/readyz')).status === 503,
        'the node says that it is not ready'
      )
      t.ok(since(gone) <= 20_000, `noticed after ${since(gone)} ms`)
      for (const { call } of [node, unwatched]) {
        const { status, body, headers } = await call('GET', '/v1/boards/main/top')
        t.equal(status, 200)
        t.match(body, { stale: true, top_scores: [{ user_id: 'ada' }] })
        t.match(headers.get('age'), /^\d+$/)
        t.notOk(headers.has('etag'), 'what may be old is not confirmed by a 304 later')
        const contract = await call('GET', '/api/top-scores')
        t.equal(contract.status, 200)
        t.ok(contract.headers.has('age'))
      }
      const fed = await watchEvents(t, node.url, '?feed=scores')
      await fed.until(({ event }) => event === 'stale')
      t.equal(fed.messages[0]!.event, 'snapshot')
      const late = await watch(t, node.url)
      await late.until(({ event }) => event === 'stale')
      t.strictSame(late.messages.map(({ event }) => event), ['snapshot', 'stale'])
      t.equal(socket.socket.readyState, 1, 'sockets stay')

      const heard = socket.messages.length
      await give()
      const back = Date.now()
      await socket.until((message) => socket.messages.indexOf(message) >= heard && message.event !== 'stale')
      t.ok(since(back) <= 20_000, `current again after ${since(back)} ms`)
      await raise(kind)
      for (const watcher of [socket, stream, late, fed]) {
        await watcher.until(({ top_scores: rows }) => rows?.[0]?.score === n + 2)
      }
      const { body, headers } = await node.call('GET', '/v1/boards/main/top')
      t.equal(body.stale, undefined)
      t.notOk(headers.has('age'))
      await eventually(async () => (await node.call('GET', '/readyz')).status === 200, 'the node is ready')
    })
  }
})
