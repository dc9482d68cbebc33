// Tests of cli, boards: scorewire boards.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { boards } from '../../src/cli/commands/boards.ts'
import { PLAIN, processWith } from '../harness/clients/command.ts'
import { startNode } from '../harness/servers/node.ts'
import { everything, startRedis } from '../harness/servers/redis.ts'
import { MAIN } from '../harness/servers/main.ts'
import { eventually } from '../harness/eventually.ts'

/** Runs `scorewire boards` with these words, in this process. */
async function run (env: Record<string, string>, ...words: string[]): Promise<{ code: number, out: string }> {
  let out = ''
  const code = await boards(
    words,
    processWith(env, (text) => {
      out += text
    })
  )
  return { code, out }
}

async function fileOf (t: Test, content: object | string): Promise<string> {
  const file = join(t.testdir({}), 'boards.json')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify({ boards: content }))
  return file
}

test('scorewire boards', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const env = { REDIS_URL: redis.url }
  const apply = async (content: object, ...words: string[]) =>
    await run(env, 'apply', await fileOf(t, content), ...words)
  /** The node asks once, by itself, who is banned from all boards. */
  const settled = async (board: string) => {
    await eventually(
      async () => await redis.client.hexists(`sw:{${board}}:meta`, 'service_bans') !== 0,
      'service bans are applied'
    )
  }
  t.equal((await node.call('POST', '/v1/boards/main/increments', { token: node.token('ada'), body: {} })).status, 200)
  await settled('main')

  await t.test('a dry run shows what would be, and changes nothing', async (t) => {
    const before = await everything(redis)
    const { code, out } = await apply({
      main: { max_increment: 5, windows: ['all', 'day'] },
      weekly: { windows: ['week'] }
    }, '--dry-run')
    t.equal(code, 0)
    t.strictSame(out.split('\n'), [
      '~ main',
      '      windows: none -> "day"  (counts from now on, without earlier points)',
      '      max_increment: 1000 -> 5',
      '+ weekly  new',
      '',
      'Nothing was applied: this was a dry run. 2 boards would be made or changed.',
      ''
    ])
    t.strictSame(await everything(redis), before)
  })

  await t.test('what is applied is obeyed by the running node at once', async (t) => {
    const { code, out } = await apply({ main: { max_increment: 5 }, weekly: { windows: ['week'] } })
    t.equal(code, 0)
    t.match(out, /Applied: 2 boards made or changed\./)
    t.equal(
      (await node.call('POST', '/v1/boards/main/increments', { token: node.token('ada'), body: { increment: 6 } }))
        .status,
      422
    )
  })

  await t.test('the same file twice changes nothing, and says so', async (t) => {
    await settled('weekly')
    const before = await everything(redis)
    for (const words of [[], ['--yes'], ['--dry-run']]) {
      const { code, out } = await apply({ main: { max_increment: 5 }, weekly: { windows: ['week'] } }, ...words)
      t.equal(code, 0)
      t.strictSame(out.split('\n'), [
        '= main    unchanged',
        '= weekly  unchanged',
        '',
        'Nothing to do: the boards are as the file says.',
        ''
      ])
    }
    t.strictSame(await everything(redis), before)
  })

  await t.test('when one board cannot change, none does', async (t) => {
    const before = await everything(redis)
    const { code, out } = await apply({
      added: {},
      main: { order: 'asc', max_increment: 9 },
      weekly: { order: 'asc', windows: ['week'] }
    })
    t.equal(code, 1)
    t.strictSame(out.split('\n'), [
      '+ added   new',
      '! main    refused: the board has scores',
      '      ! order: "desc" -> "asc"  (the scores are stored in this order)',
      '      max_increment: 5 -> 9',
      '~ weekly',
      '      order: "desc" -> "asc"',
      '',
      'Nothing was applied: what is marked with ! cannot change on a board that has scores.',
      ''
    ])
    t.strictSame(await everything(redis), before)
  })

  await t.test('boards that are not in the file are left alone', async (t) => {
    const { code, out } = await apply({ other: {} })
    t.equal(code, 0)
    t.match(out, /^Not in the file, and left alone: (main, weekly|weekly, main)\.$/m)
    t.match((await run(env, 'show', 'main')).out, '"max_increment": 5')
  })

  await t.test('list and show tell what there is; what is shown can be applied', async (t) => {
    const { out } = await run(env, 'list')
    t.match(
      out,
      /^main {4}\S{16} {2}all\nweekly {2}\S{16} {2}week {2}\(no scores yet\)\nother {3}\S{16} {2}all {2}\(no scores yet\)\n$/
    )
    const shown = await run(env, 'show', 'weekly')
    t.match(JSON.parse(shown.out), { boards: { weekly: { windows: ['week'], max_increment: 1000 } } })
    t.match((await apply(JSON.parse(shown.out).boards)).out, 'Nothing to do')
    await t.rejects(run(env, 'show', 'nowhere'), /There is no board called "nowhere"\./)
  })

  await t.test('what is not understood changes nothing', async (t) => {
    await settled('other')
    const before = await everything(redis)
    const file = await fileOf(t, { main: {} })
    for (
      const words of [
        [],
        ['apply'],
        ['apply', file, 'more'],
        ['apply', file, '--yes', '--dry-run'],
        ['apply', file, '--force'],
        ['list', 'main'],
        ['list', '--yes'],
        ['show'],
        ['show', 'main', '--dry-run'],
        ['delete', 'main']
      ]
    ) {
      await t.rejects(run(env, ...words), { message: /usage: scorewire boards apply FILE/ }, words.join(' '))
    }
    for (
      const content of [
        'no JSON',
        '{"boards":{}}',
        '{"boards":{"main":{"colour":"red"}}}',
        '{"boards":{"main":{"windows":["season"]}}}'
      ]
    ) {
      await t.rejects(run(env, 'apply', await fileOf(t, content)), { name: 'ConfigError' }, content)
    }
    await t.rejects(run(env, 'apply', '/nowhere.json'), { message: /^\/nowhere\.json cannot be read/ })
    t.strictSame(await everything(redis), before)
  })

  await t.test('without a service it says so', async (t) => {
    await t.rejects(
      run({ REDIS_URL: '/nowhere/redis.sock' }, 'list'),
      /Redis cannot be reached at \/nowhere\/redis\.sock/
    )
    await t.rejects(
      run({ DATA_DIR: t.testdir({}) }, 'list'),
      /No scorewire is running on the data directory .*: start it, or set DATA_DIR or REDIS_URL/
    )
    await t.rejects(run({ NODE_ENV: 'production' }, 'list'), { message: /^REDIS_URL is required/ })
  })
})

