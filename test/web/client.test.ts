// The client in a real browser, against real nodes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Browser } from 'playwright-core'
import { test, type Test } from 'tap'
import { openWindow, startBrowser } from '../harness/clients/browser.ts'
import { follow, states, told, until } from '../harness/clients/follower.ts'
import { SECRET, startNode, type TestNode } from '../harness/servers/node.ts'
import { IMPATIENT, PATIENT, startRedis } from '../harness/servers/redis.ts'
import { startTcpProxy } from '../harness/servers/tcp-proxy.ts'
import { MAIN } from '../harness/servers/main.ts'

/** A window that shows nothing and has no connection but those that a test asks for. */
const openBlank = async (browser: Browser, url: string) => await openWindow(browser, `${url}/healthz`)

const raise = async (node: TestNode, user: string, increment = 1) =>
  await node.call('POST', '/v1/boards/main/increments', { token: node.token(user), body: { increment } })

/** A node that can be killed, being a process of its own. */
async function startProcess (t: Test, redisUrl: string) {
  const child = spawn(process.execPath, [...MAIN, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      REDIS_URL: redisUrl,
      JWT_SECRET: SECRET,
      RATE_LIMIT_MAX: '0',
      LOG_FORMAT: 'json',
      ...PATIENT
    }
  })
  const ended = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  child.stderr.resume()
  for await (const data of child.stdout) {
    const [, url] = /is live at (\S+)/.exec(String(data)) ?? []
    if (url === undefined) continue
    child.stdout.resume()
    return { url, kill }
  }
  throw new Error('the node ended')
}

const has = (user: string, score: number) =>
  `client.board?.top_scores.some((row) => row.user_id === '${user}' && row.score === ${score})`

