// Tests of ledger, archiver: the archiver.
import { once, EventEmitter } from 'node:events'
import { test } from 'tap'
import type { LedgerStream } from '../../src/leaderboard/ledger/archive.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { addEntry, archived, startTestArchiver, streamOf } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'
import { eventually } from '../harness/eventually.ts'

test('the archiver', async (t) => {
  const redis = await startRedis(t)
  const postgres = await startPostgres(t)
  const { database } = postgres
  const store = await openTestStore(t, redis.url)
  const count = async (board: string) =>
    Number(
      (await database.query<{ n: string }>('SELECT count(*) AS n FROM score_events WHERE board = $1', [board]))[0]!.n
    )

  await t.test('archives what was there before it and what comes after, with the names that users go by', async (t) => {
    const board = freshBoard()
    await store.applyIncrement(board, increment('ada', 5, { username: 'Ada' }))
    const { stats } = startTestArchiver(t, { redis, database, boards: () => [board.name] })
    for (let n = 0; n < 120; n++) await store.applyIncrement(board, increment(n % 2 === 0 ? 'ada' : 'bob', 2))
    await archived(redis, board.name)
    t.equal(await count(board.name), 121)
    t.strictSame(
      await database.query(
        'SELECT user_id, username, score::integer FROM users_scores WHERE board = $1 ORDER BY score DESC',
        [board.name]
      ),
      [
        { user_id: 'ada', username: 'Ada', score: 125 },
        { user_id: 'bob', username: 'bob', score: 120 }
      ]
    )
    t.strictSame(stats.boards.get(board.name), { archived: 121, repeated: 0, deadLettered: 0 })
  })

  await t.test('trims what is archived, and leaves the last minute to the live feeds', async (t) => {
    const { name } = freshBoard()
    const longAgo = Date.now() - 3_600_000
    for (let n = 0; n < 400; n++) await addEntry(redis, name, { user_id: 'ada' }, `${longAgo + n}-0`)
    await addEntry(redis, name, { user_id: 'ada' })
    startTestArchiver(t, { redis, database, boards: () => [name] })
    await archived(redis, name)
    t.equal(await count(name), 401)
    // Redis trims whole nodes of up to a hundred entries.
    t.ok(await redis.client.xlen(boardKeys(name).ledger) <= 101)
    t.equal(
      (await redis.client.xrevrange(boardKeys(name).ledger, '+', '-')).length >= 1,
      true,
      'what has just happened is there'
    )
  })

  await t.test('trims nothing that another group has not read', async (t) => {
    const { name } = freshBoard()
    const longAgo = Date.now() - 3_600_000
    for (let n = 0; n < 400; n++) await addEntry(redis, name, { user_id: 'ada' }, `${longAgo + n}-0`)
    await redis.client.xgroup('CREATE', boardKeys(name).ledger, 'others', '0')
    startTestArchiver(t, { redis, database, boards: () => [name] })
    await archived(redis, name)
    t.equal(await redis.client.xlen(boardKeys(name).ledger), 400)
  })

  await t.test('puts what cannot be archived among the dead letters after five deliveries, and the rest flows', async (t) => {
    const { name } = freshBoard()
    const { ledger, deadLetters } = boardKeys(name)
    await addEntry(redis, name, { user_id: 'ada', action_id: 'before' })
    const shapeless = await redis.client.xadd(ledger, '*', 'hello', 'world')
    const nul = await addEntry(redis, name, { user_id: 'nul\0', action_id: 'nul' })
    const worded = await addEntry(redis, name, { user_id: 'ada', delta: 'many' })
    for (let n = 0; n < 60; n++) {
      await addEntry(redis, name, { user_id: 'ada', action_id: `after-${n}`, score_after: n + 2 })
    }
    const stream = streamOf(redis)
    const events = new EventEmitter()
    const deliveries: number[] = []
    const watched: LedgerStream = {
      ...stream,
      async deliveriesOf (board, id) {
        const times = await stream.deliveriesOf(board, id)
        if (id === nul) deliveries.push(times)
        if (id === nul && times === 1) events.emit('flowing', await count(name))
        return times
      }
    }
    const flowing = once(events, 'flowing')
    const { stats } = startTestArchiver(t, { redis, database, boards: () => [name], stream: watched })
    t.ok((await flowing)[0] > 1, 'the others of its group are in the ledger at its first delivery')
    await archived(redis, name)
    t.strictSame(deliveries, [1, 2, 3, 4, 5])
    t.equal(await count(name), 61)
    const dead = await redis.client.xrange(deadLetters, '-', '+')
    t.strictSame(dead.map(([, fields]) => fields[1]).sort(), [shapeless, nul, worded].sort(), 'by their ids')
    for (const [, fields] of dead) t.match(fields.slice(0, 4), ['entry', /^\d+-\d+$/, 'why', /\S/])
    t.strictSame(dead.find(([, fields]) => fields[1] === shapeless)?.[1].slice(4), ['hello', 'world'], 'as they were')
    t.match(stats.boards.get(name), { archived: 61, deadLettered: 3 })
    t.equal((await stream.backlog(name)).deadLetters, 3)
  })

  await t.test('reports an action that was counted again after the store had forgotten it', async (t) => {
    const { name } = freshBoard()
    await addEntry(redis, name, { user_id: 'ada', action_id: 'once' })
    const again = await addEntry(redis, name, { user_id: 'ada', action_id: 'once', score_after: 2 })
    const warnings: object[] = []
    const log = {
      debug () {},
      info () {},
      error () {},
      warn: (data: object) => {
        warnings.push(data)
      }
    }
    startTestArchiver(t, { redis, database, boards: () => [name], log })
    await archived(redis, name)
    t.equal(await count(name), 1)
    t.strictSame(warnings, [{ board: name, user: 'ada', action: 'once', entry: again }])
    t.match(await redis.client.xrange(boardKeys(name).deadLetters, '-', '+'), [[String, [
      'entry',
      again,
      'why',
      /counted twice/
    ]]])
  })

  await t.test('knows what has no action id by its entry', async (t) => {
    const { name } = freshBoard()
    for (const score of [5, 6]) {
      await addEntry(redis, name, { user_id: 'ada', action_id: '', kind: 'import', window: 'all', score_after: score })
    }
    const dead = streamOf(redis)
    await dead.open(name)
    await dead.read(name)
    startTestArchiver(t, { redis, database, boards: () => [name] })
    await archived(redis, name)
    t.equal(await count(name), 2)
    t.strictSame(await database.query('SELECT score::integer FROM users_scores WHERE board = $1', [name]), [{
      score: 6
    }])
    t.equal((await dead.backlog(name)).deadLetters, 0)
  })

  await t.test('takes over what a dead worker had, in the order of the ledger', async (t) => {
    const { name } = freshBoard()
    for (let n = 1; n <= 120; n++) await addEntry(redis, name, { user_id: 'ada', score_after: n })
    const dead = streamOf(redis)
    await dead.open(name)
    // And never came to acknowledge them
    for (const expected of [50, 50]) t.equal((await dead.read(name)).length, expected)
    startTestArchiver(t, { redis, database, boards: () => [name] })
    await archived(redis, name)
    t.equal(await count(name), 120)
    t.strictSame(await database.query('SELECT score::integer FROM users_scores WHERE board = $1', [name]), [{
      score: 120
    }])
    t.equal((await redis.client.xpending(boardKeys(name).ledger, 'archive'))[0], 0)
  })

  await t.test('counts nothing twice where a worker dies between the commit and the word to the stream', async (t) => {
    const { name } = freshBoard()
    for (let n = 1; n <= 120; n++) await addEntry(redis, name, { user_id: 'ada', score_after: n })
    const stream = streamOf(redis)
    let deaths = 0
    const dying: LedgerStream = {
      ...stream,
      async ack (board, ids) {
        if (deaths++ < 3) throw new Error('killed')
        await stream.ack(board, ids)
      }
    }
    const { stats } = startTestArchiver(t, { redis, database, boards: () => [name], stream: dying })
    await archived(redis, name)
    t.equal(stats.failures, 3)
    t.equal(await count(name), 120)
    t.equal((await stream.backlog(name)).deadLetters, 0, 'and what comes again is no repetition')
  })

  await t.test('goes on when the stream was lost with its group', async (t) => {
    const { name } = freshBoard()
    await addEntry(redis, name, { user_id: 'ada' })
    startTestArchiver(t, { redis, database, boards: () => [name] })
    await archived(redis, name)
    await redis.client.del(boardKeys(name).ledger)
    await addEntry(redis, name, { user_id: 'ada' })
    await archived(redis, name)
    t.equal(await count(name), 2)
  })

  await t.test('waits for PostgreSQL, and an outage kills no sound entry', async (t) => {
    const { name } = freshBoard()
    const told: string[] = []
    const events = new EventEmitter()
    const tell = (_data: object, message: string) => {
      told.push(message)
      events.emit(message)
    }
    const log = { debug () {}, info: tell, warn: tell, error: tell }
    const { stats } = startTestArchiver(t, { redis, database, boards: () => [name], log })
    await addEntry(redis, name, { user_id: 'ada' })
    await archived(redis, name)
    await postgres.stop()
    const failing = once(events, 'archiver paused: Redis or PostgreSQL is unavailable, retrying')
    for (let n = 0; n < 100; n++) await addEntry(redis, name, { user_id: 'ada' })
    await failing
    await eventually(() => stats.failures >= 8, 'eight tries have failed')
    t.ok((await streamOf(redis).backlog(name)).waiting > 0)
    const going = once(events, 'archiver resumed')
    await postgres.start()
    await archived(redis, name)
    await going
    t.equal(await count(name), 101)
    t.strictSame(
      told,
      ['archiver paused: Redis or PostgreSQL is unavailable, retrying', 'archiver resumed'],
      'told once'
    )
    t.equal((await streamOf(redis).backlog(name)).deadLetters, 0)
  })
})

