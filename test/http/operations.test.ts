// Tests of http, operations: operations.
import { test } from 'tap'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { watch } from '../harness/clients/watcher.ts'
import { textOf } from '../harness/models/source-files.ts'

test('operations', async (t) => {
  const redis = await startRedis(t)
  const lines: string[] = []
  const node = await startNode(t, { redisUrl: redis.url, log: (line) => lines.push(line) })
  const token = node.token('ada')

  await t.test('health and readiness', async (t) => {
    t.strictSame((await node.call('GET', '/healthz')).body, { status: 'ok' })
    t.strictSame((await node.call('GET', '/readyz')).body, { status: 'ok' })
  })

  await t.test('metrics count requests, increments by result, groups, sockets and pushes', async (t) => {
    await (await watch(t, node.url)).until(() => true)
    for (const action of ['a', 'a', 'b']) {
      await node.call('POST', '/v1/boards/main/increments', { token, body: { action_id: action } })
    }
    await node.call('POST', '/v1/boards/main/increments', { token, body: { action_id: 'a', increment: 2 } })
    const { text, headers } = await node.call('GET', '/metrics')
    t.match(headers.get('content-type'), 'text/plain')
    for (
      const line of [
        'scorewire_increments_total{board="main",result="applied"} 2',
        'scorewire_increments_total{board="main",result="replayed"} 1',
        'scorewire_increments_total{board="main",result="mismatch"} 1',
        'scorewire_http_request_seconds_count{method="POST",route="/v1/boards/:board/increments",status="200"} 3',
        'scorewire_http_request_seconds_count{method="POST",route="/v1/boards/:board/increments",status="422"} 1',
        'scorewire_increment_group_size_count 4',
        'scorewire_script_seconds_count 4',
        'scorewire_sockets 1'
      ]
    ) t.ok(text.includes(`${line}\n`), line)
    t.match(text, /^scorewire_pushes_total [1-9]/m)
    t.match(text, /^process_cpu_seconds_total /m)
  })

  await t.test('the OpenAPI document names every route with what it takes and answers, and /docs renders it', async (t) => {
    const { body } = await node.call('GET', '/openapi.json')
    t.equal(body.openapi, '3.1.0')
    t.strictSame(
      Object.keys(body.paths).sort(),
      [
        '/api/scores/top',
        '/api/scores/update',
        '/api/top-scores',
        '/api/update-score',
        '/api/v1/score/update',
        '/api/v1/scoreboard',
        '/dev/token',
        '/healthz',
        '/metrics',
        '/readyz',
        '/scoreboard',
        '/scores',
        '/scores/update',
        '/sse/scoreboard',
        '/update-score',
        '/v1/boards',
        '/v1/boards/{board}',
        '/v1/boards/{board}/entries',
        '/v1/boards/{board}/events',
        '/v1/boards/{board}/grants',
        '/v1/boards/{board}/increments',
        '/v1/boards/{board}/export',
        '/v1/boards/{board}/import',
        '/v1/boards/{board}/increments/batch',
        '/v1/boards/{board}/lookup',
        '/v1/boards/{board}/scores',
        '/v1/boards/{board}/seasons/{season}/archive',
        '/v1/boards/{board}/top',
        '/v1/boards/{board}/users/{user_id}',
        '/v1/boards/{board}/users/{user_id}/actions/{action_id}',
        '/v1/groups/{group}',
        '/v1/boards/{board}/webhooks',
        '/v1/boards/{board}/webhooks/{webhook}',
        '/v1/boards/{board}/webhooks/{webhook}/rotate',
        '/v1/boards/{board}/webhooks/{webhook}/enable',
        '/v1/boards/{board}/webhooks/{webhook}/test',
        '/v1/boards/{board}/webhooks/{webhook}/deliveries',
        '/v1/boards/{board}/webhooks/{webhook}/deliveries/{delivery}/replay',
        '/v1/bans',
        '/v1/bans/{user_id}',
        '/v1/boards/{board}/adjustments',
        '/v1/boards/{board}/bans',
        '/v1/boards/{board}/bans/{user_id}',
        '/v1/users/{user_id}'
      ].sort()
    )
    for (const [path, methods] of Object.entries<Record<string, { summary?: string }>>(body.paths)) {
      for (const [method, { summary }] of Object.entries(methods)) t.ok(summary, `${method} ${path} has a summary`)
    }
    t.ok(body.paths['/v1/boards/{board}/increments'].post.responses['4XX'].content['application/problem+json'])
    t.equal(body.paths['/v1/boards/{board}/increments'].post.requestBody.required, false)
    t.equal(body.paths['/scores/update'].post.requestBody.required, true)
    const docs = await node.call('GET', '/docs/')
    t.equal(docs.status, 200)
    t.match(docs.text, 'scorewire API')
    t.notMatch(docs.text, /(src|href)="https?:/, 'no external asset')
  })

  await t.test('docs/http-api.md lists every route of the OpenAPI document', async (t) => {
    const { body } = await node.call('GET', '/openapi.json')
    const made = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    )
    const listed = [...textOf('docs/http-api.md').matchAll(/^\|.*?`(?:GET|PUT|POST|DELETE) .*$/gm)]
      .flatMap(([row]) => [...row.matchAll(/`((?:GET|PUT|POST|DELETE) [^`]+)`/g)].map(([, route]) => route!))
    t.strictSame(listed.toSorted(), [...made, 'GET /ws/scoreboard'].sort())
  })

  await t.test('production gives no tokens away and does not say that it could', async (t) => {
    const production = await startNode(t, {
      redisUrl: redis.url,
      env: { NODE_ENV: 'production', REDIS_URL: redis.url, JWT_SECRET: 'x'.repeat(32) }
    })
    t.equal((await production.call('POST', '/dev/token', { body: { name: 'ada' } })).status, 404)
    t.notOk((await production.call('GET', '/openapi.json')).body.paths['/dev/token'])
    t.equal((await node.call('POST', '/dev/token', { body: { name: 'ada' } })).status, 200, 'development does')
    for (const name of ['', '   ']) {
      t.equal((await node.call('POST', '/dev/token', { body: { name } })).body.code, 'invalid_request')
    }
  })

  await t.test('no log line, answer or metric holds a token', async (t) => {
    await node.call('POST', '/v1/boards/main/increments', { token: `${token}x`, body: {} })
    await node.call('GET', `/ws/scoreboard?token=${token}`)
    await redis.stop()
    await node.call('POST', '/v1/boards/main/increments', { token, body: {} })
    await redis.start()
    const [, , signature] = token.split('.') as [string, string, string]
    t.ok(lines.length > 0)
    for (const line of lines) t.notMatch(line, signature)
    t.notMatch((await node.call('GET', '/metrics')).text, signature)
  })
})

test('a server that does not fit is refused at the start, with one sentence', async (t) => {
  const evicting = await startRedis(t, ['--maxmemory-policy', 'volatile-lru'])
  await t.rejects(startNode(t, { redisUrl: evicting.url }), {
    message:
      /^Redis evicts keys \(maxmemory-policy volatile-lru\), which could make an action count twice: set it to noeviction\.$/
  })
  const master = await startRedis(t)
  const replica = await startRedis(t)
  await replica.client.replicaof('127.0.0.1', 1)
  await t.rejects(startNode(t, { redisUrl: replica.url }), { message: /not a master/ })
  await t.rejects(startNode(t, { redisUrl: `${master.url}.gone` }), {
    message: /^Redis cannot be reached at .+\.gone: connect ENOENT/
  })
  for (const [option, value] of [['appendonly', 'no'], ['appendfsync', 'everysec']] as const) {
    const forgetful = await startRedis(t, [`--${option}`, value])
    const lines: string[] = []
    await startNode(t, { redisUrl: forgetful.url, log: (line) => lines.push(line) })
    t.ok(lines.some((line) => line.includes(`set ${option}`)), `${option} ${value} is worth a warning`)
  }
})
