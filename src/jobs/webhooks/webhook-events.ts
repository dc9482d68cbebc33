import type { Velocity } from '../../leaderboard/webhooks/velocity.ts'
import { EMPTY_TOP, seasonClosed, seasonMark, topChanged, userFlagged } from '../../leaderboard/webhooks/webhook-event.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import { defaultPart, type Ranking } from '../../leaderboard/ranking/ranking.ts'
import type { Top } from '../../leaderboard/ranking/reads.ts'
import { closeOf } from '../../leaderboard/boards/season.ts'
import type { Put, PutOutcome, WatchedWebhook, WebhookEvent } from '../../leaderboard/webhooks/webhook.ts'
import type { Season } from '../../leaderboard/boards/window.ts'

/** What a closed season's archive is asked. */
export interface Archives {
  /** Undefined where there is none yet. */
  about (board: Board, season: Season): Promise<{ readonly entries: number, readonly digest: string } | undefined>
  top (board: Board, season: Season): Promise<Top | undefined>
}

export interface TellOptions {
  readonly readTop: (board: Board, ranking: Ranking, known?: Top) => Promise<Top>
  readonly archives: Archives
  readonly flags: Pick<Velocity, 'flags' | 'told'>
  /** Makes a delivery, and has it sent. */
  readonly put: (board: Board, webhook: WatchedWebhook, put: Put) => Promise<PutOutcome>
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** Finds what has happened on a board since it was told last, and makes the deliveries. What it has told is kept with them, so that whoever goes on from here, or begins anew, tells each thing once. */
export function createTell ({ readTop, archives, flags, put, now }: TellOptions): (board: Board, webhooks: readonly WatchedWebhook[]) => Promise<void> {
  /** The top of each board as it was read last: one that is still the same costs Redis next to nothing. */
  const tops = new WeakMap<Board, Top>()
  const wanting = (webhooks: readonly WatchedWebhook[], event: WebhookEvent) => webhooks.filter(({ events }) => events.includes(event))

  async function tellTop (board: Board, webhooks: readonly WatchedWebhook[]): Promise<void> {
    if (webhooks.length === 0) return
    const top = await readTop(board, defaultPart(board), tops.get(board))
    tops.set(board, top)
    const event = topChanged(board, top)
    for (const webhook of webhooks) {
      if ((webhook.marks['top'] ?? EMPTY_TOP) === event.mark.value) continue
      if (now() < Number(webhook.marks['newest_at'] ?? 0) + 1000 * webhook.minIntervalSeconds) continue
      await put(board, webhook, event)
    }
  }

  async function tellSeasons (board: Board, webhooks: readonly WatchedWebhook[]): Promise<void> {
    for (const season of webhooks.length === 0 ? [] : board.seasons) {
      const closedMs = closeOf(season)
      const { field, value } = seasonMark(season)
      // What was closed before there was a webhook is no news.
      const untold = webhooks.filter(({ createdMs, marks }) => closedMs <= now() && closedMs >= createdMs && marks[field] !== value)
      if (untold.length === 0) continue
      const [about, top] = [await archives.about(board, season), await archives.top(board, season)]
      if (about === undefined || top === undefined) continue
      const event = seasonClosed(board, season, { top, ...about })
      for (const webhook of untold) await put(board, webhook, event)
    }
  }

  async function tellFlags (board: Board, webhooks: readonly WatchedWebhook[]): Promise<void> {
    const untold = board.velocity === undefined && webhooks.length === 0 ? [] : await flags.flags(board.name)
    for (const flag of untold) {
      for (const webhook of webhooks) await put(board, webhook, userFlagged(board, flag))
    }
    await flags.told(board.name, untold)
  }

  return async (board, webhooks) => {
    await tellFlags(board, wanting(webhooks, 'user.flagged'))
    await tellSeasons(board, wanting(webhooks, 'season.closed'))
    await tellTop(board, wanting(webhooks, 'top.changed'))
  }
}
