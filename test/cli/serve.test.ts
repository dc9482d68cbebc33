// The service as a process of its own, with the Redis that it brings along: start, crash, restart, and what it says.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { test, type Test } from 'tap'
import type { Command } from '../../src/cli/command.ts'
import { serve } from '../../src/cli/commands/serve.ts'
import { token } from '../../src/cli/commands/token.ts'
import { perform, PLAIN, run } from '../harness/clients/command.ts'
import { MAIN } from '../harness/servers/main.ts'

async function startService (t: Test, dataDir: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...MAIN, 'serve'], { env: { ...PLAIN, PORT: '0', DATA_DIR: dataDir, ...env } })
  let out = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      out += data
      const [, address] = /is live at (\S+)/.exec(out) ?? []
      if (address !== undefined) resolve(address)
    })
    child.stderr.on('data', (data) => {
      out += data
    })
    child.once('exit', () => reject(new Error(`the service ended: ${out}`)))
  })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    url,
    pid: child.pid!,
    log: () => out,
    ended,
    stop: async (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal)
      const [code] = await ended
      return code as number | null
    }
  }
}

async function score (url: string, actionId: string): Promise<{ new_score: number, applied: boolean }> {
  const headers = { 'content-type': 'application/json' }
  const { token } = await (await fetch(`${url}/dev/token`, { method: 'POST', headers, body: '{"name":"ada"}' }))
    .json() as { token: string }
  for (;;) {
    const response = await fetch(`${url}/v1/boards/main/increments`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body: JSON.stringify({ action_id: actionId, increment: 5 })
    })
    if (response.ok) return await response.json() as { new_score: number, applied: boolean }
    await delay(50)
  }
}

const serverPid = async (dataDir: string) => {
  const client = new Redis(join(dataDir, 'redis.sock'))
  const [, pid] = /process_id:(\d+)/.exec(await client.info('server')) ?? []
  client.disconnect()
  return Number(pid)
}

/** Whether a process runs; one that ended and was not waited for does not. */
async function isRunning (pid: number): Promise<boolean> {
  const ps = spawn('ps', ['-o', 'stat=', '-p', String(pid)])
  let out = ''
  ps.stdout.on('data', (data) => {
    out += data
  })
  await once(ps, 'close')
  return out.trim() !== '' && !out.startsWith('Z')
}

test('the embedded Redis', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'scorewire-data-'))
  let leftover: number | undefined
  t.teardown(async () => {
    if (leftover !== undefined) {
      try {
        process.kill(leftover, 'SIGKILL')
      } catch {}
    }
    await rm(dataDir, { recursive: true, force: true })
  })

  await t.test('keeps the scores over a restart, says where, and ends with the service', async (t) => {
    const first = await startService(t, dataDir)
    t.match(first.log(), dataDir, 'the log says where the data is')
    t.strictSame(await score(first.url, 'one').then(({ new_score: points }) => points), 5)
    const redis = await serverPid(dataDir)
    t.equal(await first.stop(), 0)
    t.notOk(await isRunning(redis), 'its Redis is gone')
    const second = await startService(t, dataDir)
    t.match(await score(second.url, 'one'), { new_score: 5, applied: false })
    t.equal(await second.stop('SIGINT'), 0)
  })

  await t.test('survives what a crash leaves behind: a Redis without its service', async (t) => {
    const crashed = await startService(t, dataDir)
    await score(crashed.url, 'two')
    leftover = await serverPid(dataDir)
    await crashed.stop('SIGKILL')
    t.ok(await isRunning(leftover))
    const next = await startService(t, dataDir)
    t.match(next.log(), 'left its Redis behind')
    t.notOk(await isRunning(leftover), 'the one left behind was ended in order')
    t.match(await score(next.url, 'two'), { new_score: 10, applied: false })
    leftover = await serverPid(dataDir)

    const rival = await perform(serve, [], { ...PLAIN, PORT: '0', DATA_DIR: dataDir })
    t.equal(rival.code, 1)
    t.equal(rival.error, 'Another scorewire is running on this data directory: stop it, or set DATA_DIR or REDIS_URL.')
    t.match(await score(next.url, 'two'), { applied: false }, 'and the one that runs goes on')
    const rivals = await Promise.all(
      [1, 2].map(async () => await perform(serve, [], { ...PLAIN, PORT: '0', DATA_DIR: dataDir }))
    )
    t.ok(rivals.every(({ code, error }) => code === 1 && error.includes('Another scorewire')), 'whenever they come')

    process.kill(leftover, 'SIGKILL')
    t.match(await score(next.url, 'three'), { new_score: 15 }, 'a Redis that dies is started again') // it may have counted when it was sent first
    t.match(next.log(), 'ended by itself')
    leftover = await serverPid(dataDir)
    t.equal(await next.stop(), 0)
  })

  await t.test('survives a crash of both, with the socket file left lying', async (t) => {
    const crashed = await startService(t, dataDir)
    await score(crashed.url, 'four')
    leftover = await serverPid(dataDir)
    await crashed.stop('SIGKILL')
    process.kill(leftover, 'SIGKILL')
    const next = await startService(t, dataDir)
    t.match(await score(next.url, 'four'), { new_score: 20, applied: false })
    t.equal(await next.stop(), 0)
  })

  await t.test('works in a directory whose path is too long for a socket', async (t) => {
    const deep = join(dataDir, 'a-directory-with-a-long-name-indeed'.repeat(4))
    const service = await startService(t, deep)
    t.equal((await score(service.url, 'one')).new_score, 5)
    t.equal(await service.stop(), 0)
  })

  await t.test('keeps its secret for its owner, and the token command uses the same', async (t) => {
    const service = await startService(t, dataDir)
    const { out, code } = await perform(token, ['bob', '--name', 'Bob', '--expires', '5m'], {
      ...PLAIN,
      DATA_DIR: dataDir
    })
    t.equal(code, 0)
    const response = await fetch(`${service.url}/v1/boards/main/increments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${out.trim()}` }
    })
    t.match(await response.json(), { user_id: 'bob', new_score: 1 })
    t.notMatch(service.log(), await readFile(join(dataDir, 'jwt-secret'), 'utf8'))
    t.equal(await service.stop(), 0)
  })

  await t.test('cannot keep its data: one clear line', async (t) => {
    const { code, error } = await perform(serve, [], { ...PLAIN, PORT: '0', DATA_DIR: '/dev/null/data' })
    t.equal(code, 1)
    t.match(error, /^ENOTDIR: not a directory, mkdir '\/dev\/null\/data'$/)
  })
})

