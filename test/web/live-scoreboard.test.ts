// <live-scoreboard> in a real browser, on a page of another origin with a strict Content-Security-Policy.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { test } from 'tap'
import { openWindow, startBrowser } from '../harness/clients/browser.ts'
import { startForeignPage } from '../harness/servers/foreign-page.ts'
import { stopClock, until } from '../harness/clients/follower.ts'
import { startNode, type TestNode } from '../harness/servers/node.ts'
import { message, startPeer } from '../harness/servers/peer.ts'
import { startRedis } from '../harness/servers/redis.ts'

const ARABIC = 'محمد عبد الرحمن بن عبد العزيز'
const FAMILY = '👩🏽‍🚀👨‍👩‍👧‍👦🏳️‍🌈 ليلى'

const board = 'document.querySelector("live-scoreboard")'
const inside = (selector: string) => `${board}.shadowRoot.querySelector('${selector}')`

const cells = async (page: Page, part: string) => await page.locator(`tbody [part~=${part}]`).allTextContents()

test('<live-scoreboard>', async (t) => {
  const redis = await startRedis(t)
  const foreign = await startForeignPage(t, () => node.url)
  const boardsFile = join(t.testdir(), 'boards.json')
  await writeFile(
    boardsFile,
    JSON.stringify({
      boards: {
        main: {
          windows: ['all', 'day'],
          max_increment: Number.MAX_SAFE_INTEGER,
          quota: { increments: 100_000, per_seconds: 60 }
        },
        many: {},
        names: { max_increment: Number.MAX_SAFE_INTEGER },
        empty: {}
      }
    })
  )
  const node: TestNode = await startNode(t, {
    redisUrl: redis.url,
    env: { BOARDS_FILE: boardsFile, ALLOWED_ORIGINS: foreign.url }
  })
  const browser = await startBrowser(t)

  const raise = async (name: string, increment: number, user = name.slice(0, 20), on = 'main') => {
    const { status } = await node.call('POST', `/v1/boards/${on}/increments`, {
      token: node.token(user, { name }),
      body: { increment }
    })
    if (status !== 200) throw new Error(`refused with ${status}`)
  }

  /** Opens the foreign page with the element in it. */
  async function open (element: string, options?: BrowserContextOptions) {
    foreign.head = `<script type="module" src="${node.url}/live-scoreboard.js"></script>`
    foreign.body = element
    return await openWindow(browser, foreign.url, options)
  }

  for (const [name, score] of [['Ada', 1234], ['Grace', 900], ['Linus', 12]] as const) await raise(name, score)
  for (let n = 1; n <= 12; n++) await raise(`Player ${n}`, n, `p${n}`, 'many')

  await t.test('a page of another origin that is allowed needs two lines, and no address where the module came from is meant', async (t) => {
    const { page, faults } = await open('<live-scoreboard></live-scoreboard>')
    await page.getByRole('row', { name: '1 Ada 1,234', exact: true }).waitFor()
    t.equal(await page.evaluate(`${board}.client.transport`), 'websocket')
    await raise('Linus', 1)
    await page.getByRole('row', { name: '3 Linus 13', exact: true }).waitFor()
    await page.evaluate(`${board}.transport = 'sse'`)
    await until(page, `${board}.client.transport === 'sse'`)
    await page.getByRole('row', { name: '1 Ada 1,234', exact: true }).waitFor()
    t.strictSame(faults, [], 'and breaks no rule of the page')
  })

  await t.test('a page of an origin that is not allowed gets the module, and no board', async (t) => {
    const other = await startForeignPage(t, () => node.url)
    other.head = `<script type="module" src="${node.url}/live-scoreboard.js"></script>`
    other.body = '<live-scoreboard></live-scoreboard>'
    const { page, errors } = await openWindow(browser, other.url)
    await page.getByText('Offline, reconnecting').waitFor()
    t.equal(await page.getByRole('rowheader').count(), 0)
    t.strictSame(errors, [])
  })

  await t.test('it is a table to a screen reader, with the own row marked, and says seldom and politely who leads', async (t) => {
    const { page } = await open('')
    await stopClock(page)
    await page.evaluate('document.body.innerHTML = \'<live-scoreboard user="Grace" limit="2"></live-scoreboard>\'')
    await page.getByRole('table', { name: 'The 2 highest scores, best first' }).waitFor()
    await page.getByRole('row', { name: '2 Grace you 900', exact: true }).waitFor()
    t.strictSame(await page.getByRole('columnheader').allTextContents(), ['Rank', 'Player', 'Score'])
    t.equal(await page.getByRole('rowheader').count(), 2)
    t.equal(await page.locator('[aria-current=true]').count(), 1)
    await page.clock.fastForward(1)
    await page.getByText('Ada leads with 1,234 points').waitFor({ state: 'attached' })
    t.equal(await page.locator('[aria-live=polite]').count(), 1)
    t.equal(await page.locator('[aria-live]:not([aria-live=polite])').count(), 0)
    await page.evaluate(
      `window.said = []; new MutationObserver(() => said.push(${inside('[aria-live]')}.textContent)).observe(${
        inside('[aria-live]')
      }, { childList: true })`
    )
    await raise('Grace', 1000)
    await page.getByRole('row', { name: '1 Grace you 1,900', exact: true }).waitFor()
    await raise('Ada', 1000)
    await page.getByRole('row', { name: '1 Ada 2,234', exact: true }).waitFor()
    await page.clock.fastForward(4000)
    t.strictSame(await page.evaluate('said'), [])
    await raise('Grace', 1000)
    await page.getByRole('row', { name: '1 Grace you 2,900', exact: true }).waitFor()
    await page.clock.fastForward(1000)
    await until(page, 'said.length > 0')
    t.strictSame(
      await page.evaluate('said'),
      ['Grace leads with 2,900 points'],
      'the last of three changes within five seconds'
    )
  })

  await t.test('its attributes may change', async (t) => {
    const { page, errors } = await open('<live-scoreboard board="many"></live-scoreboard>')
    await page.getByRole('row', { name: '10 Player 3 3', exact: true }).waitFor()
    await page.evaluate(`window.first = ${board}.client; ${board}.limit = 3`)
    await until(page, `${inside('tbody')}.children.length === 3`)
    t.strictSame(await cells(page, 'name'), ['Player 12', 'Player 11', 'Player 10'])
    t.equal(await page.evaluate(`${board}.getAttribute('limit')`), '3')
    for (const wrong of ['0', '11', 'many', '-1']) {
      await page.evaluate(`${board}.setAttribute('limit', '${wrong}')`)
      await until(page, `${inside('tbody')}.children.length === 10`)
    }
    await page.evaluate(`${board}.user = 'p11'`)
    await page.getByRole('row', { name: '2 Player 11 you 11', exact: true }).waitFor()
    t.ok(await page.evaluate(`${board}.client === first`), 'none of which needs another connection')
    await page.evaluate(
      `${board}.setAttribute('board', 'main'); ${board}.setAttribute('window', 'day'); ${board}.setAttribute('user', 'Ada')`
    )
    await page.getByRole('row', { name: /^2 Ada you 2,234$/ }).waitFor()
    t.equal(await page.evaluate('first.state'), 'ended')
    t.equal(await page.evaluate(`${board}.client.board.window`), 'day')
    await page.evaluate(`${board}.board = 'nope'`)
    await page.getByText('Not available').waitFor()
    t.equal(await page.getByRole('rowheader').count(), 0, 'and shows no board that was not asked for')
    t.strictSame(errors, [])
  })

  await t.test('taken out of the page it ends its connection, put back it has another, moved it keeps it', async (t) => {
    const { page } = await open('<live-scoreboard></live-scoreboard><hidden></hidden>')
    await page.getByRole('row', { name: /Ada/ }).waitFor()
    await page.evaluate(
      `window.element = ${board}; window.first = element.client; document.querySelector('hidden').append(element)`
    )
    await page.evaluate('new Promise(requestAnimationFrame)')
    t.ok(await page.evaluate("element.client === first && first.state === 'live'"))
    await page.evaluate('element.remove()')
    await until(page, "first.state === 'ended' && element.client === undefined")
    await page.evaluate('document.body.append(element)')
    await page.getByRole('row', { name: /Ada/ }).waitFor()
    t.ok(await page.evaluate("element.client !== first && element.client.state === 'live'"))
  })

  await t.test('it hands on what its client tells, and takes what was set before it was there', async (t) => {
    foreign.head = ''
    foreign.body = '<live-scoreboard limit="1"></live-scoreboard>'
    const { page } = await openWindow(browser, foreign.url)
    await page.evaluate(`
      const element = ${board}
      element.token = () => '${node.token('Linus')}'
      element.me = true
      window.told = []
      for (const type of ['board', 'state', 'you']) element.addEventListener(type, ({ detail }) => told.push([type, detail.event ?? detail.state]))`)
    await page.evaluate(`import('${node.url}/live-scoreboard.js')`)
    await until(page, "told.some(([type]) => type === 'you')")
    t.strictSame(await page.evaluate('told'), [['state', 'live'], ['board', 'snapshot'], ['you', 'you']])
    await page.evaluate(`${board}.limit = 10`)
    await page.getByRole('row', { name: '3 Linus you 13', exact: true }).waitFor()
  })

  await t.test('speaks other languages, and writes numbers as the document does', async (t) => {
    const labels = {
      rank: 'Platz',
      player: 'Wer',
      score: 'Punkte',
      you: 'du',
      caption: 'Die besten {limit}',
      live: 'Aktuell',
      leads: { one: '{name} führt mit {score} Punkt', other: '{name} führt mit {score} Punkten' }
    }
    const { page } = await open(
      `<live-scoreboard lang="de" user="Ada" labels='${JSON.stringify(labels)}'></live-scoreboard>`
    )
    await page.getByRole('row', { name: '2 Ada du 2.234', exact: true }).waitFor()
    await page.getByRole('table', { name: 'Die besten 10' }).waitFor()
    await page.getByText('Aktuell').waitFor()
    await page.getByText('Grace führt mit 2.900 Punkten').waitFor({ state: 'attached' })
    await page.evaluate(`${board}.lang = 'ar-EG'; ${board}.labels = { rank: 'الترتيب' }`)
    await page.getByRole('row', { name: '٢ Ada you ٢٬٢٣٤', exact: true }).waitFor()
    t.strictSame(
      await page.getByRole('columnheader').allTextContents(),
      ['الترتيب', 'Player', 'Score'],
      'what has no other word stays'
    )
    await page.evaluate(`${board}.lang = 'no language'`)
    await page.getByRole('row', { name: /^2 Ada you/ }).waitFor()
  })

  await t.test('on 360 pixels every name and score has its place, from right to left too', async (t) => {
    for (
      const [name, score, user] of [[ARABIC, Number.MAX_SAFE_INTEGER, 'a'], [FAMILY, 9_000_000_000_000, 'b'], [
        'A name as long as names may be, and that is sixty-four character',
        1_000_000,
        'c'
      ], ['Ａ', 1, 'd']] as const
    ) {
      await raise(name, score, user, 'names')
    }
    for (const dir of ['ltr', 'rtl']) {
      const { page } = await open(
        '<live-scoreboard board="names" user="a"><h2 slot="heading">لوحة النتائج</h2></live-scoreboard>',
        { viewport: { width: 360, height: 740 } }
      )
      await page.evaluate(
        `document.documentElement.dir = '${dir}'; document.documentElement.lang = '${
          dir === 'rtl' ? 'ar-EG' : 'en'
        }'; ${board}.labels = {}`
      )
      await page.getByRole('row', { name: dir === 'rtl' ? /٩٬٠٠٧٬١٩٩٬٢٥٤٬٧٤٠٬٩٩١/ : /9,007,199,254,740,991/ }).waitFor()
      t.ok(await page.evaluate('document.documentElement.scrollWidth <= 360'), `${dir}: nothing sticks out`)
      t.strictSame(await cells(page, 'name'), [
        ARABIC,
        FAMILY,
        'A name as long as names may be, and that is sixty-four character',
        'Ａ'
      ])
      const places = await page.evaluate(`Array.from(${inside('tbody')}.rows, (row) => {
        const box = (part) => { const { left, right, top, bottom } = row.querySelector('[part~=' + part + ']').getBoundingClientRect(); return { left, right, top, bottom } }
        const range = document.createRange()
        range.selectNodeContents(row.cells[2])
        return { rank: box('rank'), name: box('name'), score: range.getBoundingClientRect().toJSON(), height: row.offsetHeight }
      })`) as Record<'rank' | 'name' | 'score', { left: number, right: number }>[]
      for (const { name } of places.slice(0, 3)) {
        t.ok(name.right - name.left > 90, `${dir}: a long name shows some of itself`)
      }
      for (const { rank, name, score } of places) {
        const [first, second, third] = dir === 'rtl' ? [score, name, rank] : [rank, name, score]
        t.ok(
          first.right <= second.left && second.right <= third.left && first.left >= 8 && third.right <= 352,
          `${dir}: one beside the other`
        )
        t.ok(name.right > name.left, `${dir}: with room for the name`)
      }
    }
  })

  await t.test('an empty board says so, in the words of the page where it has any', async (t) => {
    const { page } = await open('<live-scoreboard board="empty"></live-scoreboard>')
    await page.getByText('Nobody has scored yet.').waitFor()
    await page.evaluate(`${board}.innerHTML = '<b slot="empty">Be the first!</b>'`)
    await page.getByText('Be the first!').waitFor()
    t.ok(await page.getByText('Nobody has scored yet.').isHidden())
    await raise('Ada', 1, 'ada', 'empty')
    await page.getByRole('row', { name: '1 Ada 1', exact: true }).waitFor()
    t.ok(await page.getByText('Be the first!').isHidden())
    await page.getByText('Ada leads with 1 point', { exact: true }).waitFor({ state: 'attached' })
  })

  await t.test('says how it stands with the connection, and how old the board is', async (t) => {
    const peer = await startPeer(t, (socket) => socket.send(message('snapshot', 'a-1')))
    const { page } = await openWindow(browser, `${node.url}/healthz`) // a page without rules, for a peer of another address
    await stopClock(page)
    await page.evaluate(
      `import('/live-scoreboard.js').then(() => { document.body.innerHTML = '<live-scoreboard src="${peer.url}"></live-scoreboard>' })`
    )
    const says = async (text: string) => await until(page, `${inside('.status')}?.textContent.trim() === '${text}'`)
    await says('Live')
    peer.sockets[0]!.send(message('update', 'a-2'))
    await says('Live · changed just now')
    await page.clock.fastForward(3000)
    await says('Live · changed 3 s ago')
    peer.sockets[0]!.send(message('heartbeat', 'a-2'))
    peer.sockets[0]!.send(message('stale', 'a-2'))
    await says('Stale · as of just now')
    await page.clock.fastForward(9000)
    await says('Stale · as of 9 s ago')
    peer.sockets[0]!.send(message('heartbeat', 'a-2'))
    await says('Live · changed 12 s ago')
    await page.evaluate("window.WebSocket = class extends WebSocket { constructor () { super('ws://127.0.0.1:1') } }")
    peer.sockets[0]!.terminate()
    await until(page, `${inside('.status')}.textContent.startsWith('Offline, reconnecting · as of ')`)
    await page.clock.fastForward(180_000)
    await says('Offline, reconnecting · as of 3 min ago')
    t.pass('in words that follow the time')
  })

  await t.test('is as dark as its page, and takes its colours from it', async (t) => {
    const { page } = await open('<live-scoreboard></live-scoreboard>', { colorScheme: 'dark' })
    await page.getByRole('row', { name: /Ada/ }).waitFor()
    const ground = async () => String(await page.evaluate(`getComputedStyle(${inside('.card')}).backgroundColor`))
    t.equal(await ground(), 'rgb(255, 255, 255)', 'a page that knows no dark has a light one')
    await page.evaluate("document.documentElement.style.colorScheme = 'light dark'")
    t.equal(await ground(), 'rgb(24, 30, 27)')
    await page.evaluate(`${board}.style.setProperty('--live-scoreboard-card', 'rgb(1, 2, 3)')`)
    t.equal(await ground(), 'rgb(1, 2, 3)')
  })
})
