// Tests of cli, transfer: scorewire export and import.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { exportBoard } from '../../src/cli/commands/export.ts'
import { importBoard } from '../../src/cli/commands/import.ts'
import { perform, run } from '../harness/clients/command.ts'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'

test('scorewire export and import', async (t) => {
  const redis = await startRedis(t)
  const dir = t.testdir({
    'boards.json': JSON.stringify({
      boards: { main: { windows: ['all', 'day'] }, golf: { order: 'asc', operator: 'best' }, copy: {} }
    })
  })
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: join(dir, 'boards.json') } })
  const env = { REDIS_URL: redis.url }
  for (let n = 0; n < 5; n++) {
    const { status } = await node.call('POST', '/v1/boards/main/increments', {
      token: node.token(`user-${n}`, { name: `User, ${n}` }),
      body: { increment: 10 + n }
    })
    t.equal(status, 200)
  }
  const top = async (board: string) =>
    (await node.call('GET', `/v1/boards/${board}/top`)).body.top_scores
      .map(({ user_id: user, score }: Record<string, unknown>) => `${user} ${score}`)

  await t.test('a board goes out through a file or the standard output, and in again', async (t) => {
    const csv = join(dir, 'main.csv')
    t.strictSame(await run(['export', 'main', '--out', csv], env), { code: 0, out: '', error: '' })
    t.match(await readFile(csv, 'utf8'), /^rank,user_id,username,score,segments\r\n1,user-4,"User, 4",14,\r\n/)
    const { out } = await run(['export', 'main', '--window', 'day'], env)
    t.match(JSON.parse(out.split('\n')[0]!), { rank: 1, user_id: 'user-4', score: 14 })
    t.match(await run(['import', 'copy', csv], env), {
      code: 0,
      out: 'copy, all: 5 scores set, 0 were so already, 0 lines refused\n',
      error: ''
    })
    t.match(await run(['import', 'copy'], env, out), { code: 0, out: /0 scores set, 5 were so already/ })
    t.strictSame(await top('copy'), await top('main'))
  })

  await t.test('a plain sorted set comes in as it is, and what is no score is told', async (t) => {
    await redis.client.zadd('old:board', 72, 'ada', 65, 'bob', 70.5, 'cyd', '+inf', 'dan')
    const { code, out } = await run(['import', 'golf', '--from-zset', 'old:board'], env)
    t.equal(code, 1)
    t.match(out, /^golf, all: 2 scores set, 0 were so already, 2 lines refused\n {2}line \d: \/score must be integer\n/)
    t.strictSame(await top('golf'), ['bob 65', 'ada 72'])
  })

  await t.test('a command line that cannot be followed gets one clear answer', async (t) => {
    const cases: [string[], number, RegExp][] = [
      [['export'], 2, /^name one board\nusage: scorewire export/],
      [['export', 'main', '--format', 'xml'], 2, /--format xml is none of ndjson, csv/],
      [['export', 'none'], 1, /^There is no board called "none"; there are main, golf, copy\.$/],
      [['export', 'main', '--window', 'week'], 1, /has the windows all, day, not week/],
      [['export', 'main', '--out', join(dir, 'no', 'file')], 1, /ENOENT/],
      [['import'], 2, /name one board/],
      [['import', 'main', 'x', 'y'], 2, /name one board/],
      [['import', 'main', join(dir, 'nothing.csv')], 1, /ENOENT/],
      [['import', 'main', '--from-url', 'redis://x'], 2, /--from-url needs --from-zset/],
      [['import', 'main', 'x', '--from-zset', 'y'], 2, /takes no file/],
      [['import', 'main', '--from-zset', 'nothing'], 1, /There is nothing at the key nothing/],
      [['import', 'main', '--from-zset', 'sw:{main}:meta'], 1, /holds a hash and no sorted set/]
    ]
    for (const [[name, ...words], code, error] of cases) {
      const answer = await perform(name === 'export' ? exportBoard : importBoard, words, env)
      t.equal(answer.code, code, [name, ...words].join(' '))
      t.match(answer.error, error, [name, ...words].join(' '))
    }
    t.match(await perform(exportBoard, ['main'], { DATA_DIR: join(dir, 'data') }), {
      code: 1,
      error: /No scorewire is running on the data directory/
    })
  })
})