test('as a command beside a service with a Redis of its own', async (t) => {
  const dataDir = t.testdir({ data: {} })
  const env = { ...PLAIN, PORT: '0', DATA_DIR: join(dataDir, 'data') }
  const service = spawn(process.execPath, [...MAIN, 'serve'], { env })
  const ended = once(service, 'exit')
  t.teardown(async () => {
    service.kill('SIGTERM')
    await ended
  })
  const url = await new Promise<string>((resolve, reject) => {
    let out = ''
    service.stdout.on('data', (data) => {
      out += data
      const [, address] = /is live at (\S+)/.exec(out) ?? []
      if (address !== undefined) resolve(address)
    })
    void ended.then(() => reject(new Error(`the service ended: ${out}`)))
  })
  const command = async (...words: string[]) => {
    const child = spawn(process.execPath, [...MAIN, 'boards', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, error] = ['', '']
    child.stdout.on('data', (data) => {
      out += data
    })
    child.stderr.on('data', (data) => {
      error += data
    })
    const [code] = await once(child, 'close')
    return { code, out, error }
  }
  const file = await fileOf(t, { arcade: { operator: 'best' } })
  t.match(await command('apply', file), { code: 0, out: /\+ arcade {2}new/, error: '' })
  await eventually(
    async () => (await fetch(`${url}/v1/boards/arcade`)).status === 200,
    'the service has taken the board over'
  ) // the service takes the board over
  t.match(await command('apply', file), { code: 0, out: /Nothing to do/ })
  t.match(await command('show', 'nowhere'), { code: 1, error: /^scorewire: There is no board called "nowhere"/ })
  t.match(await command('remove'), { code: 2, error: /usage: scorewire boards apply FILE/ })
})
