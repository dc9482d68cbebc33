// Finds what has happened on a board since the last poll, and enqueues a delivery of it for each webhook.
import type { Board } from '../../leaderboard/boards/board.ts'
import { closeOf } from '../../leaderboard/boards/season.ts'
import type { Season } from '../../leaderboard/boards/window.ts'
import type { Top } from '../../leaderboard/ranking/reads.ts'
import { defaultPart, type Ranking } from '../../leaderboard/ranking/ranking.ts'
import type { Velocity } from '../../leaderboard/webhooks/velocity.ts'
import {
  EMPTY_TOP,
  seasonClosed,
  seasonMark,
  topChanged,
  userFlagged
} from '../../leaderboard/webhooks/webhook-event.ts'
import type { EnqueueResult, NewDelivery, WatchedWebhook, WebhookEvent } from '../../leaderboard/webhooks/webhook.ts'

/** What the publisher reads of a closed season's archive. */
interface Archives {
  /** Undefined where there is no archive yet. */
  about(board: Board, season: Season): Promise<{ readonly entries: number, readonly digest: string } | undefined>
  top(board: Board, season: Season): Promise<Top | undefined>
}

export interface PublisherOptions {
  readonly readTop: (board: Board, ranking: Ranking, known?: Top) => Promise<Top>
  readonly archives: Archives
  readonly flags: Pick<Velocity, 'flags' | 'clearFlags'>
  /** Enqueues a delivery, and schedules its sending. */
  readonly enqueue: (board: Board, webhook: WatchedWebhook, delivery: NewDelivery) => Promise<EnqueueResult>
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** Publishes what has happened on a board to those of its webhooks that want it. */
type Publish = (board: Board, webhooks: readonly WatchedWebhook[]) => Promise<void>

/**
 * Makes the function that publishes. What was published is remembered with the deliveries, in one step: a worker that
 * takes over publishes each event once.
 */
export function createPublisher ({ readTop, archives, flags, enqueue, now }: PublisherOptions): Publish {
  /** The top of each board as it was read last: one that is still the same costs Redis next to nothing. */
  const tops = new WeakMap<Board, Top>()
  const wanting = (webhooks: readonly WatchedWebhook[], event: WebhookEvent) =>
    webhooks.filter(({ events }) => events.includes(event))

  async function publishTop (board: Board, webhooks: readonly WatchedWebhook[]): Promise<void> {
    if (webhooks.length === 0) return
    const top = await readTop(board, defaultPart(board), tops.get(board))
    tops.set(board, top)
    const event = topChanged(board, top)
    for (const webhook of webhooks) {
      if ((webhook.marks['top'] ?? EMPTY_TOP) === event.mark.value) continue
      if (now() < Number(webhook.marks['newest_at'] ?? 0) + 1000 * webhook.minIntervalSeconds) continue
      await enqueue(board, webhook, event)
    }
  }

  async function publishSeasons (board: Board, webhooks: readonly WatchedWebhook[]): Promise<void> {
    for (const season of webhooks.length === 0 ? [] : board.seasons) {
      const closedMs = closeOf(season)
      const { field, value } = seasonMark(season)
      // A season that closed before the webhook was made is no news for it.
      const isDue = ({ createdMs, marks }: WatchedWebhook) =>
        closedMs <= now() && closedMs >= createdMs && marks[field] !== value
      const due = webhooks.filter(isDue)
      if (due.length === 0) continue
      const [about, top] = [await archives.about(board, season), await archives.top(board, season)]
      if (about === undefined || top === undefined) continue
      const event = seasonClosed(board, season, { top, ...about })
      for (const webhook of due) await enqueue(board, webhook, event)
    }
  }

  async function publishFlags (board: Board, webhooks: readonly WatchedWebhook[]): Promise<void> {
    const waiting = board.velocity === undefined && webhooks.length === 0 ? [] : await flags.flags(board.name)
    for (const flag of waiting) {
      for (const webhook of webhooks) await enqueue(board, webhook, userFlagged(board, flag))
    }
    await flags.clearFlags(board.name, waiting)
  }

  return async (board, webhooks) => {
    await publishFlags(board, wanting(webhooks, 'user.flagged'))
    await publishSeasons(board, wanting(webhooks, 'season.closed'))
    await publishTop(board, wanting(webhooks, 'top.changed'))
  }
}
