// Tests of cli, bench: each bad option is answered with one line.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { bench } from '../../src/cli/commands/bench.ts'
import { flawsOf } from '../../src/load/report/summary.ts'
import { parseResult } from '../../src/load/report/result.ts'
import { ROOT } from '../harness/paths.ts'
import { perform, PLAIN, run } from '../harness/clients/command.ts'
import { freePort } from '../harness/servers/node-process.ts'
import { SECRET, startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { MAIN } from '../harness/servers/main.ts'
import { eventually } from '../harness/eventually.ts'

const SIGNED = { JWT_SECRET: SECRET }
const SOON = ['--duration', '1', '--warm-up', '0', '--connections', '4', '--timeout', '30']

/** That a command is refused by one line, which says this, before anything was sent. */
async function refuses (
  t: Test,
  words: readonly string[],
  said: RegExp | string,
  env: Record<string, string> = SIGNED
): Promise<void> {
  const { code, out, error } = await perform(bench, [...words], { DATA_DIR: t.testdirName, ...env })
  t.match({ code, out, error }, { code: 2, out: '', error: said }, words.join(' '))
  t.notMatch(error, '\n')
}

test('each bad option is answered with one line', async (t) => {
  const target = ['--target', 'http://127.0.0.1:1']
  const increment = [...target, '--scenario', 'increment']
  for (
    const [words, said] of [
      [[], /^--target is missing: the address of a deployment, such as http/],
      [['--target', 'scores.example'], /^--target scores.example is not an address such as/],
      [['--target', 'ftp://scores.example'], /is not an address/],
      [['--target', 'http://scores.example/path'], /is not an address .* without a path/],
      [target, /^--scenario is missing: one of increment, batch, top, user, mixed, fan-out, write-to-screen, storm$/],
      [[...target, '--scenario', 'toString'], /^there is no scenario "toString": there are increment, batch/],
      [[...increment, '--board', 'no board'], /^--board no board is no name of a board$/],
      [[...increment, '--rate', '0'], /^--rate 0 is not a number of requests a second from 0.1 to 1000000$/],
      [[...increment, '--rate', 'fast'], /^--rate fast is not/],
      [[...increment, '--rate', ''], /^--rate {2}is not/],
      [[...increment, '--rate', '0.1', '--duration', '2'], /^--rate 0.1 plans nothing within --duration 2$/],
      [[...increment, '--connections', '0'], /^--connections 0 is not a whole number from 1 to 50000$/],
      [[...increment, '--duration', '1.5'], /^--duration 1.5 is not a whole number from 1 to 86400$/],
      [[...increment, '--warm-up', '-1'], /warm-up/],
      [[...increment, '--warm-up=-1'], /^--warm-up -1 is not/],
      [[...increment, '--processes', '65'], /^--processes 65 is not/],
      [[...increment, '--processes', '5', '--connections', '4'], /^--processes 5 are more than --connections 4/],
      [[...increment, '--users', '100001'], /^--users 100001 is not/],
      [[...increment, '--timeout', '0'], /^--timeout 0 is not/],
      [[...increment, '--batch', '7'], /^--batch has no meaning for the scenario increment$/],
      [[...target, '--scenario', 'batch', '--batch', '1001'], /^--batch 1001 is not/],
      [
        [...target, '--scenario', 'batch', '--as', 'user'],
        /^--as user has no meaning for the scenario batch: only a service/
      ],
      [[...increment, '--as', 'admin'], /^--as admin is none of service, user$/],
      [
        [...target, '--scenario', 'top', '--as', 'user'],
        /^--as has no meaning for the scenario top, which does not write$/
      ],
      [[...target, '--scenario', 'top', '--users', '7'], /^--users has no meaning for the scenario top$/],
      [[...increment, '--as', 'user', '--token-file', 'tokens'], /^--as has no meaning beside --token-file/],
      [[...increment, '--transport', 'sse'], /^--transport has no meaning for the scenario increment/],
      [
        [...target, '--scenario', 'storm', '--transport', 'carrier-pigeon'],
        /^--transport carrier-pigeon is none of websocket, sse$/
      ],
      [[...target, '--scenario', 'fan-out', '--rate', '1001'], /^--rate 1001 has no meaning for the scenario fan-out/],
      [[...increment, '--report', 'report.pdf'], /^--report report.pdf does not end with .html$/],
      [[...increment, '--out', '/nowhere/at/all.json'], /^cannot write \/nowhere\/at\/all.json: ENOENT/],
      [[...increment, '--compare', '/nowhere.json'], /^--compare: ENOENT/],
      [[...increment, '--compare', join(ROOT, 'redis.conf')], /^--compare: .*redis.conf is not JSON$/],
      [[...increment, '--token-file', '/nowhere'], /^--token-file: ENOENT/],
      [[...increment, '--speed', '9'], /^Unknown option '--speed'.*: scorewire bench --help names the options$/],
      [[...increment, 'more'], /more.*scorewire bench --help/]
    ] as const
  ) await refuses(t, words, said)
  t.match(await run(['bench', '--help']), {
    code: 0,
    error: '',
    out: /--scenario +increment +exactly-once increments.*--token-file/s
  })
})

test('what is in the way of a run is said in one line, with what to do', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const limited = await startNode(t, { redisUrl: redis.url, env: { MAX_SOCKETS_PER_IP: '2' } })
  const [strict, lenient] = await Promise.all(
    ['1', '50'].map(async (most) => await startNode(t, { redisUrl: redis.url, env: { RATE_LIMIT_MAX: most } }))
  )
  const stranger = createServer((_request, response) => response.end('<html>hello')).listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  t.teardown(() => stranger.close())
  const strange = `http://127.0.0.1:${(stranger.address() as { port: number }).port}`
  const file = (text: string) => join(t.testdir({ tokens: text }), 'tokens')
  const increment = (
    target: string,
    ...more: string[]
  ) => ['--target', target, '--scenario', 'increment', ...SOON, ...more]

  await refuses(
    t,
    increment(`http://127.0.0.1:${await freePort()}`),
    /^there is no answer from http:\/\/127.0.0.1:\d+ \(ECONNREFUSED\): is the service running/
  )
  await refuses(t, increment(strange), /answers, but it is not scorewire \(GET \/v1\/boards\/main gave 200\)$/)
  await refuses(
    t,
    increment(node.url, '--board', 'other'),
    /has no board called "other": name one with --board, or make it/
  )
  await refuses(t, increment(node.url), /there is nothing to sign tokens with: set JWT_SECRET/, {})
  await refuses(t, increment(node.url), /^the service answers 401 invalid_token .*: set JWT_SECRET/, {
    JWT_SECRET: 'x'.repeat(32)
  })
  await refuses(t, increment(node.url, '--token-file', file('nothing')), /^line 1 of .*tokens is not a token/)
  await refuses(t, increment(node.url, '--token-file', file('\n\n')), /tokens holds no token$/)
  await refuses(
    t,
    increment(
      node.url,
      '--token-file',
      file(`${node.token('ada')}\n${node.token('bob', { scope: 'scores:write' })}\n`)
    ),
    /mixes tokens of users with tokens of services/
  )
  await refuses(
    t,
    ['--target', node.url, '--scenario', 'batch', '--token-file', file(node.token('ada')), ...SOON],
    /^this scenario needs tokens of a service, with the scope scores:write, and these are of users$/
  )
  await refuses(
    t,
    ['--target', limited.url, '--scenario', 'storm', ...SOON],
    /^a screen was refused: the service answers 429: .*MAX_SOCKETS_PER_IP=0 on the nodes/
  )
  await refuses(
    t,
    ['--target', strict!.url, '--scenario', 'top', '--rate', '100', ...SOON],
    /^nothing was accepted: the service answers 429 rate_limited .*: set RATE_LIMIT_MAX=0 and MAX_SOCKETS_PER_IP=0 on the nodes/
  )
  t.match(await perform(bench, ['--target', lenient!.url, '--scenario', 'top', '--rate', '200', ...SOON], SIGNED), {
    code: 1,
    out: /\*\*INVALID: [\d,]+ requests were refused by a limit, .*RATE_LIMIT_MAX=0/
  })
})

