// All that is watched on this node.
import { isDeepStrictEqual } from 'node:util'
import type { Board } from '../leaderboard/boards/board.ts'
import type { RunningRanking } from '../leaderboard/ranking/ranking.ts'
import type { KnownTop, Top } from '../leaderboard/ranking/reads.ts'
import { CLOSE, type CloseCode } from './close-code.ts'
import type { Session } from './session.ts'
import { Topic, type TopicOptions } from './topic.ts'
import { View } from './view.ts'

type HubOptions = Omit<TopicOptions, 'name' | 'board' | 'ranking' | 'last'>

/** What a client wants to see. */
export interface Watch {
  readonly board: Board
  readonly ranking: RunningRanking
  /** The user whose own score and rank it follows. */
  readonly userId?: string | undefined
  /** Whether it hears of every user's new score. */
  readonly feed?: boolean
  /** The version that the client has already, as `epoch-version`. */
  readonly resumeFrom?: string | undefined
}

/** The rules that decide what a watcher sees. */
const SHOWN_BY = [
  'order',
  'windows',
  'time_zone',
  'week_start',
  'seasons',
  'segments',
  'visibility'
] as const satisfies (keyof Board)[]

/** Sessions closed in one turn of the event loop: some two milliseconds. */
const MAX_CLOSES_A_TURN = 128

/** The topics and views of this node. A ranking is followed in the store while a session watches it. */
export class Hub {
  readonly #options: HubOptions
  readonly #topics = new Map<string, Topic>()
  readonly #viewsOf = new WeakMap<Session, readonly View[]>()
  /** The last state read of each board and window: what there is to show while the store is away. */
  readonly #last = new Map<string, { readonly board: Board, readonly top: Top }>()

  constructor (options: HubOptions) {
    this.#options = options
  }

  /**
   * Shows a session a ranking now, and whenever its visible top changes. A second call for the same ranking changes
   * what else the session gets.
   */
  watch (session: Session, { board, ranking, userId, feed = false, resumeFrom }: Watch): void {
    const name = nameOf(board, ranking)
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new Topic({ ...this.#options, name, board, ranking, last: this.#last.get(name)?.top })
      this.#topics.set(name, topic)
    }
    const follower = userId === undefined ? undefined : topic.standings.follow(userId)
    const view = new View({ topic, session, resumeFrom, feed, follower })
    const views = this.#views(session)
    const replaced = views.find((other) => other.topic === topic)
    this.#setViews(session, [...views.filter((other) => other !== replaced), view])
    topic.add(view)
    // Last, so that the standing and the feed go on without a gap.
    if (replaced !== undefined) topic.remove(replaced)
  }

  /** Stops showing a session a ranking. Returns false where the session did not watch it. */
  unwatch (session: Session, board: Board, ranking: RunningRanking): boolean {
    const view = this.#find(session, board, ranking)
    if (view === undefined) return false
    this.#setViews(session, this.#views(session).filter((other) => other !== view))
    this.#remove(view)
    return true
  }

  /** Whether a session watches a ranking. */
  watches (session: Session, board: Board, ranking: RunningRanking): boolean {
    return this.#find(session, board, ranking) !== undefined
  }

  /** How many rankings a session watches. */
  countOf (session: Session): number {
    return this.#views(session).length
  }

  /** Stops showing a session anything. */
  leave (session: Session): void {
    const views = this.#views(session)
    this.#setViews(session, [])
    for (const view of views) this.#remove(view)
  }

  /**
   * Learns that a board has other rules or was deleted. Where that changes what clients see, their connections are
   * closed: with 1012 to reconnect and be judged again, or with 4404 for good.
   */
  changeBoard (before: Board, after: Board | undefined): void {
    if (after === undefined) this.#closeBoard(before, CLOSE.unknownBoard, 'the board was deleted')
    else if (SHOWN_BY.some((rule) => !isDeepStrictEqual(before[rule], after[rule]))) {
      this.#closeBoard(before, CLOSE.restart, 'the board has other rules')
    }
  }

  #closeBoard ({ name }: Board, code: CloseCode, reason: string): void {
    const sessions: Session[] = []
    for (const topic of [...this.#topics.values()].filter(({ board }) => board.name === name)) {
      // From now on nothing of it is shown, however long the closing takes. A new session gets a new topic.
      topic.close()
      this.#topics.delete(topic.name)
      sessions.push(...topic.sessions)
    }
    for (const [key, { board }] of this.#last) if (board.name === name) this.#last.delete(key)
    const closeSome = () => {
      for (const session of sessions.splice(-MAX_CLOSES_A_TURN)) session.close(code, reason)
      if (sessions.length > 0) this.#options.clock.setImmediate(closeSome)
    }
    closeSome()
  }

  /**
   * The top as this node knows it, else as the store does. While the store is away, the last one known.
   * @throws Problem `unavailable`
   */
  async top (board: Board, ranking: RunningRanking): Promise<KnownTop> {
    const name = nameOf(board, ranking)
    const topic = this.#topics.get(name)
    if (topic?.top !== undefined && topic.isFresh) return { ...topic.top, isStale: false }
    const last = topic?.top ?? this.#last.get(name)?.top
    try {
      const top = await this.#options.read(board, ranking, last)
      this.#remember(name, board, ranking, top)
      return { ...top, isStale: false }
    } catch (error) {
      if (last === undefined) throw error
      return { ...last, isStale: true }
    }
  }

  /** Anybody may think of a segment, and there is no end of names: only whole windows are remembered. */
  #remember (name: string, board: Board, { segment }: RunningRanking, top: Top): void {
    if (segment === undefined) this.#last.set(name, { board, top })
  }

  #views (session: Session): readonly View[] {
    return this.#viewsOf.get(session) ?? []
  }

  #setViews (session: Session, views: readonly View[]): void {
    this.#viewsOf.set(session, views)
    session.setSources(views)
  }

  #find (session: Session, board: Board, ranking: RunningRanking): View | undefined {
    const topic = this.#topics.get(nameOf(board, ranking))
    return topic && this.#views(session).find((view) => view.topic === topic)
  }

  #remove (view: View): void {
    const { topic } = view
    topic.remove(view)
    if (topic.isWatched) return
    topic.close()
    if (this.#topics.get(topic.name) !== topic) return // the board has changed, and what it looked like is no more
    if (topic.top !== undefined) this.#remember(topic.name, topic.board, topic.ranking, topic.top)
    this.#topics.delete(topic.name)
  }
}

function nameOf (board: Board, { window, segment }: RunningRanking): string {
  return segment === undefined ? `${board.name} ${window}` : `${board.name} ${window} ${segment}`
}
