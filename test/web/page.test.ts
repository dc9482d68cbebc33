// The page in a real browser: two windows, one button.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { test } from 'tap'
import { openWindow, startBrowser } from '../harness/clients/browser.ts'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { plantFault } from '../harness/models/scripts.ts'

async function open (
  browser: Browser,
  url: string,
  options?: BrowserContextOptions
): Promise<{ page: Page, faults: string[] }> {
  const { page, faults } = await openWindow(browser, url, options)
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(`asked elsewhere: ${request.url()}`)
  })
  await page.locator('[data-state=live]').waitFor()
  return { page, faults }
}

const table = async (page: Page) =>
  await page.locator('tbody tr').evaluateAll((rows) =>
    rows.map((row) =>
      Array.from(row.children as Iterable<{ textContent: string }>, (cell) => cell.textContent.replace(/you$/, ''))
    )
  )

/** A row by what a screen reader says of it. */
const row = (page: Page, rank: number, name: string, points: number) =>
  page.getByRole('row', { name: new RegExp(`^${rank} ${name}( you)? ${points}$`) })

async function score (page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Score +1' }).click()
}

test('the page', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const browser = await startBrowser(t)

  await t.test('a click in one window shows in both', async (t) => {
    const [first, second] = [await open(browser, node.url), await open(browser, node.url)]
    t.ok(await first.page.getByText('Nobody has scored yet. Be the first.').isVisible())
    await score(first.page, 'Ada')
    for (const { page } of [first, second]) await row(page, 1, 'Ada', 1).waitFor()
    t.ok(await second.page.locator('.empty').isHidden())
    await score(second.page, 'Grace')
    await score(second.page, 'Grace')
    for (const { page } of [first, second]) {
      await row(page, 1, 'Grace', 2).waitFor()
      t.strictSame(await table(page), [['1', 'Grace', '2'], ['2', 'Ada', '1']])
    }
    await second.page.locator('output').getByText('2 points, rank 1').waitFor()
    t.match(await second.page.locator('.age').textContent(), /changed (just now|\d+ s ago)/)
    t.strictSame([...first.faults, ...second.faults], [])
  })

  await t.test('a name is text, whatever is in it', async (t) => {
    const { page, faults } = await open(browser, node.url)
    const hostile = '<img src=x onerror=alert(1)>'
    await score(page, hostile)
    await page.getByRole('row', { name: hostile }).waitFor()
    t.equal(await page.locator('tbody img').count(), 0)
    t.strictSame(faults, [])
  })

  await t.test('it is a table to a screen reader, and says seldom and politely who leads', async (t) => {
    const { page } = await open(browser, node.url)
    t.ok(await page.getByRole('table', { name: 'The 10 highest scores, best first' }).isVisible())
    t.equal(await page.getByRole('columnheader').count(), 3)
    t.equal(await page.getByRole('rowheader').count(), 3)
    await page.getByText('Grace leads with 2 points').waitFor({ state: 'attached' })
    t.equal(await page.locator('[aria-live]').count(), 1)
    t.equal(await page.locator('[aria-live]').getAttribute('aria-live'), 'polite')
  })

  await t.test('it fits on 360 pixels, in the dark too, and stands still where motion is unwanted', async (t) => {
    const { page, faults } = await open(browser, node.url, {
      viewport: { width: 360, height: 740 },
      colorScheme: 'dark',
      reducedMotion: 'reduce'
    })
    const fits =
      'document.documentElement.scrollWidth <= 360 && document.querySelector("live-scoreboard").shadowRoot.querySelector("table").offsetWidth <= 328'
    t.ok(await page.evaluate(fits), 'nothing sticks out')
    await redis.client.multi().zadd('sw:{main}:z:all', Number.MAX_SAFE_INTEGER, 'a long name for so large a score')
      .hset('sw:{main}:head:all', 'a long name for so large a score', 1).hincrby('sw:{main}:meta', 'version', 1).exec()
    await page.getByRole('row', { name: '9,007,199,254,740,991' }).waitFor()
    t.ok(await page.evaluate(fits), 'nor does the largest score')
    await redis.client.multi().zrem('sw:{main}:z:all', 'a long name for so large a score').hdel(
      'sw:{main}:head:all',
      'a long name for so large a score'
    ).hincrby('sw:{main}:meta', 'version', 1).exec()
    await page.getByRole('row', { name: '9,007,199,254,740,991' }).waitFor({ state: 'detached' })
    const [red] = /\d+/.exec(String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))) ?? []
    t.ok(Number(red) < 60, 'the ground is dark')
    await page.evaluate('window.moves = 0; Element.prototype.animate = () => { window.moves++ }; undefined')
    for (let n = 0; n < 3; n++) await score(page, 'Ada')
    await row(page, 1, 'Ada', 4).waitFor()
    t.equal(await page.evaluate('window.moves'), 0)
    t.strictSame(faults, [])
  })

  await t.test('where motion is welcome, the rows that change places glide', async (t) => {
    const { page } = await open(browser, node.url)
    await page.evaluate('window.moves = 0; Element.prototype.animate = () => { window.moves++ }; undefined')
    for (let n = 0; n < 3; n++) await score(page, 'Grace')
    await row(page, 1, 'Grace', 5).waitFor()
    t.ok(Number(await page.evaluate('window.moves')) >= 2)
  })

  await t.test('it says when the connection is gone, and comes back by itself with the board of now', async (t) => {
    const lost = await startNode(t, { redisUrl: redis.url })
    const { port } = new URL(lost.url)
    const { page } = await open(browser, lost.url)
    await lost.close()
    await page.locator('[data-state=offline]').waitFor()
    t.match(await page.locator('.state').textContent(), 'Offline, reconnecting')
    t.equal((await table(page))[0]?.[1], 'Grace', 'the last board stays on the screen')
    await node.call('POST', '/v1/boards/main/increments', {
      token: node.token('Ada', { name: 'Ada' }),
      body: { increment: 10 }
    })
    await startNode(t, { redisUrl: redis.url, port: Number(port) })
    await row(page, 1, 'Ada', 14).waitFor()
    t.equal(await page.locator('.state').textContent(), 'Live')
  })

  await t.test('a point that counted is told also where its rank could not be read', async (t) => {
    const fault = {
      script: 'ranking/read-user.lua',
      sound: "local score = call('ZSCORE', scores, user)",
      faulty: "local score = call('GET', scores)"
    }
    const broken = await startNode(t, { redisUrl: redis.url, scripts: await plantFault(t, fault) })
    const { page } = await open(browser, broken.url)
    await score(page, 'Newcomer')
    await page.getByText('1 point', { exact: true }).waitFor()
  })

  await t.test('its two modules may be imported by any page, the rest of it by none, and all of it is asked for anew and seldom sent twice', async (t) => {
    for (
      const [path, origin, policy] of [
        ['client.js', '*', 'cross-origin'],
        ['live-scoreboard.js', '*', 'cross-origin'],
        ['page.js', null, 'same-origin'],
        ['', null, 'same-origin']
      ] as const
    ) {
      const { status, headers } = await node.call('GET', `/${path}`, {
        headers: { origin: 'https://elsewhere.example' }
      })
      t.equal(status, 200)
      t.equal(headers.get('access-control-allow-origin'), origin, `/${path}`)
      t.equal(headers.get('cross-origin-resource-policy'), policy, `/${path}`)
      t.equal(headers.get('cache-control'), 'no-cache')
      t.match(headers.get('content-type'), path === '' ? /^text\/html/ : /javascript/)
      // Not by fetch, which would say "no-cache" for us.
      const again = await node.server.inject({ url: `/${path}`, headers: { 'if-none-match': headers.get('etag')! } })
      t.equal(again.statusCode, 304)
      t.equal(again.headers['access-control-allow-origin'] ?? null, origin, `/${path}, not modified`)
    }
    t.equal((await node.call('GET', '/client.d.ts')).status, 404, 'types are for compilers')
  })

  await t.test('in production, where it gets no token, it watches', async (t) => {
    const production = await startNode(t, {
      redisUrl: redis.url,
      env: { NODE_ENV: 'production', REDIS_URL: redis.url, JWT_SECRET: 'x'.repeat(32) }
    })
    const { page } = await open(browser, production.url)
    await page.getByText('This page watches').waitFor()
    t.ok(await page.locator('form').isHidden())
  })
})
