// The client in a real browser, and what a node says only in rare moments.
import { once } from 'node:events'
import type { Browser } from 'playwright-core'
import { test } from 'tap'
import { openWindow, startBrowser } from '../harness/clients/browser.ts'
import { boards, follow, states, stopClock, told, until } from '../harness/clients/follower.ts'
import { startNode } from '../harness/servers/node.ts'
import { message, startPeer } from '../harness/servers/peer.ts'
import { startRedis } from '../harness/servers/redis.ts'

test('the client and the live protocol', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const browser = await startBrowser(t)
  const openBlank = async (of: Browser) => await openWindow(of, `${node.url}/healthz`)

  await t.test('within an epoch only a higher version counts, another epoch always', async (t) => {
    const peer = await startPeer(t, (socket) => {
      socket.send(message('snapshot', 'a-5'))
      socket.send(message('update', 'a-4'))
      socket.send(message('update', 'b-1'))
      socket.send(message('heartbeat', 'b-3')) // a change below the visible ten
      socket.send(message('update', 'b-2'))
      socket.send(message('heartbeat', 'c-9'))
      socket.send(message('update', 'b-4'))
    })
    const { page } = await openBlank(browser)
    await follow(page, `{ src: '${peer.url}' }`)
    await until(page, 'client.board?.version === 4')
    t.strictSame(await boards(page), ['a-5', 'b-1', 'b-4'])
  })

  await t.test('a heartbeat ends what is stale, and says how old the board is', async (t) => {
    const peer = await startPeer(t, (socket) => {
      socket.send(JSON.stringify({ event: 'heartbeat' }))
      socket.send(message('stale', 'a-5'))
    })
    const { page } = await openBlank(browser)
    await stopClock(page)
    await follow(page, `{ src: '${peer.url}' }`)
    await until(page, "client.state === 'stale'")
    t.strictSame(await states(page), ['stale'], 'a heartbeat without a board makes nothing live')
    peer.sockets[0]!.send(message('snapshot', 'a-5'))
    await until(page, "client.state === 'live'")
    peer.sockets[0]!.send(message('stale', 'a-5'))
    await until(page, "client.state === 'stale'")
    await page.clock.fastForward(20_000)
    t.ok(Number(await page.evaluate('client.ageMs')) >= 20_000)
    peer.sockets[0]!.send(message('heartbeat', 'a-6'))
    await until(page, "client.state === 'live'")
    t.ok(Number(await page.evaluate('client.ageMs')) < 10_000)
    t.strictSame(await boards(page), ['a-5'])
  })

  await t.test('told to go elsewhere it opens first and closes then, and the one that it left brings nothing back', async (t) => {
    const order: string[] = []
    const peer = await startPeer(t, (socket, count) => {
      order.push(`open ${count}`)
      socket.once('close', () => order.push(`close ${count}`))
      if (count === 1) {
        socket.send(message('snapshot', 'a-5'))
        socket.send(JSON.stringify({ event: 'reconnect', within_ms: 100 }))
        return
      }
      socket.send(message('stale', 'b-1')) // a node that does not know the board is no better than the one that leaves
      peer.sockets[0]!.send(message('update', 'a-6'))
    })
    const { page } = await openBlank(browser)
    await follow(page, `{ src: '${peer.url}' }`)
    await until(page, 'client.board?.version === 6')
    t.strictSame(order, ['open 1', 'open 2'])
    peer.sockets[1]!.send(message('snapshot', 'b-1'))
    peer.sockets[0]!.send(message('update', 'a-7'))
    await until(page, "client.board.epoch === 'b'")
    peer.sockets[0]!.send(message('update', 'a-8'))
    if (order.length < 3) await new Promise((resolve) => peer.sockets[0]!.once('close', resolve))
    peer.sockets[1]!.send(message('update', 'b-2'))
    await until(page, 'client.board.version === 2')
    t.strictSame(order, ['open 1', 'open 2', 'close 1'])
    t.strictSame((await boards(page)).filter((id) => id !== 'a-7'), ['a-5', 'a-6', 'b-1', 'b-2'])
    t.equal((await boards(page)).indexOf('b-1'), (await boards(page)).length - 2, 'after b nothing of a')
    t.strictSame(await states(page), ['live'])
  })

  await t.test('closed before its turn it comes back at once', async (t) => {
    const peer = await startPeer(t, (socket, count) => {
      socket.send(message('snapshot', `a-${count}`))
      if (count > 1) return
      socket.send(JSON.stringify({ event: 'reconnect', within_ms: 600_000 }))
      socket.close(1012)
    })
    const { page } = await openBlank(browser)
    await follow(page, `{ src: '${peer.url}' }`)
    await until(page, 'client.board?.version === 2')
    t.strictSame(await states(page), ['live', 'connecting', 'live'])
  })

  await t.test('knows from each close code whether to come back', async (t) => {
    const peer = await startPeer(t, (socket, _count, query) => {
      const code = Number(query.get('board'))
      socket.send(message('snapshot', 'a-1'))
      if (code === 1006) socket.terminate()
      else socket.close(code, 'because')
    })
    const { page } = await openBlank(browser)
    await stopClock(page)
    for (const code of [1002, 1003, 1007, 1008, 1009, 4403, 4404]) {
      await follow(page, `{ src: '${peer.url}', board: '${code}' }`)
      await until(page, "client.state === 'ended'")
      t.match((await told(page)).at(-1), { state: 'ended', code, reason: 'because' }, `${code} ends it`)
    }
    for (const code of [1001, 1006, 1011, 1012, 1013]) {
      const before = peer.sockets.length
      await follow(page, `{ src: '${peer.url}', board: '${code}' }`)
      await until(page, "client.state === 'offline'")
      t.match((await told(page)).at(-1), { state: 'offline', code })
      if (code === 1013) {
        await page.clock.fastForward(4000)
        t.equal(peer.sockets.length, before + 1, 'not at once where there is too much to do')
        await page.clock.fastForward(16_000)
      } else {
        await page.clock.fastForward(500)
      }
      await until(page, "told.filter(({ state }) => state === 'live').length > 1")
      t.ok(peer.sockets.length > before + 1, `${code} comes back`)
      await page.evaluate('client.close()')
    }
  })

  await t.test('a token that has run out is replaced once, and only where there is another', async (t) => {
    const peer = await startPeer(t, (socket) => socket.close(4401, 'expired'))
    const { page } = await openBlank(browser)
    await follow(page, `{ src: '${peer.url}', token: 'fixed' }`)
    await until(page, "client.state === 'ended'")
    t.equal(peer.sockets.length, 1)
    t.equal(peer.sockets[0]!.protocol, 'scorewire.v1')
    await follow(page, `{ src: '${peer.url}', token: () => 'function-' + (window.asked = (window.asked ?? 0) + 1) }`)
    await until(page, "client.state === 'ended'")
    t.equal(await page.evaluate('asked'), 2)
    t.equal(peer.sockets.length, 3)
  })

  await t.test('comes back more and more slowly, at random times', async (t) => {
    const peer = await startPeer(t, (socket) => socket.close(1011))
    const { page } = await openBlank(browser)
    await page.evaluate(`
      window.delays = []
      const real = window.setTimeout
      window.setTimeout = (run, delay) => {
        delays.push(delay)
        return real(run, delay / 500)
      }`)
    await follow(page, `{ src: '${peer.url}' }`)
    await until(page, 'delays.length >= 40')
    const delays = (await page.evaluate('delays.slice(0, 40)')) as number[]
    t.ok(delays.every((delay, n) => delay <= Math.min(15_000, 500 * 2 ** n)), 'never longer than the cap of its turn')
    t.ok(delays.slice(5).some((delay) => delay > 7500), 'up to the whole of it')
    t.ok(delays.slice(5).some((delay) => delay < 7500), 'and down to nothing')
    t.equal(new Set(delays).size, 40)
  })

  await t.test('a page that is looked at again makes sure that it is current', async (t) => {
    const peer = await startPeer(t, (socket, count) => socket.send(message('snapshot', `a-${count}`)))
    const { page } = await openBlank(browser)
    await page.clock.install()
    await follow(page, `{ src: '${peer.url}' }`)
    await until(page, 'client.board')
    const look = "document.dispatchEvent(new Event('visibilitychange'))" // a headless page is never hidden
    await page.evaluate(look)
    await page.clock.fastForward(31_000)
    t.equal(peer.sockets.length, 1, 'what was heard a moment ago is current')
    await page.evaluate(look)
    await until(page, 'client.board.version === 2')
    t.strictSame(await states(page), ['live'])
  })

  await t.test('a connection that proves to be alive is kept, though another was opened to be sure', async (t) => {
    const peer = await startPeer(t, (socket, count) => {
      if (count === 1) socket.send(message('snapshot', 'a-1'))
    })
    const { page } = await openBlank(browser)
    await page.clock.install()
    await follow(page, `{ src: '${peer.url}' }`)
    await until(page, 'client.board')
    await page.clock.fastForward(31_000)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    while (peer.sockets.length < 2) await page.evaluate('new Promise(requestAnimationFrame)')
    const [first, second] = peer.sockets
    first!.send(message('heartbeat', 'a-1'))
    await until(page, 'client.ageMs < 20_000')
    second!.close(1011)
    await once(second!, 'close')
    await page.clock.fastForward(20_000)
    first!.send(message('update', 'a-2'))
    await until(page, 'client.board.version === 2')
    t.equal(peer.sockets.length, 2)
    t.strictSame(await states(page), ['live'])
  })
})
