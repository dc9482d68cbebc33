// Clients that do not read, and peers that are gone without a word: what they get, and how soon they leave. Takes 40 s.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { WebSocket } from 'ws'
import { startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { watch, type LiveMessage } from '../harness/clients/watcher.ts'
import { eventually } from '../harness/eventually.ts'

const STOP_MS = 20_000
const STALE_MS = 3000
const DEAD_MS = 35_000
/** What a busy machine may add to any of these. */
const SLACK_MS = 10_000
/** Updates of the board to compare two clients by. */
const SOME = 20

const isBoard = ({ event }: LiveMessage) => event === 'snapshot' || event === 'update'

test('slow clients and dead peers', { timeout: 240_000 }, async (t) => {
  const redis = await startRedis(t)
  const file = `${
    t.testdir({ 'boards.json': '{"boards":{"main":{"quota":{"increments":1000000,"per_seconds":60}},"quiet":{}}}' })
  }/boards.json`
  const node = await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file, PUSH_WINDOW_MS: '50' } })
  const token = node.token('runner')
  let score = 0
  const ended = new AbortController()
  const writer = (async () => {
    while (!ended.signal.aborted) {
      const { status } = await node.call('POST', '/v1/boards/main/increments', {
        token,
        body: { action_id: `point-${score}` }
      })
      if (status === 200) score++
      await delay(45)
    }
  })()
  t.teardown(async () => {
    ended.abort()
    await writer
  })

  const reader = await watch(t, node.url)
  const boardsOf = (messages: LiveMessage[]) => messages.filter(isBoard)
  /** How many boards somebody is shown while the reader is shown some. */
  const shownMeanwhile = async (messages: LiveMessage[]): Promise<number> => {
    const [known, read] = [messages.length, boardsOf(reader.messages).length]
    await eventually(() => boardsOf(reader.messages).length >= read + SOME, 'the reader has read some boards')
    return messages.length - known
  }

  const stops = async (perMessageDeflate: boolean) => {
    const name = perMessageDeflate ? 'compressed' : 'plain'
    const socket = new WebSocket(`${node.url.replace('http', 'ws')}/ws/scoreboard`, { perMessageDeflate })
    t.teardown(() => socket.terminate())
    const messages: LiveMessage[] = []
    socket.on('message', (data) => {
      const message = JSON.parse(String(data))
      if (isBoard(message)) messages.push(message)
    })
    await once(socket, 'open')
    t.equal(socket.extensions !== '', perMessageDeflate)
    const first = await shownMeanwhile(messages)
    t.ok(first >= SOME / 2, `${name}: ${first} updates while it reads, of ${SOME}`)
    socket.pause()
    const stopped = Date.now()
    const known = messages.length
    await delay(STOP_MS)
    const present = boardsOf(reader.messages).at(-1)!
    socket.resume()
    await eventually(() => messages.at(-1)!.version >= present.version, 'the newest version is shown')
    const late = messages.slice(known).filter(({ version }) => version < present.version)
    t.comment(
      `${name}: ${late.length} stale messages, the last of them ${
        Date.parse(late.at(-1)?.ts ?? '') - stopped
      } ms after it stopped`
    )
    t.ok(late.every(({ ts }) => Date.parse(ts) <= stopped + STALE_MS + SLACK_MS), `${name}: at most 3 s' worth is old`)
    t.ok(late.length <= 20 * STALE_MS / 1000)
    t.equal(socket.readyState, WebSocket.OPEN, `${name}: being slow is no reason to be cut off`)
    const again = await shownMeanwhile(messages)
    t.ok(again >= SOME / 2, `${name}: and then it gets every update again, ${again} of ${SOME}`)
    t.ok(messages.every(({ version }, n) => n === 0 || version > messages[n - 1]!.version))
  }

  /** A client that shakes hands and is never heard of again. */
  const dies = async (board: string, reads: boolean) => {
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    socket.write(
      `GET /ws/scoreboard?board=${board} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
    )
    await once(socket, 'data')
    const begun = Date.now()
    if (reads) {
      socket.resume()
      await once(socket, 'close')
    } else {
      socket.pause()
      await gone(board)
    }
    t.ok(Date.now() - begun <= DEAD_MS + SLACK_MS, `${board}: gone after ${Date.now() - begun} ms`)
  }
  const gone = async (board: string) => {
    for (;;) {
      const { text } = await node.call('GET', '/metrics')
      if (Number(/^scorewire_ended_total\{why="dead"\} (\d+)/m.exec(text)?.[1] ?? 0) >= 4) return board
      await delay(200)
    }
  }

  await Promise.all([
    stops(true),
    stops(false),
    dies('main', true),
    dies('quiet', true),
    dies('main', false),
    dies('quiet', false)
  ])
  t.equal(reader.socket.readyState, WebSocket.OPEN)
  const boards = boardsOf(reader.messages)
  t.ok(boards.every(({ version }, n) => n === 0 || version > boards[n - 1]!.version))
  ended.abort()
  await writer
  await reader.until(({ top_scores: rows }) => rows?.[0]?.score === score)
})
