// The board that everybody is measured with: ten named users, and the message that shows them.
import type { Scorewire } from './scorewire.ts'
import { Writer, type Post } from '../generators/writer.ts'

/** All screens of a bench come from one address. */
export const LIVE_ENV = { MAX_SOCKETS_PER_IP: '0', MAX_HANDSHAKES_PER_SECOND: '100000', MAX_SOCKETS: '100000' }

export const INCREMENTS_PATH = '/v1/boards/main/increments'
export const WATCH_PATH = '/ws/scoreboard?board=main'

/** First the leader; what they begin with keeps the leader first. */
export const TOP_USERS = Array.from(
  { length: 10 },
  (_, n) => ({
    userId: `player-${String(n + 1).padStart(3, '0')}`,
    username: `Player Number ${n + 1}`,
    score: 1000 - 50 * n
  })
)
export const LEADER = TOP_USERS[0]!

/** What precedes the leader's score in a board. */
export const LEADER_MARKER = `"user_id":"${LEADER.userId}","username":"${LEADER.username}","score":`

/** The live message as scorewire writes it, for those who cannot write it themselves. */
export function topMessage (version: number, scoreOf: (row: number) => number): object {
  return {
    event: 'update',
    board: 'main',
    window: 'all',
    epoch: '64f1c1a5e5d80',
    version,
    ts: new Date().toISOString(),
    top_scores: TOP_USERS.map(({ userId, username }, row) => ({
      rank: row + 1,
      user_id: userId,
      username,
      score: scoreOf(row)
    }))
  }
}

/** Gives the ten users their names and scores. */
export async function fillBoard (scorewire: Scorewire): Promise<void> {
  const writer = new Writer(scorewire.url, 1)
  for (const { userId, username, score } of TOP_USERS) {
    const body = JSON.stringify({ action_id: `first-${userId}`, increment: score })
    writer.post({ path: INCREMENTS_PATH, body, authorization: scorewire.authorize({ sub: userId, name: username }) })
  }
  const failed = await writer.settle()
  writer.close()
  if (failed > 0) throw new Error(`the board could not be filled: ${writer.refusal}`)
}

/** Makes requests that raise scores, each by an action of its own, with one service token. */
export function raiser (scorewire: Scorewire): (userId: string, increment: number) => Post {
  const authorization = scorewire.authorize({ sub: 'bench', scope: 'scores:write' })
  let actions = 0
  return (userId, increment) => ({
    path: INCREMENTS_PATH,
    body: JSON.stringify({ user_id: userId, action_id: `raise-${actions++}`, increment }),
    authorization
  })
}