/** Commands that refuse by themselves are tried within this process, which takes no second to start. */
const HERE: Readonly<Record<string, Command>> = { serve, token }

test('a command line that cannot be followed gets one clear answer', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'scorewire-data-'))
  t.teardown(async () => await rm(dataDir, { recursive: true, force: true }))
  const production = { NODE_ENV: 'production', DATA_DIR: dataDir }
  const cases: [string, string[], Record<string, string>, number, RegExp][] = [
    ['no command', [], {}, 2, /^$/],
    ['an unknown command', ['fly'], {}, 2, /^scorewire: there is no command "fly"\n/],
    ['serve with words', ['serve', '--port', '1'], {}, 2, /^scorewire: scorewire serve takes no options/],
    [
      'production without anything',
      ['serve'],
      production,
      1,
      /^scorewire: REDIS_URL is required[^\n]+\nscorewire: JWT_SECRET is required[^\n]+\n$/
    ],
    [
      'a Redis that is not there',
      ['serve'],
      { REDIS_URL: 'redis://127.0.0.1:1', PORT: '0', DATA_DIR: dataDir },
      1,
      /^scorewire: Redis cannot be reached at 127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1\n$/
    ],
    [
      'wrong settings, as a process shows them',
      ['serve'],
      { PORT: 'x', RATE_LIMIT_MAX: 'y' },
      1,
      /^scorewire: PORT must be integer\nscorewire: RATE_LIMIT_MAX must be integer\n$/
    ],
    ['token for nobody', ['token'], {}, 2, /^scorewire: name one user\n(scorewire: )?usage: /],
    ['token for two', ['token', 'ada', 'bob'], {}, 2, /name one user/],
    ['token with an unknown option', ['token', 'ada', '--role', 'x'], {}, 2, /Unknown option '--role'/],
    ['token with an unknown scope', ['token', 'ada', '--scope', 'root'], {}, 2, /there is no scope "root"/],
    ['token for ever', ['token', 'ada', '--expires', '99999d'], {}, 2, /--expires 99999d is not a time/],
    ['token with a name too long', ['token', 'ada', '--name', 'x'.repeat(65)], {}, 2, /1 to 64 characters/],
    [
      'token in production without a secret',
      ['token', 'ada'],
      production,
      1,
      /^scorewire: JWT_SECRET is required[^\n]+\n$/
    ],
    [
      'token where no service has run',
      ['token', 'ada'],
      { DATA_DIR: join(dataDir, 'none') },
      1,
      /^scorewire: There is no secret in [^\n]+ yet: start the service first/
    ]
  ]
  for (const [name, [command, ...words], env, code, error] of cases) {
    const inProcess = command !== undefined && command in HERE && !name.includes('process')
    const answer = inProcess
      ? await perform(HERE[command]!, words, { ...PLAIN, ...env })
      : await run(command === undefined ? [] : [command, ...words], env)
    t.equal(answer.code, code, name)
    t.match(inProcess ? answer.error.replace(/^/gm, 'scorewire: ') + '\n' : answer.error, error, name)
    t.notMatch(answer.error, /at .+\.ts:\d+/, `${name}: no stack`)
  }
  t.match(await run(['help']), { code: 0, out: /^ {2}serve {2,}run a node.*^ {2}bench {2,}/ms, error: '' })
  t.match(await run(['token', '-h']), {
    code: 0,
    out: /^scorewire token: .*scorewire token USER .*--expires TIME.*JWT_SECRET/s,
    error: ''
  })
  t.match(await run(['--version']), { code: 0, out: /^\d+\.\d+\.\d+\n$/ })
})
