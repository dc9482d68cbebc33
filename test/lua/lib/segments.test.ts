// Every rule of who is in which segment is needed, and the histories see when one is broken.
import { test } from 'tap'
import { findFaults } from '../../harness/models/faults.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { openStoreWithClock } from '../../harness/models/set-clock.ts'
import { freshBoard, increment } from '../../harness/servers/store.ts'

test('faults in who is in which segment are found', async (t) => {
  await findFaults(t, 'lib/segments.lua', {
    'the former value keeps the user': ['if replaced and replaced ~= segment then', 'if false then'],
    'what is not replaced is forgotten': ['if not replaced then now', 'if false then now'],
    'a write without segments counts in none': [
      'if not given then return before, {} end',
      'if not given then return {}, {} end'
    ]
  })
})

test('a removal finds users in segments of past windows that they left many moves ago', async (t) => {
  const redis = await startRedis(t)
  const year = new Date().getUTCFullYear() + 1
  const clock = await openStoreWithClock(t, redis, Date.UTC(year, 0, 10))
  const board = freshBoard({ windows: ['day', 'all'], segments: ['region'] })
  const write = async (n: number) =>
    await clock.store.applyIncrement(board, { ...increment('ada', 1), segments: [`region:r${n}`] })
  await write(0)
  await clock.set(Date.UTC(year, 0, 11))
  for (let n = 1; n <= 100; n++) await write(n)
  const before = await clock.store.readTop(board, { window: `day:${year}-01-10`, segment: 'region:r0' })
  t.equal(before.entries.length, 1)
  await clock.store.moderation.removeUser(board, {
    userId: 'ada',
    actionId: 'remove',
    actor: 'mod',
    ip: '192.0.2.1',
    requestId: 'test',
    reason: 'a test'
  }, 'erase')
  t.strictSame(await redis.client.keys(`sw:{${board.name}}:z:*`), [], 'nobody is left in any part')
})

test('a late action counts in the segments that the user was in during that season', async (t) => {
  const redis = await startRedis(t)
  const season = (name: string, start: string, end: string) => ({ name, start, end, grace_seconds: 86_400 })
  const year = new Date().getUTCFullYear() + 1
  const board = freshBoard({
    windows: ['season', 'all'],
    segments: ['region', 'class'],
    seasons: [
      season('one', `${year}-01-01T00:00:00Z`, `${year}-02-01T00:00:00Z`),
      season('two', `${year}-02-01T00:00:00Z`, `${year}-03-01T00:00:00Z`)
    ]
  })
  const clock = await openStoreWithClock(t, redis, Date.UTC(year, 0, 31))
  const write = async (more: object) => await clock.store.applyIncrement(board, { ...increment('ada', 5), ...more })
  const scores = async (window: 'season:one' | 'season:two' | 'all', segment: string) =>
    (await clock.store.readTop(board, { window, segment })).entries.map(({ userId, score }) => `${userId} ${score}`)

  await write({ segments: ['region:eu'] })
  await clock.set(Date.UTC(year, 1, 1, 1))
  await write({ segments: ['region:us', 'class:a'] })
  await write({ season: 'one' })
  t.strictSame(
    [await scores('season:one', 'region:eu'), await scores('season:one', 'region:us')],
    [['ada 10'], []],
    'in one region only, with the score of the window'
  )
  t.strictSame(await scores('season:one', 'class:a'), [], 'and in no other segment')
  t.strictSame([
    await scores('season:two', 'region:us'),
    await scores('all', 'region:us'),
    await scores('all', 'region:eu')
  ], [['ada 5'], ['ada 15'], []])
  await clock.store.applyIncrement(board, { ...increment('bob', 3), segments: ['region:us'] })
  await clock.store.applyIncrement(board, { ...increment('bob', 3), season: 'one' })
  t.strictSame(await scores('season:one', 'region:us'), ['bob 3'], 'one who was in none then is in those of now')
})
