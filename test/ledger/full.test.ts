// A ledger that holds as much as it may.
import { test } from 'tap'
import { boardKeys } from '../../src/redis/keys.ts'
import { addEntry, streamOf } from '../harness/servers/ledger.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../harness/servers/store.ts'

const BOUND = 1000
const ORIGIN = { actor: 'mod', ip: '192.0.2.1', requestId: 'test' }
const rows = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ userId: `user-${n}`, username: undefined, score: n, segments: undefined }))

test('a full ledger', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url, { ledgerMax: BOUND })
  const fill = async (board: string) => {
    for (let n = 0; n < BOUND; n++) await addEntry(redis, board, { user_id: 'filler' })
  }

  await t.test('that is archived takes no scores and no imports, but every act of moderation', async (t) => {
    const board = freshBoard()
    const { ledger } = boardKeys(board.name)
    await store.applyIncrement(board, increment('ada', 5))
    await streamOf(redis).open(board.name)
    await fill(board.name)
    const [oldest] = await redis.client.xrange(ledger, '-', '+', 'COUNT', 1)
    t.strictSame(await store.applyIncrement(board, increment('ada')), { result: 'full' })
    await t.rejects(store.applyImport(board, 'all', rows(1), ORIGIN), {
      code: 'unavailable',
      message: /ledger of the board .+ is full/,
      headers: { 'retry-after': '5' }
    })
    const act = { ...ORIGIN, userId: 'ada', reason: 'a test' }
    t.match(
      await store.moderation.adjust(board, { ...act, actionId: 'a' }, { change: '+', amount: 2, madeMs: undefined }),
      { result: 'applied', score: 7 }
    )
    t.match(await store.moderation.ban(board, { ...act, actionId: 'b' }, { reason: 'a test', actor: 'mod' }), {
      result: 'banned'
    })
    t.match(await store.moderation.unban(board, { ...act, actionId: 'c' }, 'any'), { result: 'unbanned' })
    t.match(await store.moderation.removeUser(board, { ...act, actionId: 'd' }, 'delete'), { result: 'removed' })
    t.equal(await redis.client.xlen(ledger), BOUND + 5)
    t.strictSame(await redis.client.xrange(ledger, '-', '+', 'COUNT', 1), [oldest], 'and drops nothing')
  })

  await t.test('that nothing archives drops its oldest entries, for imports too', async (t) => {
    const board = freshBoard()
    await fill(board.name)
    for (let n = 0; n < 3; n++) {
      t.strictSame(
        await store.applyImport(board, 'all', rows(100).map((row) => ({ ...row, score: row.score + n + 1 })), ORIGIN),
        Array(100).fill('set')
      )
    }
    const length = await redis.client.xlen(boardKeys(board.name).ledger)
    t.ok(length >= BOUND && length < BOUND + 300, String(length))
  })
})
