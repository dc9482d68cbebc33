// Tests of redis, boards, apply board: rules in Redis.
import { test, type Test } from 'tap'
import { applyBoard, type BoardRegistry } from '../../../src/leaderboard/boards/apply-board.ts'
import { parseBoards, type Board } from '../../../src/leaderboard/boards/board.ts'
import { MAX_BOARDS } from '../../../src/leaderboard/boards/rules.ts'
import { boardKeys } from '../../../src/redis/keys.ts'
import { addEntry } from '../../harness/servers/ledger.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { increment, openTestStore } from '../../harness/servers/store.ts'

function boardOf (name: string, rules: object = {}): Board {
  const parsed = parseBoards({ boards: { [name]: rules } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards.default
}

const apply = async (boards: BoardRegistry, board: Board, conditions = {}) =>
  (await applyBoard(boards, board, Date.now(), conditions)).result

test('rules in Redis', async (t) => {
  const redis = await startRedis(t)
  const store = await openTestStore(t, redis.url)
  const { boards } = store
  const options = { ifRevision: undefined, isCorrupting: false, anew: true }

  await t.test('a board is made, changed, and left as it is when nothing changes', async (t) => {
    t.equal((await boards.read('main')).state, 'unknown')
    t.equal(await apply(boards, boardOf('main')), 'created')
    const made = await boards.read('main')
    t.match(made, { state: 'there', board: boardOf('main'), hasScores: false })
    t.equal(await redis.client.hget('sw:{main}:meta', 'revision'), boardOf('main').revision)
    const before = await redis.client.dumpBuffer('sw:{main}:rules')
    t.equal(await apply(boards, boardOf('main')), 'same')
    t.strictSame(await redis.client.dumpBuffer('sw:{main}:rules'), before)
    t.equal(await apply(boards, boardOf('main', { max_increment: 5 })), 'changed')
    const changed = await boards.read('main')
    if (made.state !== 'there' || changed.state !== 'there') throw new Error('the board is not there')
    t.equal(changed.created, made.created)
    t.ok(changed.changed > made.changed)
    t.strictSame([...await boards.list()], [['main', changed.changed]])
  })

  await t.test('what was written in the millisecond of a change was written before it, and what comes after it later', async (t) => {
    const ledger = boardKeys('moment').ledger
    const raise = async (board: Board) => {
      t.match(await store.applyIncrement(board, increment('ada')), { result: 'applied' })
      return Number((await redis.client.xrevrange(ledger, '+', '-', 'COUNT', 1))[0]![0].split('-')[0])
    }
    let board = boardOf('moment')
    await apply(boards, board)
    await raise(board)
    for (const ahead of [0, 0, 0, 500]) {
      // A clock that is set back makes the same of any time.
      if (ahead > 0) await addEntry(redis, 'moment', { user_id: 'ada' }, `${Date.now() + ahead}-0`)
      const before = Number((await redis.client.xrevrange(ledger, '+', '-', 'COUNT', 1))[0]![0].split('-')[0])
      board = boardOf('moment', { max_increment: board.max_increment + 1 })
      t.equal(await apply(boards, board), 'changed')
      const stored = await boards.read('moment')
      if (stored.state !== 'there') throw new Error(stored.state)
      const changedMs = Math.floor(stored.changed / 1000)
      t.ok(before < changedMs, `${before} is before ${changedMs}`)
      t.ok(await raise(board) >= changedMs)
    }
  })

  await t.test('whoever saw other rules changes nothing', async (t) => {
    const [mine, theirs] = [boardOf('raced', { max_increment: 1 }), boardOf('raced', { max_increment: 2 })]
    t.equal(await boards.apply(theirs, options), 'created')
    t.equal(await boards.apply(mine, options), 'outdated')
    t.equal(await boards.apply(mine, { ...options, ifRevision: mine.revision }), 'outdated')
    t.equal(await boards.apply(theirs, options), 'same', 'sent again after a lost answer')
    const results = await Promise.all(
      Array.from({ length: 5 }, async (_, n) => await apply(boards, boardOf('raced', { max_increment: 10 + n })))
    )
    t.strictSame(results, Array(5).fill('changed'))
    const [stored, listed] = [await boards.read('raced'), await boards.list()]
    if (stored.state !== 'there') throw new Error('the board is not there')
    t.equal(
      await redis.client.hget('sw:{raced}:meta', 'revision'),
      stored.board.revision,
      'writes are judged by the rules that are stored'
    )
    t.equal(listed.get('raced'), stored.changed, 'and the list tells of the last change')
  })

  await t.test('a corrupting change is done without scores, and refused with them', async (t) => {
    await apply(boards, boardOf('kept'))
    t.equal(await apply(boards, boardOf('kept', { head_size: 200 })), 'changed')
    const board = boardOf('kept', { head_size: 200 })
    t.match(await store.applyIncrement(board, increment('ada')), { result: 'applied' })
    await t.rejects(apply(boards, boardOf('kept', { head_size: 100, max_increment: 3, order: 'asc' })), {
      code: 'board_exists',
      errors: [{ path: '/order' }, { path: '/head_size' }],
      message: /order, head_size/
    })
    t.equal(
      await boards.apply(boardOf('kept', { order: 'asc' }), {
        ifRevision: board.revision,
        isCorrupting: true,
        anew: true
      }),
      'kept'
    )
    t.match(await boards.read('kept'), { board })
    t.equal(await apply(boards, boardOf('kept', { head_size: 200, max_increment: 3 })), 'changed')
    t.match(
      await store.applyIncrement(board, increment('ada')),
      { result: 'outdated' },
      'writes by the rules before are not counted'
    )
    t.match(await store.applyIncrement(boardOf('kept', { head_size: 200, max_increment: 3 }), increment('ada')), {
      result: 'applied',
      score: 2
    })
  })

  await t.test("only a shadow-banned user's write is a write too", async (t) => {
    const board = boardOf('hidden')
    await apply(boards, board)
    await redis.client.hset(
      'sw:{hidden}:banned',
      'ada',
      JSON.stringify({ reason: 'a test', shadow: true, actor: 'root', since_ms: 1 })
    )
    await store.applyIncrement(board, increment('ada'))
    await t.rejects(apply(boards, boardOf('hidden', { order: 'asc' })), { code: 'board_exists' })
  })

  await t.test('conditions', async (t) => {
    await t.rejects(apply(boards, boardOf('main'), { mustBeNew: true }), { code: 'board_exists' })
    await t.rejects(apply(boards, boardOf('main'), { revision: 'another' }), { code: 'board_changed' })
    await t.rejects(apply(boards, boardOf('nowhere'), { revision: '*' }), { code: 'board_changed' })
    await t.rejects(apply(boards, boardOf('nowhere'), { revision: 'any' }), { code: 'board_changed' })
    t.equal(
      await apply(boards, boardOf('main', { max_increment: 7 }), {
        revision: boardOf('main', { max_increment: 5 }).revision
      }),
      'changed'
    )
  })

  await t.test('a deleted board leaves a tombstone, and may be made again', async (t) => {
    const board = boardOf('gone')
    await apply(boards, board)
    await store.applyIncrement(board, increment('ada'))
    t.equal(await boards.remove('gone'), 'deleted')
    t.strictSame(await redis.client.keys('sw:{gone}:*'), ['sw:{gone}:meta'])
    t.strictSame(await redis.client.hgetall('sw:{gone}:meta'), { revision: 'deleted' })
    const leftMs = await redis.client.pttl('sw:{gone}:meta')
    t.ok(leftMs > 86_000_000 && leftMs <= 86_400_000)
    t.notOk((await boards.list()).has('gone'))
    t.match(await store.applyIncrement(board, increment('ada')), { result: 'outdated' })
    t.equal(await boards.remove('gone'), 'unknown')
    t.equal(await boards.apply(board, { ...options, anew: false }), 'deleted')
    t.equal(await apply(boards, board), 'created')
    t.equal(await redis.client.pttl('sw:{gone}:meta'), -1, 'without an end')
    t.match(await store.applyIncrement(board, increment('ada')), { result: 'applied', score: 1 })
  })

  await t.test('whoever makes a board again comes to the end of a deletion that somebody began', async (t) => {
    const board = boardOf('half')
    await apply(boards, board)
    await store.applyIncrement(board, increment('ada', 5))
    // As a node leaves it that ends right after its first step.
    await redis.client.unlink('sw:{half}:rules', 'sw:{half}:meta')
    await redis.client.hset('sw:{half}:meta', 'revision', 'deleting')
    t.equal(await apply(boards, board), 'created')
    t.strictSame((await redis.client.keys('sw:{half}:*')).sort(), ['sw:{half}:meta', 'sw:{half}:rules'])
    t.match(await store.applyIncrement(board, increment('ada', 1)), { result: 'applied', score: 1 })
  })

  await t.test('a deletion leaves boards alone whose names look alike', async (t) => {
    for (const name of ['alike', 'alike-', 'alik']) {
      await apply(boards, boardOf(name))
      await store.applyIncrement(boardOf(name), increment('ada'))
    }
    await boards.remove('alike')
    for (const name of ['alike-', 'alik']) {
      t.match(await store.applyIncrement(boardOf(name), increment('ada')), { score: 2 })
    }
  })

  await t.test('rules of a later version are not understood, and neither changed nor lost', async (t) => {
    await apply(boards, boardOf('later'))
    await redis.client.hset('sw:{later}:rules', 'json', JSON.stringify({ flavour: 'mint' }))
    t.match(await boards.read('later'), { state: 'unsupported', why: /flavour/ })
    await t.rejects(apply(boards, boardOf('later', { max_increment: 2 })), { code: 'unavailable' })
    t.equal(await redis.client.hget('sw:{later}:rules', 'json'), '{"flavour":"mint"}')
  })

  await t.test('rules that were stored before a rule was there keep their revision', async (t) => {
    await apply(boards, boardOf('earlier'))
    await redis.client.hset('sw:{earlier}:rules', 'json', '{}', 'revision', 'of-an-earlier-version')
    t.match(await boards.read('earlier'), {
      state: 'there',
      board: { ...boardOf('earlier'), revision: 'of-an-earlier-version' }
    })
    t.equal(await apply(boards, boardOf('earlier')), 'same')
    t.equal(await redis.client.hget('sw:{earlier}:rules', 'revision'), 'of-an-earlier-version')
  })
})

test('the last board cannot be deleted, not even by two at once', async (t) => {
  const redis = await startRedis(t)
  const { boards } = await openTestStore(t, redis.url)
  await apply(boards, boardOf('one'))
  t.equal(await boards.remove('one'), 'last')
  await apply(boards, boardOf('two'))
  t.strictSame((await Promise.all(['one', 'two'].map(async (name) => await boards.remove(name)))).sort(), [
    'deleted',
    'last'
  ])
  t.equal((await boards.list()).size, 1)
})

test('there are so many boards at most', async (t) => {
  const redis = await startRedis(t)
  const { boards } = await openTestStore(t, redis.url)
  const full = async (t: Test, count: number) => t.equal((await boards.list()).size, count)
  await redis.client.zadd('sw:boards:1', ...Array.from({ length: MAX_BOARDS - 1 }, (_, n) => [1, `board-${n}`]).flat())
  t.equal(await apply(boards, boardOf('last')), 'created')
  await full(t, MAX_BOARDS)
  await t.rejects(apply(boards, boardOf('beyond')), { code: 'board_limit', message: /1000/ })
  t.equal(await apply(boards, boardOf('last', { max_increment: 5 })), 'changed', 'those that are there may change')
  await full(t, MAX_BOARDS)
})

test('while Redis is away nothing is applied, and it is said', async (t) => {
  const redis = await startRedis(t)
  const { boards } = await openTestStore(t, redis.url)
  await apply(boards, boardOf('main'))
  await redis.stop()
  await t.rejects(apply(boards, boardOf('main', { max_increment: 2 })), { code: 'unavailable' })
  await t.rejects(boards.remove('main'), { code: 'unavailable' })
})
