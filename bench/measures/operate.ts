// What operators do to a board, and the longest that Redis is busy with one thing of it.
import { setTimeout as delay } from 'node:timers/promises'
import { boardKeys } from '../../src/redis/keys.ts'
import { notePauses, readPauses, type Pauses } from './pauses.ts'
import { userIdOf } from '../servers/seed.ts'
import type { SeededScorewire } from '../servers/seeded.ts'

const USERS = 20
const SEASON = 'over'
const ARCHIVED_WITHIN_MS = 120_000

/**
 * Bans users and lets them back, removes and erases some, closes a season with all members in it and deletes the
 * board: whoever runs it is left without it. One thing at a time.
 * @throws Error when something is not answered with 2xx, or the season is not archived in time
 */
export async function operate (scorewire: SeededScorewire): Promise<Pauses> {
  const { redis, url, members } = scorewire
  const headers = {
    'content-type': 'application/json',
    authorization: scorewire.authorize({ sub: 'bench', scope: 'admin' })
  }
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${url}/v1/${path}`, { method, headers, body: JSON.stringify(body ?? {}) })
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`)
  }
  await notePauses(redis)
  for (let n = 0; n < USERS; n++) {
    const user = userIdOf(Math.floor(members / USERS * n))
    await call('PUT', `boards/main/bans/${user}`, { reason: 'bench' })
    await call('DELETE', `boards/main/bans/${user}`)
    await call('DELETE', n % 2 === 0 ? `boards/main/users/${user}` : `users/${user}`)
  }
  // The board's scores become those of a season that is over: a member cannot be made to score in the past.
  const keys = boardKeys('main')
  await redis.rename(keys.scores('all'), keys.scores(`season:${SEASON}`))
  await redis.rename(keys.head('all'), keys.head(`season:${SEASON}`))
  const seasons = [{ name: SEASON, start: '2020-01-01T00:00:00Z', end: '2020-02-01T00:00:00Z' }]
  await call('PUT', 'boards/main', { windows: ['all', 'season'], seasons })
  for (const end = Date.now() + ARCHIVED_WITHIN_MS; await redis.exists(keys.archive(SEASON)) === 0;) {
    if (Date.now() > end) throw new Error('the season was not archived')
    await delay(100)
  }
  await call('PUT', 'boards/other')
  await call('DELETE', 'boards/main')
  return await readPauses(redis)
}
