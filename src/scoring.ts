import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import { logScores } from './http/score-log.ts'
import type { ReadGrant } from './leaderboard/award.ts'
import { createRaiseScore, type RaiseScore, type RaiseScoreOptions } from './leaderboard/increment.ts'
import { createModeration, type Moderation } from './leaderboard/moderation.ts'
import { openBoardFeed, type BoardFeed } from './redis/board-feed.ts'
import { openStore, type Store, type StoreOptions } from './redis/store.ts'

export interface ScoringOptions extends Pick<StoreOptions, 'onGroup'>, Pick<RaiseScoreOptions, 'onOutcome'> {
  readonly config: Config
  readonly redisUrl: string
  readonly log: FastifyBaseLogger
  /** Ms since 1970. */
  readonly now: () => number
  readonly readGrant: ReadGrant
  /** Another place for `lua/`. */
  readonly scripts?: URL | undefined
}

/** What every process of the service has, whether it answers requests or works behind them: the store, the boards as they are now, and the one way to raise a score. */
export interface Scoring {
  readonly store: Store
  readonly feed: BoardFeed
  readonly moderation: Moderation
  readonly raiseScore: RaiseScore
  close (): void
}

/** @throws Error when the store cannot be reached or does not fit */
export async function openScoring ({ config, redisUrl, log, now, readGrant, onGroup, onOutcome, scripts }: ScoringOptions): Promise<Scoring> {
  const store = await openStore({ url: redisUrl, log, now, ledgerMax: config.ledgerMaxEntries, ...(onGroup && { onGroup }), ...(scripts && { directory: scripts }) })
  const feed = await openBoardFeed({
    registry: store.boards, follow: store.changes.followBoards, wanted: config.boards.all, file: config.boardsFile, now: store.now, log
  }).catch((error: unknown) => {
    store.close()
    throw error
  })
  const moderation = createModeration({
    keep: store.moderation, serviceBans: store.serviceBans, readBans: store.readBans, boards: feed.boards, refreshBoards: feed.refresh, renewBoard: feed.renew, newId: randomUUID, now: store.now
  })
  const raiseScore = logScores(createRaiseScore({
    keep: store.increment, newId: randomUUID, readGrant, readReceipt: store.readReceipt, renewBoard: feed.renew, liftBan: moderation.liftBan, onOutcome
  }), log)
  return {
    store,
    feed,
    moderation,
    raiseScore,
    close () {
      feed.close()
      store.close()
    }
  }
}
