// A Redis that is killed may lose the last of what it has acknowledged: a board of which a part is missing takes
// nobody's place.
import type { Redis } from 'ioredis'
import { test, type Test } from 'tap'
import { BoardHistory } from '../../src/leaderboard/boards/board-history.ts'
import { rebuildBoard } from '../../src/leaderboard/ledger/rebuild.ts'
import { measureReplay, replay, replayNames } from '../../src/ledger/replay.ts'
import { boardKeys, draftPattern } from '../../src/redis/keys.ts'
import { createRebuild } from '../../src/redis/ledger/rebuild.ts'
import { boardDigest, difference } from '../harness/models/board-digest.ts'
import { know } from '../harness/servers/know.ts'
import { archived, startTestArchiver, streamOf } from '../harness/servers/ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'

/** A connection on which no answer comes to the first call of each kind, though it was executed. */
function answersLate (t: Test, client: Redis, kinds: Set<string>): Redis {
  const late = client.duplicate()
  t.teardown(() => late.disconnect())
  const { sendCommand } = late
  late.sendCommand = (command, stream) => {
    const answer = sendCommand.call(late, command, stream)
    if (kinds.delete(command.name)) command.reject(new Error('no answer in time'))
    return answer
  }
  return late
}

test('a draft that has lost something is not put in place', async (t) => {
  const redis = await startRedis(t)
  const { database } = await startPostgres(t)
  const store = await openTestStore(t, redis.url)
  const board = freshBoard({ windows: ['all', 'day'], segments: ['region'] })
  const { name } = board
  await know(database, board)
  await store.boards.apply(board, { ifRevision: undefined, isCorrupting: false, anew: false })
  startTestArchiver(t, { redis, database, boards: () => [name] })
  for (const user of ['ada', 'bob', 'cid']) {
    await store.applyIncrement(board, {
      ...increment(user, 5, { username: `Name of ${user}` }),
      segments: ['region:eu']
    })
  }
  await archived(redis, name)
  const expected = await boardDigest(redis.client, name)
  const range = { board: name, sinceMicros: 0 }

  const rebuild = async (lose: () => Promise<unknown>, over = redis.client) =>
    await rebuildBoard({
      history: new BoardHistory([{ fromMs: 0, board }]),
      which: 'any',
      close: createRebuild(over),
      ledger: {
        open: async () => await streamOf(redis).open(name),
        measure: async () => await measureReplay(database, range),
        replay: async (take) => await replay(database, range, take),
        async names (take) {
          await replayNames(database, name, take)
          await lose()
        },
        drain: async () => await archived(redis, name)
      }
    })
  const { client } = redis
  const keys = boardKeys(name)
  const tag = keys.meta.length - 'meta'.length
  const draftOf = async (key: string) =>
    (await client.keys(draftPattern(name))).find((draft) => draft.endsWith(`:${key.slice(tag)}`))!
  for (
    const [what, lose] of [
      ['a score', async () => t.equal(await client.zrem(await draftOf(keys.scores('all')), 'bob'), 1)],
      [
        'a score in a segment',
        async () => t.equal(await client.zrem(await draftOf(keys.scores('all', 'region:eu')), 'cid'), 1)
      ],
      ['a name', async () => t.equal(await client.hdel(await draftOf(keys.names), 'ada'), 1)]
    ] as const
  ) {
    t.equal(await rebuild(lose).catch(({ why }) => why), 'lost', what)
    t.equal(difference(await boardDigest(client, name), expected), undefined, 'the board is as it was')
    t.strictSame(await client.keys(draftPattern(name)), [])
  }
  const kinds = new Set(['evalsha', 'time', 'scan', 'xinfo'])
  for (const over of [client, answersLate(t, client, kinds)]) {
    t.match(await rebuild(async () => {}, over), { users: 3 })
    t.equal(difference(await boardDigest(client, name), expected), undefined)
  }
  t.equal(kinds.size, 0, 'also where Redis has stalled for a moment')
})
