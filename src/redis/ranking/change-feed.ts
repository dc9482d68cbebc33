// The change feed: hints of changed tops and boards, over a connection of its own.
import type { Redis } from 'ioredis'
import type { Log } from '../../leaderboard/log.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import { BOARD_CHANGES, boardKeys } from '../keys.ts'

const PING_EVERY_MS = 2000

export interface ChangeFeed {
  /**
   * Calls `onHint` whenever the board's top may have changed: for each hint, and each time that Redis has
   * acknowledged the subscription, since what came before that is lost. Returns the stop.
   */
  follow(board: Board, onHint: () => void): () => void
  /** Likewise whenever the rules of some board may have changed. */
  followBoards(onHint: () => void): () => void
  /** Calls back everybody. */
  tellAll(): void
  close(): void
}

/** Follows the hints that `lua/scoring/increment.lua` publishes, over a connection that does nothing else. */
export function createChangeFeed (redis: Redis, log: Log): ChangeFeed {
  const followers = new Map<string, Set<() => void>>()

  const tell = (channel: string) => {
    for (const onHint of followers.get(channel) ?? []) onHint()
  }

  async function subscribe (channel: string): Promise<void> {
    if (redis.status !== 'ready') return // the next `ready` subscribes
    try {
      await redis.subscribe(channel)
      tell(channel)
    } catch (error) {
      log.warn({ channel, err: error }, 'could not subscribe to hints, trying again with the next connection')
      redis.disconnect(true)
    }
  }

  redis.on('message', tell)
  redis.on('ready', () => {
    for (const channel of followers.keys()) void subscribe(channel)
  })

  // ioredis says `ready` on a frozen Redis too, and a subscriber sends nothing by itself. So it asks now and then,
  // and the connection cuts itself off from a Redis that does not answer.
  const heartbeat = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => {})
  }, PING_EVERY_MS)
  heartbeat.unref()

  function followChannel (channel: string, onHint: () => void): () => void {
    const present = followers.get(channel)
    if (present !== undefined) {
      present.add(onHint)
      onHint()
    } else {
      followers.set(channel, new Set([onHint]))
      void subscribe(channel)
    }
    return () => {
      const left = followers.get(channel)
      if (left?.delete(onHint) !== true || left.size > 0) return
      followers.delete(channel)
      redis.unsubscribe(channel).catch(() => {}) // a lost connection has forgotten the channel already
    }
  }

  return {
    follow: (board, onHint) => followChannel(boardKeys(board.name).hints, onHint),
    followBoards: (onHint) => followChannel(BOARD_CHANGES, onHint),
    tellAll () {
      for (const channel of followers.keys()) tell(channel)
    },
    close () {
      clearInterval(heartbeat)
    }
  }
}
