// Which windows and segments an import writes, and which it leaves as they are.
import { test } from 'tap'
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import type { ImportRow } from '../../../src/leaderboard/transfer/import.ts'
import type { Ranking } from '../../../src/leaderboard/ranking/ranking.ts'
import type { Store } from '../../../src/redis/store.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { openStoreWithClock } from '../../harness/models/set-clock.ts'
import { freshBoard, increment } from '../../harness/servers/store.ts'

const YEAR = new Date().getUTCFullYear() + 1
const at = (month: number, day: number, ms = 0) => Date.UTC(YEAR, month - 1, day) + ms
const season = (name: string, from: number, until: number) => ({
  name,
  start: new Date(at(from, 1)).toISOString(),
  end: new Date(at(until, 1)).toISOString()
})
const origin = { actor: 'mod', ip: '192.0.2.1', requestId: 'test' }
const row = (userId: string, score: number, ...segments: string[]): ImportRow => ({
  userId,
  username: undefined,
  score,
  segments: segments.length === 0 ? undefined : segments
})

async function ranked (store: Store, board: Board, window: Ranking['window'], segment?: string) {
  const { entries } = await store.readTop(board, { window, ...(segment !== undefined && { segment }) })
  return entries.map(({ userId, score }) => `${userId} ${score}`)
}

test('a closed season stays as it is, also when it closes between two chunks of an import', async (t) => {
  const redis = await startRedis(t)
  const clock = await openStoreWithClock(t, redis, at(2, 1, -1000))
  const { store } = clock
  const board = freshBoard({ windows: ['all', 'season'], seasons: [season('one', 1, 2)], segments: ['region'] })
  await store.applyIncrement(board, { ...increment('ada', 5), segments: ['region:eu'] })
  t.strictSame(await store.applyImport(board, 'season:one', [row('bob', 3)], origin), ['set'], 'open yet')

  await clock.set(at(2, 1), 1000)
  await t.rejects(
    store.applyImport(board, 'season:one', [row('bob', 9)], origin),
    { code: 'season_closed' },
    'by the clock of Redis, whatever the node believes'
  )
  t.strictSame(
    await store.applyImport(board, 'all', [row('ada', 7, 'region:us'), row('eve', 1, 'region:eu')], origin),
    ['set', 'set']
  )
  t.strictSame(await ranked(store, board, 'all', 'region:us'), ['ada 7'])
  t.strictSame(await ranked(store, board, 'season:one'), ['ada 5', 'bob 3'])
  t.strictSame([
    await ranked(store, board, 'season:one', 'region:eu'),
    await ranked(store, board, 'season:one', 'region:us')
  ], [['ada 5'], []])
})

test('an import into a past window moves users there and nowhere else, and a removal finds them', async (t) => {
  const redis = await startRedis(t)
  const clock = await openStoreWithClock(t, redis, at(3, 10))
  const { store } = clock
  const board = freshBoard({ windows: ['all', 'day'], segments: ['region', 'class'] })
  const past = `day:${YEAR}-03-10` as const
  await store.applyIncrement(board, { ...increment('ada', 5), segments: ['region:eu', 'class:a'] })
  await clock.set(at(3, 11))
  await store.applyIncrement(board, { ...increment('ada', 2), segments: ['region:us', 'class:b'] })

  const rows = [row('ada', 8, 'region:asia'), row('new', 4, 'region:eu'), row('bob', 1)]
  t.strictSame(await store.applyImport(board, past, rows, origin), ['set', 'set', 'set'])
  t.strictSame(await store.applyImport(board, past, rows, origin), ['same', 'same', 'same'])
  const inPast = async (segment: string) => await ranked(store, board, past, segment)
  t.strictSame([await inPast('region:eu'), await inPast('region:us'), await inPast('region:asia')], [['new 4'], [], [
    'ada 8'
  ]], 'one value of a segment')
  t.strictSame(
    [await inPast('class:a'), await inPast('class:b')],
    [['ada 8'], []],
    'a segment that is not named stays, with the new score'
  )
  for (const [window, score] of [['all', 7], ['day', 2]] as const) {
    t.strictSame(
      [
        await ranked(store, board, window, 'region:us'),
        await ranked(store, board, window, 'region:asia'),
        await ranked(store, board, window, 'region:eu')
      ],
      [[`ada ${score}`], [], []],
      window
    )
  }
  await store.applyIncrement(board, increment('ada', 1))
  t.strictSame(await ranked(store, board, 'day', 'region:us'), ['ada 3'], 'where the user is now has not changed')

  for (const userId of ['ada', 'new']) {
    await store.moderation.removeUser(
      board,
      { ...origin, userId, actionId: `remove-${userId}`, reason: 'a test' },
      'erase'
    )
  }
  t.strictSame([
    await inPast('region:eu'),
    await inPast('region:asia'),
    await inPast('class:a'),
    await ranked(store, board, past)
  ], [[], [], [], ['bob 1']])
})