test('several workers', async (t) => {
  const redis = await startRedis(t)
  const { database } = await startPostgres(t)
  const boards = Array.from({ length: 4 }, () => freshBoard().name)

  await t.test('share the boards evenly, and the boards of one that leaves go to the others', async (t) => {
    const workers = [1, 2].map(() => startTestArchiver(t, { redis, database, boards: () => boards }))
    const until = async (fits: () => boolean) => {
      await eventually(() => fits(), 'what is waited for is so')
    }
    await until(() => workers.every(({ held }) => held.size === 2))
    t.strictSame(workers.flatMap(({ held }) => [...held]).sort(), [...boards].sort(), 'each board has one worker')
    await workers[0]!.stop()
    await until(() => workers[1]!.held.size === 4)
    t.strictSame([...workers[1]!.held].sort(), [...boards].sort())
  })

  await t.test('keep the order of each user while they hand boards to each other', async (t) => {
    // What is archived at once is written in the order of the stream; so the order over time is that of the
    // transactions.
    const board = freshBoard().name
    const names = [board, ...boards]
    for (let n = 1; n <= 1500; n++) await addEntry(redis, board, { user_id: `user-${n % 3}`, score_after: n })
    for (let turn = 0; turn < 6; turn++) {
      const worker = startTestArchiver(t, { redis, database, boards: () => names })
      await eventually(() => worker.stats.boards.get(board) !== undefined, 'the worker has the board')
      await worker.stop()
    }
    startTestArchiver(t, { redis, database, boards: () => names })
    await archived(redis, board)
    const [row] = await database.query<{ n: number, turns: number, disorder: number }>(
      `
      SELECT count(*)::integer AS n, count(DISTINCT recorded_at)::integer AS turns, count(*) FILTER (WHERE recorded_at < before)::integer AS disorder
      FROM (SELECT recorded_at, lag(recorded_at) OVER (PARTITION BY user_id ORDER BY at, seq) AS before FROM score_events WHERE board = $1) AS ordered`,
      [board]
    )
    t.match(row, { n: 1500, disorder: 0 })
    t.ok(row!.turns > 6)
  })
})