test('the client', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const browser = await startBrowser(t)

  await t.test('tells the board at once and whenever it changes, over a WebSocket', async (t) => {
    const { page, errors } = await openBlank(browser, node.url)
    await follow(page)
    await until(page, 'client.board')
    t.equal(await page.evaluate('client.transport'), 'websocket')
    await raise(node, 'ada', 5)
    await until(page, has('ada', 5))
    t.strictSame(await states(page), ['live'])
    t.match(await told(page, 'board'), [{ event: 'snapshot', board: 'main' }, { event: 'update', board: 'main' }])
    t.ok(Number(await page.evaluate('client.ageMs')) < 30_000)
    t.strictSame(errors, [])
  })

  await t.test('tells the own standing, who passes by, and every score, to whoever asks for them', async (t) => {
    const { page } = await openBlank(browser, node.url)
    await raise(node, 'grace', 3)
    await follow(page, `{ token: '${node.token('grace')}', me: true, feed: 'scores' }`)
    await until(page, "told.some(({ type, score }) => type === 'you' && score === 3)")
    await raise(node, 'linus', 4)
    await until(page, "told.some(({ type, by }) => type === 'overtaken' && by === 'linus')")
    await until(
      page,
      "told.some(({ type, changes }) => type === 'scores' && changes.some(({ user_id: user }) => user === 'linus'))"
    )
    await until(page, "told.some(({ type, rank }) => type === 'you' && rank === 3)")
    t.match((await told(page, 'you')).at(-1), { user_id: 'grace', score: 3, rank: 3 })
  })

  await t.test('is right again soon after its node was killed, and never tells an older board', async (t) => {
    const [first, second] = await Promise.all([startProcess(t, redis.url), startProcess(t, redis.url)])
    const proxy = await startTcpProxy(t, first.url)
    const { page, errors } = await openBlank(browser, proxy.url)
    await follow(page)
    await until(page, 'client.board')
    const stopped = new AbortController()
    const busy = (async () => {
      while (!stopped.signal.aborted) await raise(node, 'busy')
    })()
    await until(page, 'told.length > 4')
    await first.kill()
    proxy.target = second.url
    const killedAt = Date.now()
    await until(page, "told.some(({ state }) => state === 'offline')")
    await raise(node, 'after', 1_000)
    await until(page, has('after', 1_000))
    t.ok(Date.now() - killedAt < 20_000, `right again after ${Date.now() - killedAt} ms`)
    stopped.abort()
    await busy
    t.strictSame(await states(page), ['live', 'offline', 'live'])
    const seen = await told(page, 'board')
    t.ok(
      seen.every(({ epoch, version }, n) =>
        n === 0 || (epoch === seen[n - 1]!.epoch && version! > seen[n - 1]!.version!)
      ),
      'versions only rise'
    )
    t.strictSame(errors, [])
  })

  await t.test('changes to another node before its own has left, without a moment offline', async (t) => {
    const [leaving, staying] = [
      await startNode(t, { redisUrl: redis.url, env: { DRAIN_MS: '1500' } }),
      await startNode(t, { redisUrl: redis.url })
    ]
    const proxy = await startTcpProxy(t, leaving.url)
    const { page } = await openBlank(browser, proxy.url)
    await follow(page)
    await until(page, 'client.board')
    proxy.target = staying.url
    await leaving.close()
    await raise(node, 'moved', 7)
    await until(page, has('moved', 7))
    const during = await states(page)
    t.notOk(during.includes('offline'), during.join())
  })

  await t.test('takes server-sent events where a proxy refuses upgrades, and a WebSocket again when it no longer does', async (t) => {
    const proxy = await startTcpProxy(t, node.url)
    proxy.refusesUpgrades = true
    const { page, errors } = await openBlank(browser, proxy.url)
    await page.clock.install()
    await follow(page)
    await until(page, 'client.board')
    t.equal(await page.evaluate('client.transport'), 'sse')
    t.strictSame(await states(page), ['live'], 'which is no failure that anybody would have to see')
    proxy.refusesUpgrades = false
    await page.clock.fastForward(25_000)
    await raise(node, 'events', 2)
    await until(page, has('events', 2))
    await page.clock.fastForward(40_000)
    await until(page, "client.transport === 'websocket'")
    await raise(node, 'events', 2)
    await until(page, has('events', 4))
    t.strictSame(await states(page), ['live'])
    t.strictSame(errors, [])
  })

  await t.test('says that a board may be old while the store is away', async (t) => {
    const impatient = await startNode(t, { redisUrl: redis.url, env: IMPATIENT })
    const { page } = await openBlank(browser, impatient.url)
    await follow(page)
    await until(page, 'client.board')
    redis.signal('SIGSTOP')
    await until(page, "client.state === 'stale'")
    redis.signal('SIGCONT')
    await until(page, "client.state === 'live'")
    t.strictSame(await states(page), ['live', 'stale', 'live'])
  })

  await t.test('finds out that nobody is there any more, though nobody said so', async (t) => {
    const proxy = await startTcpProxy(t, node.url)
    const { page } = await openBlank(browser, proxy.url)
    await page.clock.install()
    await follow(page)
    await until(page, 'client.board')
    proxy.freeze()
    await raise(node, 'unheard', 9)
    await page.clock.fastForward(66_000)
    await until(page, has('unheard', 9))
    t.strictSame(await states(page), ['live', 'offline', 'live'])
  })

  await t.test('connects anew when the browser is online again', async (t) => {
    const { page } = await openBlank(browser, node.url)
    await follow(page)
    await until(page, 'client.board')
    await page.context().setOffline(true)
    await until(page, "client.state === 'offline'")
    await raise(node, 'meanwhile', 11)
    await page.context().setOffline(false)
    await until(page, `client.state === 'live' && ${has('meanwhile', 11)}`)
    t.match(await states(page), ['live', 'offline', 'live'])
  })

  await t.test('asks for another token when the one it has runs out', async (t) => {
    const { page, errors } = await openBlank(browser, node.url)
    const endsIn = (seconds: number) =>
      node.server.jwt.sign({ sub: 'ada', exp: Math.floor(Date.now() / 1000) + seconds })
    await follow(
      page,
      `{ me: true, token: async () => (window.asked = (window.asked ?? 0) + 1) === 1 ? '${endsIn(3)}' : '${
        endsIn(600)
      }' }`
    )
    await until(page, 'window.asked === 2')
    await until(page, "client.state === 'live'")
    t.match(await told(page, 'state'), [{ state: 'live' }, { state: 'connecting', code: 4401 }, { state: 'live' }])
    t.strictSame(errors, [])
  })

  await t.test('ends where coming back would not help, and says why', async (t) => {
    const { page } = await openBlank(browser, node.url)
    const bad = node.server.jwt.sign({ sub: 'ada', exp: 1 })
    for (
      const [options, code] of [
        ["board: 'nope'", 4404],
        ["window: 'decade'", 1008],
        ['me: true', 4403],
        ["token: 'no token'", 4403],
        ["token: 'abc'", 4403],
        [`token: '${bad}'`, 4401],
        ["board: 'nope', transport: 'sse'", 404],
        ["window: 'decade', transport: 'sse'", 400],
        ["token: 'abc', transport: 'sse'", 401],
        [`token: () => '${bad}', transport: 'sse'`, 401]
      ] as const
    ) {
      await follow(page, `{ ${options} }`)
      await until(page, "client.state === 'ended'")
      t.match((await told(page)).at(-1), { type: 'state', state: 'ended', code, reason: /\w/ }, `${options}: ${code}`)
    }
  })

  await t.test('a service that is full is asked again later', async (t) => {
    const full = await startNode(t, { redisUrl: redis.url, env: { MAX_SOCKETS_PER_IP: '1' } })
    const { page } = await openBlank(browser, full.url)
    await page.clock.install()
    await page.evaluate(
      "import('/client.js').then(({ ScoreboardClient }) => { window.other = new ScoreboardClient({ transport: 'sse' }) })"
    )
    await until(page, "other.state === 'live'")
    await follow(page, "{ transport: 'sse' }")
    await until(page, "client.state === 'offline'")
    t.match(await told(page), [{ state: 'offline', code: 429 }])
    await page.evaluate('other.close()')
    await page.clock.fastForward(25_000)
    await until(page, "client.state === 'live'")
  })

  await t.test('a token that cannot be had is asked for again', async (t) => {
    const { page, errors } = await openBlank(browser, node.url)
    await follow(
      page,
      "{ token: async () => { if ((window.asked = (window.asked ?? 0) + 1) < 4) throw new Error('no login') } }"
    )
    await until(page, "client.state === 'live'")
    t.equal(await page.evaluate('asked'), 4)
    t.strictSame(errors, [])
  })

  await t.test('leaves nothing behind: no connection, no timer, no word', async (t) => {
    const { page, errors } = await openBlank(browser, node.url)
    await page.evaluate(`
      window.timers = new Set()
      for (const [set, clear] of [['setTimeout', 'clearTimeout'], ['setInterval', 'clearInterval']]) {
        const [realSet, realClear] = [window[set], window[clear]]
        window[set] = (run, ...more) => {
          const id = realSet(() => { if (set === 'setTimeout') timers.delete(id); run() }, ...more)
          timers.add(id)
          return id
        }
        window[clear] = (id) => { timers.delete(id); realClear(id) }
      }`)
    for (const transport of ['websocket', 'sse']) {
      for (const when of ['true', 'client.board']) {
        await follow(page, `{ transport: '${transport}', token: async () => {} }`)
        await until(page, when)
        t.ok(await page.evaluate('timers.size') as number > 0)
        await page.evaluate('client.close(); told.length = 0; undefined')
        t.equal(await page.evaluate('timers.size'), 0)
        t.equal(await page.evaluate('client.state'), 'ended')
        await raise(node, 'later')
        t.strictSame(await told(page), [])
      }
    }
    await page.evaluate(`import('/client.js').then(({ ScoreboardClient }) => {
      window.boards = 0
      window.client = new ScoreboardClient()
      client.addEventListener('state', () => client.close())
      client.addEventListener('board', () => { boards++ })
    })`)
    await until(page, "client.state === 'ended'")
    await raise(node, 'later')
    t.equal(await page.evaluate('boards'), 0, 'also when it is closed from within an event')
    t.equal(await page.evaluate('timers.size'), 0)
    const { text } = await node.call('GET', '/metrics')
    t.match(text, /scorewire_\w*(sockets|clients|connections)\w*(\{[^}]*\})? \d/)
    t.strictSame(errors, [])
  })

  await t.test('options that make no sense are refused at once', async (t) => {
    const { page } = await openBlank(browser, node.url)
    for (const options of ["{ src: 'file:///tmp' }", "{ src: 'http://' }", "{ transport: 'pigeon' }"]) {
      t.equal(
        await page.evaluate(
          `import('/client.js').then(({ ScoreboardClient }) => { new ScoreboardClient(${options}) }).catch(({ name }) => name)`
        ),
        'TypeError',
        options
      )
    }
  })
})