test('a run is told as Markdown, as JSON and as a page, and is compared with itself', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const directory = t.testdir()
  const [out, report] = [join(directory, 'out.json'), join(directory, 'report.html')]
  const words = ['--target', node.url, '--scenario', 'increment', '--rate', '200', '--users', '5', ...SOON]
  const first = await perform(bench, [...words, '--out', out, '--report', report], SIGNED)
  t.match(first, { code: 0, error: '', out: /\| max, ms \| [\d.]+ \|\n\| increments \| 200 \|\n\| errors \| 0 \|/ })
  t.match(
    first.out,
    /checked: 200 increments were acknowledged, warm-up included, and the scores of 5 users rose by 200; 100 that had counted were sent once more, and none counted again\./
  )
  t.match(first.out, new RegExp(`- Command: \`scorewire bench --target ${node.url}`))
  const result = parseResult(await readFile(out, 'utf8'), out)
  t.match(result, {
    format: 1,
    asked: { scenario: 'increment', rate: 200, connections: 4 },
    versions: { 'scorewire at the target': 'test', Node: process.version },
    sections: [{ flaws: [], throughput: [{ perSecond: [Number] }] }]
  })
  t.match(await readFile(report, 'utf8'), /<svg.*Latency by percentile/s)
  t.match(await readFile(join(directory, 'report.md'), 'utf8'), '# scorewire under load: increment')

  await writeFile(join(directory, 'tokens'), ['ada', 'bob'].map((user) => node.token(user)).join('\n'))
  const { as, ...asked } = result.asked
  t.equal(as, 'service')
  const second = await perform(bench, [
    '--target',
    node.url,
    '--scenario',
    'increment',
    '--rate',
    '200',
    ...SOON,
    '--token-file',
    join(directory, 'tokens'),
    '--compare',
    out,
    '--json'
  ], SIGNED)
  t.match(parseResult(second.out, 'stdout'), { asked: { ...asked, users: 2000 } })
  t.equal(await redis.client.zcard('sw:{main}:z:all'), 7, 'five of the first run, and those whose tokens were given')
})

