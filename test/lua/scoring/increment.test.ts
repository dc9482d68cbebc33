// Tests of lua, scoring, increment: scoring/increment.lua.
import { test } from 'tap'
import { HEAD_SIZE } from '../../../src/leaderboard/boards/rules.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'
import { eventually } from '../../harness/eventually.ts'

test('scoring/increment.lua', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)

  await t.test('an action counts once, and a replay gets the first answer', async (t) => {
    const board = freshBoard()
    t.strictSame(await store.applyIncrement(board, increment('ada', 5, { actionId: 'one' })), {
      result: 'applied',
      score: 5
    })
    t.strictSame(await store.applyIncrement(board, increment('ada', 1)), { result: 'applied', score: 6 })
    t.strictSame(await store.applyIncrement(board, increment('ada', 5, { actionId: 'one' })), {
      result: 'replayed',
      score: 5
    })
    t.equal(await redis.client.zscore(`sw:{${board.name}}:z:all`, 'ada'), '6')
  })

  await t.test('duplicates in one group count once', async (t) => {
    const board = freshBoard()
    const outcomes = await Promise.all(
      Array.from(
        { length: 50 },
        async () => await store.applyIncrement(board, increment('ada', 3, { actionId: 'same' }))
      )
    )
    t.equal(outcomes.filter(({ result }) => result === 'applied').length, 1)
    t.ok(outcomes.every((outcome) => 'score' in outcome && outcome.score === 3))
  })

  await t.test('the same action id with another increment is a mismatch and changes nothing', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada', 5, { actionId: 'one' }))
    t.strictSame(await store.applyIncrement(board, increment('ada', 6, { actionId: 'one' })), { result: 'mismatch' })
    t.equal(await redis.client.zscore(`sw:{${board.name}}:z:all`, 'ada'), '5')
    t.strictSame(await store.applyIncrement(board, increment('bob', 6, { actionId: 'one' })), {
      result: 'applied',
      score: 6
    }, "another user's action is another action")
  })

  await t.test('an action of yesterday is still known', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada', 5, { actionId: 'one' }))
    const [slot] = await redis.client.keys(`sw:{${board.name}}:actions:*`)
    const [, day] = /actions:(\d+):/.exec(slot!) ?? []
    await redis.client.rename(slot!, slot!.replace(`actions:${day}:`, `actions:${Number(day) - 1}:`))
    t.strictSame(await store.applyIncrement(board, increment('ada', 5, { actionId: 'one' })), {
      result: 'replayed',
      score: 5
    })
  })

  await t.test('the memory of an action lasts for 24 hours at least and then goes', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada'))
    const [slot] = await redis.client.keys(`sw:{${board.name}}:actions:*`)
    const ttl = await redis.client.pttl(slot!)
    t.ok(ttl > 24 * 3_600_000 && ttl <= 48 * 3_600_000, `lasts for ${ttl} ms`)
  })

  await t.test('an action id that carries a time beyond the memory is refused', async (t) => {
    const board = freshBoard()
    const uuidV7 = (ms: number) =>
      `${ms.toString(16).padStart(12, '0').replace(/^(.{8})(.{4})$/, '$1-$2')}-7abc-8def-0123456789ab`
    const hourMs = 3_600_000
    t.equal(
      (await store.applyIncrement(board, increment('ada', 1, { actionId: uuidV7(Date.now() - 25 * hourMs) }))).result,
      'too_old'
    )
    t.equal(
      (await store.applyIncrement(board, increment('ada', 1, { actionId: uuidV7(Date.now() + hourMs) }))).result,
      'too_old'
    )
    t.equal(
      (await store.applyIncrement(board, increment('ada', 1, { actionId: uuidV7(Date.now() - 23 * hourMs) }))).result,
      'applied'
    )
    t.equal(
      (await store.applyIncrement(board, increment('ada', 1, { actionId: uuidV7(Date.now() - 23.95 * hourMs) })))
        .result,
      'too_old',
      'one from the future would be forgotten by then'
    )
  })

  await t.test("keys of another time are not written: the node learns Redis' clock and hands in the right ones", async (t) => {
    const board = freshBoard({ windows: ['all', 'day'] })
    const lost = await openTestStore(t, redis.url, { now: () => Date.now() - 3 * 86_400_000 })
    t.equal((await lost.applyIncrement(board, increment('ada', 2, { actionId: 'one' }))).result, 'applied')
    t.equal(
      (await store.applyIncrement(board, increment('ada', 2, { actionId: 'one' }))).result,
      'replayed',
      'and so both know the same action'
    )
    const today = new Date().toISOString().slice(0, 10)
    t.equal(await redis.client.zscore(`sw:{${board.name}}:z:day:${today}`, 'ada'), '2')
    t.ok(Math.abs(lost.now() - Date.now()) < 1000)
  })

  await t.test('the quota is exact, a replay costs none, and it comes back', async (t) => {
    const board = freshBoard({ quota: { increments: 3, per_seconds: 3600 } })
    for (let n = 0; n < 3; n++) {
      t.equal((await store.applyIncrement(board, increment('ada', 1, { actionId: `n${n}` }))).result, 'applied')
    }
    for (let n = 0; n < 3; n++) {
      t.equal((await store.applyIncrement(board, increment('ada', 1, { actionId: `n${n}` }))).result, 'replayed')
    }
    const refused = await store.applyIncrement(board, increment('ada', 1, { actionId: 'n4' }))
    t.equal(refused.result, 'quota')
    t.ok('retryMs' in refused && refused.retryMs > 0 && refused.retryMs <= 3_600_000)
    t.equal((await store.applyIncrement(board, increment('bob'))).result, 'applied', "the quota is each user's own")
    await redis.client.pexpire(`sw:{${board.name}}:quota:ada`, 20) // the hour is nearly over
    await eventually(
      async () => await redis.client.exists(`sw:{${board.name}}:quota:ada`) !== 1,
      'the period of the quota has ended'
    )
    t.strictSame(await store.applyIncrement(board, increment('ada', 1, { actionId: 'n4' })), {
      result: 'applied',
      score: 4
    }, 'nothing was recorded for the refusal')
  })

  await t.test('no score passes the limit of the board, and every integer up to 2^53 - 1 is exact', async (t) => {
    const board = freshBoard({ max_increment: Number.MAX_SAFE_INTEGER })
    t.strictSame(await store.applyIncrement(board, increment('ada', Number.MAX_SAFE_INTEGER - 1)), {
      result: 'applied',
      score: Number.MAX_SAFE_INTEGER - 1
    })
    t.strictSame(await store.applyIncrement(board, increment('ada', 2)), { result: 'score_limit' })
    t.strictSame(
      await store.applyIncrement(board, increment('bob', 2)),
      { result: 'applied', score: 2 },
      'somebody else is not near the limit'
    )
    t.strictSame(await store.applyIncrement(board, increment('ada', 1)), {
      result: 'applied',
      score: Number.MAX_SAFE_INTEGER
    })
    t.strictSame(await store.applyIncrement(board, increment('ada', 1)), { result: 'score_limit' })
    t.equal(await redis.client.zscore(`sw:{${board.name}}:z:all`, 'ada'), '9007199254740991')
  })

  await t.test('every window is written in the same call, and the timed ones expire', async (t) => {
    const board = freshBoard({ windows: ['all', 'day', 'week', 'month'] })
    await store.applyIncrement(board, increment('ada', 4))
    const windows = await redis.client.keys(`sw:{${board.name}}:z:*`)
    t.equal(windows.length, 4)
    for (const key of windows) {
      t.equal(await redis.client.zscore(key, 'ada'), '4', key)
      t.equal(await redis.client.pttl(key) > 0, !key.endsWith(':all'), `${key} expires if it is timed`)
    }
  })

  await t.test('the ledger holds who, what, how much, by whom and from where', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada', 4, { actionId: 'one' }))
    await store.applyIncrement(board, increment('ada', 4, { actionId: 'one' }))
    const entries = await redis.client.xrange(`sw:{${board.name}}:ledger`, '-', '+')
    t.equal(entries.length, 1, 'a replay is no event')
    t.strictSame(entries[0]![1], [
      'user_id',
      'ada',
      'action_id',
      'one',
      'delta',
      '4',
      'score_after',
      '4',
      'actor',
      'ada',
      'ip',
      '192.0.2.1',
      'request_id',
      'test'
    ])
  })

  await t.test('the version rises when the head changes and not otherwise, and hints are gated', async (t) => {
    const board = freshBoard()
    const hints: string[] = []
    const listener = redis.client.duplicate()
    t.teardown(() => listener.disconnect())
    await listener.subscribe(`sw:{${board.name}}:hints`)
    listener.on('message', (_channel, version) => hints.push(version))
    await Promise.all(
      Array.from({ length: HEAD_SIZE }, async (_, n) => await store.applyIncrement(board, increment(`user-${n}`, 10)))
    )
    const before = await store.readTop(board, { window: 'all' })
    t.equal(hints[0], '1')
    t.ok(hints.length <= before.version, `${hints.length} hints for ${before.version} versions`)
    t.ok(/^[0-9a-f]+-[0-9a-f]{8}$/.test(before.epoch))
    await store.applyIncrement(board, increment('outsider', 10))
    t.equal(
      (await store.readTop(board, { window: 'all' })).version,
      before.version,
      'an equal score does not enter a full head'
    )
    await store.applyIncrement(board, increment('outsider', 1))
    const after = await store.readTop(board, { window: 'all' })
    t.equal(after.version, before.version + 1)
    t.equal(after.epoch, before.epoch)
    t.equal(after.entries[0]!.userId, 'outsider')
    t.equal(await redis.client.hlen(`sw:{${board.name}}:head:all`), HEAD_SIZE)
    t.equal(
      await redis.client.hexists(`sw:{${board.name}}:head:all`, `user-${HEAD_SIZE - 1}`),
      0,
      'the last of the lowest has left'
    )
  })

  await t.test('the first segments of a board are known to the writes of the same call', async (t) => {
    const board = freshBoard({ segments: ['region'] })
    // Made in one turn of the event loop, they share a call.
    await Promise.all([
      store.applyIncrement(board, { ...increment('ada', 1), segments: ['region:eu'] }),
      store.applyIncrement(board, increment('ada', 2))
    ])
    t.equal(await redis.client.zscore(`sw:{${board.name}}:z:all:region:eu`, 'ada'), '3')
  })

  await t.test('a name is shown from the call that brought it, and none falls back to the user id', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada', 1))
    t.equal((await store.readTop(board, { window: 'all' })).entries[0]!.username, 'ada')
    await store.applyIncrement(board, increment('ada', 1, { username: '爱达 👩🏽‍🚀' }))
    t.equal((await store.readTop(board, { window: 'all' })).entries[0]!.username, '爱达 👩🏽‍🚀')
    await store.applyIncrement(board, increment('ada', 1))
    t.equal((await store.readTop(board, { window: 'all' })).entries[0]!.username, '爱达 👩🏽‍🚀')
  })

  await t.test('ids may hold whatever Redis knows as syntax', async (t) => {
    const board = freshBoard()
    for (const id of ['{other}', '*', 'a b', '0x10', 'inf', '-1', '"', "';--", '$1', 'ünï', '💥', '__proto__']) {
      t.strictSame(await store.applyIncrement(board, increment(id, 7, { actionId: id })), {
        result: 'applied',
        score: 7
      }, id)
      t.strictSame(await store.applyIncrement(board, increment(id, 7, { actionId: id })), {
        result: 'replayed',
        score: 7
      }, id)
    }
  })
})
