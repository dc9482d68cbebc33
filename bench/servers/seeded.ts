// scorewire with a large board, and the requests that are made of it.
import { setTimeout as delay } from 'node:timers/promises'
import type { Request } from 'autocannon'
import { Redis } from 'ioredis'
import { VISIBLE } from '../../src/leaderboard/boards/rules.ts'
import { INCREMENTS_PATH, raiser } from './board.ts'
import { measureLoad, type LoadSample } from '../generators/autocannon.ts'
import { startScorewire, type Scorewire } from './scorewire.ts'
import { drawScores, headUsers, rankOf, seedBoard, userIdOf, usernameOf, type SeededBytes } from './seed.ts'

export const LOOKED_UP = 500
export const AROUND = 5
/** As many as the service gives one call of its script at most. */
export const BATCHED = 32

/** How many requests make a run: half a second or more of each kind. */
export const COUNTS = { increment: 6000, batch: 100, top: 5000, user: 5000, lookup: 200 }
/** Lookups under way at most: on a large board each takes Redis some ms, and the service waits a second for it. */
const LOOKUPS_AT_A_TIME = 16
const ANSWERED_WITHIN_MS = 30_000
const ASKED_AGAIN_AFTER_MS = 200

export interface SeededScorewire extends Scorewire {
  readonly members: number
  readonly bytes: SeededBytes
  /** A connection beside the service's. */
  readonly redis: Redis
  readonly requests: Readonly<Record<keyof typeof COUNTS, Request>>
}

/** Starts scorewire with that many members on the board `main`, and checks that it shows what was loaded. */
export async function startSeeded (
  members: number,
  env: Record<string, string> = {},
  nodeFlags: readonly string[] = []
): Promise<SeededScorewire> {
  const scorewire = await startScorewire(env, nodeFlags)
  const redis = new Redis(scorewire.redisUrl)
  const stop = async () => {
    redis.disconnect()
    await scorewire.stop()
  }
  try {
    // Loading needs no fsync of its own, and a rewrite of the file, which a board that has just doubled is due, would
    // be measured with the rest.
    await redis.config('SET', 'auto-aof-rewrite-percentage', 0)
    await redis.config('SET', 'appendfsync', 'no')
    const scores = drawScores(members, Math.random)
    const bytes = await seedBoard(redis, 'main', scores)
    await redis.config('SET', 'appendfsync', 'always')
    await redis.set('flush', '', 'PX', 1) // its fsync takes all that was loaded to the disk: for longer, maybe, than the service waits
    const leader = headUsers(scores)[0]!
    await answerOf(scorewire, INCREMENTS_PATH, { user_id: userIdOf(leader), action_id: 'first', increment: 1 })
    scores[leader]!++
    await checkBoard(scorewire, scores)
    return { ...scorewire, members, bytes, redis, requests: requestsOf(members, raiser(scorewire)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * What the service answers, asked with a body by POST as one that may raise anybody's score. It is asked again while
 * Redis takes too long for it, and so an increment needs an action id. @throws Error unless it is 2xx
 */
export async function answerOf (scorewire: Scorewire, path: string, body?: object): Promise<unknown> {
  for (const end = Date.now() + ANSWERED_WITHIN_MS; ;) {
    const answer = await fetch(
      `${scorewire.url}${path}`,
      body && {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          authorization: scorewire.authorize({ sub: 'bench', scope: 'scores:write' })
        }
      }
    )
    if (answer.ok) return await answer.json()
    const text = await answer.text()
    if (answer.status !== 503 || Date.now() > end) throw new Error(`${path} was answered ${answer.status}: ${text}`)
    await delay(ASKED_AGAIN_AFTER_MS)
  }
}

/** Compares the top and one user as the service shows them with the scores. @throws Error at a difference */
export async function checkBoard (scorewire: Scorewire, scores: Uint32Array): Promise<void> {
  const row = (user: number, rank: number) => ({
    rank,
    user_id: userIdOf(user),
    username: usernameOf(user),
    score: scores[user]!
  })
  const head = headUsers(scores)
  const first = head.slice(0, VISIBLE).map((user) =>
    row(user, 1 + head.findIndex((other) => scores[other] === scores[user]))
  )
  const user = Math.floor(scores.length / 2)
  const expected = JSON.stringify([first, { ...row(user, rankOf(scores, scores[user]!)), total: scores.length }])
  const { top_scores: top } = await answerOf(scorewire, `/v1/boards/main/top?limit=${VISIBLE}`) as {
    top_scores: object[]
  }
  const { rank, user_id: userId, username, score, total } = await answerOf(
    scorewire,
    `/v1/boards/main/users/${userIdOf(user)}`
  ) as Record<string, unknown>
  const shown = JSON.stringify([top, { rank, user_id: userId, username, score, total }])
  if (shown !== expected) throw new Error(`the seeded board is shown as ${shown} instead of ${expected}`)
}

function requestsOf (members: number, raise: ReturnType<typeof raiser>): SeededScorewire['requests'] {
  const anybody = () => userIdOf(Math.floor(Math.random() * members))
  const json = { 'content-type': 'application/json' }
  const lookedUp = Math.min(LOOKED_UP, members)
  const friends = () => {
    const ids = new Set<string>()
    while (ids.size < lookedUp) ids.add(anybody())
    return JSON.stringify({ user_ids: [...ids] })
  }
  return {
    increment: {
      method: 'POST',
      path: INCREMENTS_PATH,
      setupRequest (request) {
        const { body, authorization } = raise(anybody(), 1)
        return { ...request, body, headers: { ...json, authorization: authorization! } }
      }
    },
    batch: {
      method: 'POST',
      path: `${INCREMENTS_PATH}/batch`,
      setupRequest (request) {
        const posts = Array.from({ length: BATCHED }, () => raise(anybody(), 1))
        const body = `{"increments":[${posts.map(({ body }) => body).join(',')}]}`
        return { ...request, body, headers: { ...json, authorization: posts[0]!.authorization! } }
      }
    },
    top: { method: 'GET', path: '/v1/boards/main/top' },
    user: {
      method: 'GET',
      path: '/v1/boards/main/users/',
      setupRequest: (request) => ({ ...request, path: `/v1/boards/main/users/${anybody()}?around=${AROUND}` })
    },
    lookup: {
      method: 'POST',
      path: '/v1/boards/main/lookup',
      setupRequest: (request) => ({ ...request, body: friends(), headers: json })
    }
  }
}

/** A measured run of one kind of request, its CPU times under `node` and `redis`. */
export async function measureRequests (
  { url, pid, redisPid, requests }: SeededScorewire,
  kind: keyof typeof COUNTS,
  { connections, count = COUNTS[kind] }: { connections: number, count?: number }
): Promise<LoadSample> {
  const most = kind === 'lookup' ? Math.min(LOOKUPS_AT_A_TIME, connections) : connections
  return await measureLoad({
    url,
    pids: { node: pid, redis: redisPid },
    connections: most,
    request: requests[kind],
    count
  })
}

/** How runs are told of. */
export function runsText ({ rounds, connections }: { rounds: number, connections: number }): string {
  return `${rounds} alternating runs of some thousand requests (${COUNTS.lookup} lookups), ${connections} connections (lookups ${
    Math.min(LOOKUPS_AT_A_TIME, connections)
  }), closed loop`
}
