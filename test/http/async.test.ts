// What is queued with `Prefer: respond-async`, over real nodes and a real Redis.
import { setTimeout as delay } from 'node:timers/promises'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { startNode } from '../harness/node.ts'
import { ASYNC, queue, settled } from '../harness/queue.ts'
import { startRedis } from '../harness/redis.ts'

const INCREMENTS = '/v1/boards/main/increments'

async function boardsFile (t: Test, boards: object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-test-'))
  t.teardown(async () => await rm(directory, { recursive: true }))
  const file = join(directory, 'boards.json')
  await writeFile(file, JSON.stringify({ boards }))
  return file
}

test('an increment that is queued', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const ada = node.token('ada', { name: 'Ada' })

  await t.test('is answered at once with its receipt, which says when it counts', async (t) => {
    const { status, body, headers } = await queue(node, `${INCREMENTS}?include=rank`, { token: ada, body: { action_id: 'match 1/ä', increment: 5 } })
    t.equal(status, 202)
    t.strictSame(body, { board: 'main', user_id: 'ada', action_id: 'match 1/ä', status: 'queued' })
    t.equal(headers.get('preference-applied'), 'respond-async')
    t.equal(headers.get('location'), '/v1/boards/main/users/ada/actions/match%201%2F%C3%A4')
    const receipt = await settled(node, headers.get('location')!, ada)
    t.equal(receipt.status, 200)
    t.strictSame(receipt.body, { board: 'main', user_id: 'ada', action_id: 'match 1/ä', status: 'applied', increment: 5, new_score: 5, applied: true })
    t.match((await node.call('GET', '/v1/boards/main/users/ada')).body, { score: 5, username: 'Ada' })
  })

  await t.test('needs no body and no action id: one is made up', async (t) => {
    const { body, headers } = await queue(node, INCREMENTS, { token: node.token('bea') })
    t.ok(body.action_id)
    t.match((await settled(node, headers.get('location')!, node.token('bea'))).body, { status: 'applied', new_score: 1, action_id: body.action_id })
  })

  await t.test('is a replay like any other once it counts, and no other action', async (t) => {
    const again = await queue(node, INCREMENTS, { token: ada, body: { action_id: 'match 1/ä', increment: 5 } })
    t.equal(again.status, 200)
    t.match(again.body, { applied: false, new_score: 5 })
    t.equal(again.headers.get('idempotency-replayed'), 'true')
    t.equal(again.headers.get('preference-applied'), null, 'what is answered at once is not said to be queued')
    const other = await queue(node, INCREMENTS, { token: ada, body: { action_id: 'match 1/ä', increment: 6 } })
    t.equal(other.status, 422)
    t.equal(other.body.code, 'action_mismatch')
  })

  await t.test('is asked for by whatever RFC 7240 allows', async (t) => {
    const send = async (prefer: string) => (await node.call('POST', INCREMENTS, { token: node.token('cid'), body: {}, headers: { prefer } })).status
    for (const prefer of ['respond-async', 'Respond-Async', 'respond-async, wait=10', 'return=minimal, RESPOND-ASYNC ;x=1', 'respond-async=""', 'foo="a\\", b", respond-async']) {
      t.equal(await send(prefer), 202, prefer)
    }
    for (const prefer of ['', 'respond-asynchronously', 'wait=10', 'foo="x, respond-async"', 'respond-async=no', 'foo; respond-async', 'return=respond-async']) {
      t.equal(await send(prefer), 200, prefer)
    }
  })

  await t.test('keeps what came with it: a service, a user of its own, where from, and a grant', async (t) => {
    const service = node.token('game-server', { scope: 'scores:write' })
    const { headers } = await queue(node, INCREMENTS, { token: service, body: { action_id: 's1', user_id: 'eve', username: 'Eve', increment: 3 } })
    await settled(node, headers.get('location')!, service)
    t.match((await node.call('GET', '/v1/boards/main/users/eve')).body, { score: 3, username: 'Eve' })
    const { body: { events } } = await node.call('GET', '/v1/boards/main/events?user_id=eve', { token: node.token('root', { scope: 'admin' }) })
    t.match(events, [{ actor: 'game-server', ip: '127.0.0.1', action_id: 's1' }])
  })

  await t.test('is judged at once as far as that goes without the store', async (t) => {
    const cases: [string, object, string | undefined, number, string][] = [
      ['field', { increment: '5' }, ada, 400, 'invalid_request'],
      ['type', { points: 5 }, ada, 400, 'invalid_request'],
      ['size', { increment: 1_000_001 }, ada, 422, 'increment_out_of_range'],
      ['subject', { user_id: 'bob' }, ada, 403, 'forbidden_subject'],
      ['scope', { username: 'Bob' }, ada, 403, 'forbidden_scope'],
      ['catalogue', { action: 'nothing' }, ada, 422, 'unknown_action'],
      ['grant', { grant: 'x' }, ada, 422, 'invalid_grant'],
      ['season', { season: 'none' }, ada, 400, 'invalid_request'],
      ['no token', {}, undefined, 401, 'missing_token'],
      ['token', {}, 'x', 401, 'invalid_token']
    ]
    for (const [what, body, token, status, code] of cases) t.match(await queue(node, INCREMENTS, { token, body }), { status, body: { code } }, what)
    t.match(await queue(node, '/v1/boards/none/increments', { token: ada, body: {} }), { status: 404, body: { code: 'unknown_board' } })
    t.match(await queue(node, '/v1/boards/main/scores', { token: ada, body: { score: 1 } }), { status: 400, body: { code: 'invalid_request' } })
    t.match(await queue(node, INCREMENTS, { token: ada, body: { action_id: 'b' }, headers: { 'idempotency-key': 'a' } }), { status: 400 })
    t.equal((await node.call('GET', '/v1/boards/main/users/ada/actions/b', { token: ada })).body.code, 'unknown_action_id', 'nothing of it was queued')
  })

  await t.test('leaves nothing in the queue', async (t) => {
    while ((await redis.client.keys('{sw-jobs}:scores:a*')).length > 0) await delay(20)
    t.equal(await redis.client.llen('{sw-jobs}:scores:active'), 0)
    t.equal(await redis.client.zcard('{sw-jobs}:scores:completed'), 0)
    const metrics = (await node.call('GET', '/metrics')).text
    for (const line of ['scorewire_queue_jobs{state="waiting"} 0', 'scorewire_queue_jobs{state="failed"} 0', 'scorewire_queue_workers 1', 'scorewire_queue_oldest_seconds 0', 'scorewire_queue_max_jobs 100000']) {
      t.ok(metrics.includes(`${line}\n`), line)
    }
    t.match(metrics, /scorewire_queue_requests_total\{result="queued"\} [1-9]/)
    t.match(metrics, /scorewire_queue_tries_total\{result="applied"\} [1-9]/)
  })

  await t.test('and the document of the API says so', async (t) => {
    const { body: { paths } } = await node.call('GET', '/openapi.json')
    for (const path of [INCREMENTS, '/v1/boards/main/scores'].map((one) => one.replace('main', '{board}'))) {
      t.ok(paths[path].post.responses['202'], path)
      t.ok(paths[path].post.parameters.some(({ name, in: place }: { name: string, in: string }) => name === 'prefer' && place === 'header'), path)
    }
    t.ok(paths['/v1/boards/{board}/users/{user_id}/actions/{action_id}'].get.responses['202'])
  })
})
