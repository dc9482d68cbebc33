// A board of a million users, lost with its Redis and made anew from the ledger.
import { test } from 'tap'
import { openDatabase } from '../../src/ledger/database.ts'
import { boardKeys } from '../../src/redis/keys.ts'
import { run } from '../harness/clients/command.ts'
import { seedLedger } from '../harness/models/seed-ledger.ts'
import { startPostgres } from '../harness/servers/postgres.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, openTestStore, silent } from '../harness/servers/store.ts'
import { know } from '../harness/servers/know.ts'

const USERS = 1_000_000
/**
 * How fast it is says `npm run bench -- --only rebuild`: here the machine may be busy with anything, and a question
 * about all events takes as long as it takes.
 */
const STATEMENT_MS = 240_000

test('a million users', { timeout: 550_000 }, async (t) => {
  const redis = await startRedis(t)
  const { url } = await startPostgres(t)
  const database = openDatabase({ url, log: silent, statementMs: STATEMENT_MS })
  t.teardown(database.close)
  const board = freshBoard({ windows: ['all', 'day'] })
  await know(database, board)
  await seedLedger(url, board.name, USERS)
  const { code, out, error } = await run(['rebuild', '--board', board.name], {
    REDIS_URL: redis.url,
    DATABASE_URL: url
  })
  t.equal(code, 0, error)
  t.comment(out)

  const keys = boardKeys(board.name)
  t.equal(await redis.client.zcard(keys.scores('all')), USERS)
  t.equal(await redis.client.hlen(keys.names), USERS)
  const [row] = await database.query<{ sum: string }>('SELECT sum(delta) FROM score_events WHERE board = $1', [
    board.name
  ])
  let sum = 0
  for (let cursor = '0'; ;) {
    const [next, cells] = await redis.client.zscan(keys.scores('all'), cursor, 'COUNT', 5000)
    for (let n = 1; n < cells.length; n += 2) sum += Number(cells[n])
    if ((cursor = next) === '0') break
  }
  t.equal(sum, Number(row!.sum), 'the sum of all scores is that of all events')
  const store = await openTestStore(t, redis.url)
  const { entries } = await store.readTop(board, { window: 'all' })
  const first = await database.query<{ user_id: string }>(
    'SELECT user_id FROM score_events WHERE board = $1 GROUP BY 1 ORDER BY sum(delta) DESC, max(at), max(seq) LIMIT 100',
    [board.name]
  )
  t.strictSame(entries.map(({ userId }) => userId), first.map(({ user_id: userId }) => userId), 'the top with its ties')
  t.equal((await redis.client.keys('*draft*')).length, 0)
})
