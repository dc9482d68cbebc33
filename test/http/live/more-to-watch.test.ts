// The own standing, several boards on one socket, and the feed, over HTTP.
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { startNode } from '../../harness/servers/node.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { watch, watchEvents, type LiveMessage } from '../../harness/clients/watcher.ts'

const BOARDS = {
  main: { quota: { increments: 100_000, per_seconds: 60 } },
  arena: { windows: ['all', 'day'] },
  closed: { visibility: 'authenticated' }
}

test('more to watch than a top', async (t) => {
  const redis = await startRedis(t)
  const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards: BOARDS }) })}/boards.json`
  const nodes = [
    await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } }),
    await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: file } })
  ] as const
  const [node] = nodes
  const raise = async (user: string, increment: number, board = 'main') => {
    const { status, text } = await nodes[1].call('POST', `/v1/boards/${board}/increments`, {
      token: node.token(user),
      body: { increment }
    })
    if (status !== 200) throw new Error(`${user} did not score: ${text}`)
  }

  await t.test('me=1: the own score and rank, also far below the top', async (t) => {
    await Promise.all(Array.from({ length: 150 }, async (_, n) => await raise(`leader-${n}`, 500 + n)))
    const watchers = [
      await watch(t, node.url, `?me=1&token=${node.token('low')}`),
      await watchEvents(t, node.url, `?me=1&token=${node.token('low')}`)
    ]
    for (const watcher of watchers) {
      t.match(await watcher.until(({ event }) => event === 'you'), {
        board: 'main',
        window: 'all',
        user_id: 'low',
        score: 0,
        rank: null
      })
      t.equal(watcher.messages[0]!.event, 'snapshot')
    }
    await raise('low', 3)
    for (const watcher of watchers) {
      t.match(await watcher.until(({ event, score }) => event === 'you' && score === 3), { rank: 151 })
    }
    await raise('someone', 4)
    for (const watcher of watchers) {
      t.match(
        await watcher.until(({ event, rank }) => event === 'you' && rank === 152),
        { score: 3 },
        'others move the rank'
      )
    }
    for (const { messages } of watchers) {
      t.strictSame(messages.filter(({ event }) => event === 'you').map(({ score, rank }) => [score, rank]), [
        [0, null],
        [3, 151],
        [3, 152]
      ])
    }
  })

  await t.test('me=1: being passed within the top', async (t) => {
    await raise('ada', 1000)
    await raise('bob', 990)
    const ada = await watch(t, node.url, `?me=1&token=${node.token('ada')}`)
    await ada.until(({ event, rank }) => event === 'you' && rank === 1)
    await raise('bob', 20)
    t.match(await ada.until(({ event }) => event === 'overtaken'), { by: 'bob', rank: 2, board: 'main', window: 'all' })
    t.match(await ada.until(({ event, rank }) => event === 'you' && rank === 2), { score: 1000 })
  })

  await t.test("feed=scores: every user's new score, conflated, nobody left out", async (t) => {
    const [fed, other] = [await watch(t, node.url, '?feed=scores'), await watch(t, node.url)]
    const stream = await watchEvents(t, node.url, '?feed=scores')
    for (const watcher of [fed, other, stream]) await watcher.until(({ event }) => event === 'snapshot')
    const users = Array.from({ length: 700 }, (_, n) => `fan-${n}`)
    await Promise.all(users.flatMap((user) => [raise(user, 1), raise(user, 1)]))
    for (const watcher of [fed, stream]) {
      const newest = new Map<string, number | null>()
      const complete = () => users.every((user) => newest.get(user) === 2)
      await watcher.until(({ event, changes }) => {
        if (event === 'scores') { for (const { user_id: user, score } of changes) newest.set(user, score) }
        return complete()
      })
      const messages = watcher.messages.filter(({ event }) => event === 'scores')
      t.ok(messages.length < 700, `${messages.length} messages for 1,400 increments`)
      t.ok(messages.every(({ missed }) => missed === undefined))
    }
    t.ok(other.messages.every(({ event }) => event !== 'scores'))
  })

  await t.test('several boards on one socket', async (t) => {
    const watcher = await watch(t, node.url, `?token=${node.token('ada')}`)
    await watcher.until(({ event }) => event === 'snapshot')
    const say = (message: object) => watcher.socket.send(JSON.stringify(message))
    say({ subscribe: { board: 'arena', window: 'day', me: true } })
    t.match(await watcher.until(({ event, board }) => event === 'snapshot' && board === 'arena'), {
      window: 'day',
      top_scores: []
    })
    say({ subscribe: { board: 'closed' } })
    await watcher.until(({ event, board }) => event === 'snapshot' && board === 'closed')
    await raise('ada', 5, 'arena')
    t.match(await watcher.until(({ event, board }) => event === 'update' && board === 'arena'), {
      top_scores: [{ user_id: 'ada', score: 5 }]
    })
    t.match(await watcher.until(({ event, board, score }) => event === 'you' && board === 'arena' && score === 5), {
      rank: 1,
      window: 'day'
    })

    say({ unsubscribe: { board: 'main' } })
    await delay(1000) // the messages of one second are counted
    for (
      const [asked, code] of [[{ board: 'nope' }, 'unknown_board'], [
        { board: 'main', window: 'day' },
        'invalid_request'
      ]] as const
    ) {
      say({ subscribe: asked })
      t.match(await watcher.until((message) => message.event === 'error' && message.code === code), asked)
    }
    say({ unsubscribe: { board: 'main' } })
    t.match(await watcher.until(({ event, detail }) => event === 'error' && detail.includes('not watched')), {
      code: 'invalid_request'
    })
    const before = watcher.messages.length
    await raise('ada', 50)
    await raise('ada', 1, 'arena')
    await watcher.until(({ top_scores: rows }) => rows?.[0]?.score === 6)
    t.ok(
      watcher.messages.slice(before).every(({ board }) => board !== 'main'),
      'what is not subscribed any more is not told'
    )
    t.equal(watcher.socket.readyState, 1)
  })

  await t.test('without a token not all of it', async (t) => {
    const watcher = await watch(t, node.url)
    watcher.socket.send(JSON.stringify({ subscribe: { board: 'closed' } }))
    t.match(await watcher.until(({ event }) => event === 'error'), { code: 'missing_token', board: 'closed' })
    watcher.socket.send(JSON.stringify({ subscribe: { board: 'arena', me: true } }))
    t.match(await watcher.until(({ event, board }) => event === 'error' && board === 'arena'), {
      code: 'missing_token'
    })
  })

  await t.test('the same board again changes what is told of it, and there is a bound', async (t) => {
    const many = Object.fromEntries(Array.from({ length: 18 }, (_, n) => [`b${n}`, {}]))
    const crowded = await startNode(t, {
      redisUrl: redis.url,
      env: { BOARDS_FILE: `${t.testdir({ 'boards.json': JSON.stringify({ boards: many }) })}/boards.json` }
    })
    const watcher = await watch(t, crowded.url, '?board=b0')
    for (let n = 1; n < 18; n++) {
      if (n % 5 === 0) await delay(1100) // ten messages are the most in a second, wherever it begins
      watcher.socket.send(JSON.stringify({ subscribe: { board: `b${n}` } }))
    }
    t.match(await watcher.until(({ event }) => event === 'error'), { code: 'invalid_request', board: 'b16' })
    await watcher.until(({ board, event }) => event === 'error' && board === 'b17')
    const snapshots = () => watcher.messages.filter(({ event }) => event === 'snapshot').length
    await watcher.until(() => snapshots() === 16)
    await delay(1000)
    watcher.socket.send(JSON.stringify({ subscribe: { board: 'b3', feed: 'scores' } }))
    const isSnapshot = ({ board, event }: LiveMessage) => board === 'b3' && event === 'snapshot'
    await watcher.until(() => watcher.messages.filter(isSnapshot).length === 2)
    await crowded.call('POST', '/v1/boards/b3/increments', { token: crowded.token('ada') })
    t.match(await watcher.until(({ event }) => event === 'scores'), {
      board: 'b3',
      changes: [{ user_id: 'ada', score: 1 }]
    })
  })
})
