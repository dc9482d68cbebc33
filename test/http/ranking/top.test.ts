// Tests of http, ranking, top: the top of a watched board is of one reading for everybody, by the limit asked for,.
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { watch } from '../../harness/clients/watcher.ts'

test('the top of a watched board is of one reading for everybody, by the limit asked for, and follows what the screens see', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const raise = async (user: string, increment: number) =>
    await node.call('POST', '/v1/boards/main/increments', { token: node.token(user), body: { increment } })
  for (const [user, points] of [['ada', 30], ['bob', 20], ['çyd', 10]] as const) await raise(user, points)
  const watcher = await watch(t, node.url)
  await watcher.until(({ event }) => event === 'snapshot')
  const read = async (query = '') =>
    await (await fetch(`${node.url}/v1/boards/main/top${query}`)).json() as {
      version: number,
      generated_at: string,
      top_scores: { user_id: string, score: number }[]
    }

  for (const score of [30, 35, 40]) {
    if (score > 30) await raise('ada', 5)
    await watcher.until(({ top_scores: rows }) => rows?.[0]?.score === score)
    const answer = await fetch(`${node.url}/v1/boards/main/top`)
    t.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    const text = await answer.text()
    t.equal(answer.headers.get('content-length'), String(Buffer.byteLength(text)))
    const { version, generated_at: at, top_scores: rows } = JSON.parse(text)
    t.match(rows, [{ user_id: 'ada', score }, { user_id: 'bob' }, { user_id: 'çyd' }])
    const few = await read('?limit=1')
    t.equal(few.version, version)
    t.strictSame(few.top_scores, rows.slice(0, 1))
    t.strictSame((await read('?limit=100')).top_scores, rows)
    t.ok((await read()).generated_at >= at, 'never from before')
  }
})
