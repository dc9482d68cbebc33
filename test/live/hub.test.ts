import { test } from 'tap'
import { defaultBoards } from '../../src/leaderboard/board.ts'
import type { Top } from '../../src/leaderboard/reads.ts'
import { Hub, type Client, type PreparedTop } from '../../src/live/hub.ts'

const board = defaultBoards().default

function top (epoch: string, version: number, score: number): Top {
  return { epoch, version, readMs: Date.now(), entries: [{ rank: 1, userId: 'ada', username: 'ada', score }] }
}

/** A hub whose store and change feed are in the test's hands. */
function startHub () {
  let stored = top('e1', 5, 10)
  const followers = new Set<() => void>()
  const hub = new Hub({
    read: async () => stored,
    follow: (_board, onHint) => {
      followers.add(onHint)
      queueMicrotask(onHint)
      return () => followers.delete(onHint)
    },
    windowMs: 10,
    quietMs: 1,
    random: Math.random,
    onReadError: () => {}
  })
  const change = async (next: Top) => {
    stored = next
    for (const follower of followers) follower()
    await new Promise((resolve) => { setTimeout(resolve, 40) })
  }
  return { hub, followers, change }
}

function listener () {
  const shown: PreparedTop[] = []
  const client: Client = { show: (prepared) => shown.push(prepared) }
  const texts = () => shown.map(({ update }) => String(update.websocket).replace(/^[^{]*/, '')).map((text) => JSON.parse(text))
  return { client, shown, texts }
}

test('clients see each new version once and never an older one, but another epoch always', async (t) => {
  const { hub, change } = startHub()
  const { client, texts } = listener()
  const stop = hub.watch(board, 'all', client)
  await change(top('e1', 5, 10))
  await change(top('e1', 7, 12))
  await change(top('e1', 6, 11))
  await change(top('e1', 8, 12))
  await change(top('e2', 1, 1))
  await change(top('e2', 2, 2))
  stop()
  t.strictSame(texts().map(({ epoch, version }) => [epoch, version]), [['e1', 5], ['e1', 7], ['e2', 1], ['e2', 2]],
    'version 6 is older and version 8 looks the same')
})

test('everybody shares one prepared top, and who comes late gets the newest', async (t) => {
  const { hub, change } = startHub()
  const [first, second, late] = [listener(), listener(), listener()]
  const stops = [hub.watch(board, 'all', first.client), hub.watch(board, 'all', second.client)]
  await change(top('e1', 6, 11))
  await change(top('e1', 7, 11))
  stops.push(hub.watch(board, 'all', late.client))
  t.equal(first.shown.at(-1), second.shown.at(-1))
  t.equal(late.texts()[0].version, 7, 'the newest, also where it looked the same to the others')
  t.equal(hub.known(board, 'all')?.version, 7)
  for (const stop of stops) stop()
})

test('a board is followed while somebody watches it, and not longer', async (t) => {
  const { hub, followers, change } = startHub()
  const { client } = listener()
  t.equal(hub.known(board, 'all'), undefined)
  const stop = hub.watch(board, 'all', client)
  t.equal(followers.size, 1)
  t.equal(hub.clients, 1)
  await change(top('e1', 6, 11))
  stop()
  stop()
  t.equal(followers.size, 0)
  t.equal(hub.clients, 0)
  t.equal(hub.known(board, 'all'), undefined)
})