test('Ctrl-C ends a run with the results so far', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const child = spawn(process.execPath, [
    ...MAIN,
    'bench',
    '--target',
    node.url,
    '--scenario',
    'increment',
    '--rate',
    '200',
    '--duration',
    '600',
    '--warm-up',
    '0',
    '--connections',
    '2'
  ], { env: { ...PLAIN, ...SIGNED }, detached: true })
  t.teardown(() => child.kill('SIGKILL'))
  let out = ''
  child.stdout.on('data', (data) => {
    out += data
  })
  // Its first seconds are spent on compiling, and who is as busy as that measures nothing.
  await eventually(async () => await redis.client.xlen('sw:{main}:ledger') >= 500, 'so many increments have counted')
  process.kill(-child.pid!, 'SIGINT') // as a terminal does: to the processes of the generator, too
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.match(out, /INTERRUPTED/)
  t.match(out, /checked: [\d,]+ increments were acknowledged/)
})

test('a run is invalid when the generator was busy, or an increment did not count exactly once', (t) => {
  const { measured, cpus } = {
    measured: { counts: {}, errors: {}, done: 100 } as unknown as Parameters<typeof flawsOf>[0]['measured'],
    cpus: [0.3, 0.8]
  }
  t.strictSame(flawsOf({ measured, cpus, check: undefined }), [])
  t.match(flawsOf({ measured, cpus: [0.3, 0.81], check: undefined }), [
    /^a process of the load generator used 0.81 of a core, more than 0.8/
  ])
  t.match(flawsOf({ measured, cpus, check: { isRight: false, sentence: 'NOT EXACTLY ONCE: …' } }), [
    'NOT EXACTLY ONCE: …'
  ])
  t.match(flawsOf({ measured: { ...measured, counts: { refused: 3 } }, cpus, check: undefined }), [
    /^3 writes were refused/
  ])
  const errors = {
    '429 rate_limited': { count: 2, example: 'This address may send 1 requests a minute.' },
    timeout: { count: 50, example: '' }
  }
  t.match(flawsOf({ measured: { ...measured, errors }, cpus, check: undefined }), [
    /^2 requests were refused by a limit, .*RATE_LIMIT_MAX=0/
  ])
  t.strictSame(flawsOf({ measured: { ...measured, errors, done: 1000 }, cpus, check: undefined }), [])
  t.end()
})
