// Tests of bench, servers, peers, raw tcp: the loop of writes shows every screen what is published, as long as it is.
import { once } from 'node:events'
import { test } from 'tap'
import { topMessage } from '../../../../bench/servers/board.ts'
import { pathOf, startServer } from '../../../../bench/servers/processes.ts'
import { Screen } from '../../../../bench/generators/screen.ts'

test('the loop of writes shows every screen what is published, as long as it is there', async (t) => {
  const server = await startServer(['--import=tsx', pathOf('bench/servers/peers/raw-tcp.ts')], {})
  t.teardown(server.stop)
  const shown = new EventTarget()
  const tally = { tops: 0, topBytes: 0, deflating: 0, pings: 0, lost: 0, wrong: 0 }
  const target = { port: Number(new URL(server.url).port), path: '/', engineIo: false, deflate: false }
  const screens = Array.from(
    { length: 3 },
    () => new Screen({ target, tally, inspected: true, onTop: () => shown.dispatchEvent(new Event('board')) })
  )
  await Promise.all(screens.map(async ({ opened }) => await opened))
  for (const version of [1, 2]) {
    await fetch(server.url, { method: 'POST', body: JSON.stringify(topMessage(version, () => 1)) })
    while (tally.tops < 3 * version) await once(shown, 'board')
  }
  t.match(tally, { tops: 6, wrong: 0, lost: 0 })
  for (const screen of screens) screen.close()
  t.equal((await fetch(server.url, { method: 'POST', body: '{}' })).status, 204)
})
