import type { Board } from '../leaderboard/board.ts'
import type { Top } from '../leaderboard/reads.ts'
import type { WindowKind } from '../leaderboard/window.ts'
import type { Session } from './session.ts'
import { Topic, type TopicOptions } from './topic.ts'
import { View } from './view.ts'

export type HubOptions = Omit<TopicOptions, 'name' | 'board' | 'kind' | 'last'>

/** What a client wants to see. */
export interface Watch {
  readonly board: Board
  readonly kind: WindowKind
  /** The user whose own score and rank it follows. */
  readonly userId?: string | undefined
  /** Whether it hears of every user's new score. */
  readonly feed?: boolean
  /** The version that the client has already, as `epoch-version`. */
  readonly resumeFrom?: string | undefined
}

/** A top, and whether it may be old because the store is away. */
export interface KnownTop extends Top {
  readonly isStale: boolean
}

/** Who watches what on this node. A board is followed while somebody watches it. */
export class Hub {
  readonly #options: HubOptions
  readonly #topics = new Map<string, Topic>()
  /** The last state read of each board and window: what there is to show while the store is away. */
  readonly #last = new Map<string, Top>()

  constructor (options: HubOptions) {
    this.#options = options
  }

  /** Shows the session a board now and whenever its visible top changes. Watching it again changes what else is wanted. */
  watch (session: Session, { board, kind, userId, feed = false, resumeFrom }: Watch): void {
    const name = nameOf(board, kind)
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      this.#topics.set(name, topic = new Topic({ ...this.#options, name, board, kind, last: this.#last.get(name) }))
    }
    const view = new View({ topic, session, resumeFrom, feed, follower: userId === undefined ? undefined : topic.standings.follow(userId) })
    const before = session.views.findIndex((other) => other.topic === topic)
    const [replaced] = before < 0 ? [] : session.views.splice(before, 1)
    session.views.push(view)
    topic.add(view)
    // Only now: whoever is followed, and the feed, go on without a gap.
    if (replaced !== undefined) topic.remove(replaced)
  }

  /** Stops to show a session a board; false where it was not shown. */
  unwatch (session: Session, board: Board, kind: WindowKind): boolean {
    const topic = this.#topics.get(nameOf(board, kind))
    const index = session.views.findIndex((view) => view.topic === topic)
    if (topic === undefined || index < 0) return false
    this.#remove(session.views.splice(index, 1)[0]!)
    return true
  }

  /** Stops to show a session anything. */
  leave (session: Session): void {
    for (const view of session.views.splice(0)) this.#remove(view)
  }

  /** The top as this node knows it, else as the store does; the last one known while the store is away. @throws Problem `unavailable` */
  async top (board: Board, kind: WindowKind): Promise<KnownTop> {
    const name = nameOf(board, kind)
    const topic = this.#topics.get(name)
    if (topic?.top !== undefined && topic.isFresh) return { ...topic.top, isStale: false }
    const last = topic?.top ?? this.#last.get(name)
    try {
      const top = await this.#options.read(board, kind, last)
      this.#last.set(name, top)
      return { ...top, isStale: false }
    } catch (error) {
      if (last === undefined) throw error
      return { ...last, isStale: true }
    }
  }

  #remove (view: View): void {
    const { topic } = view
    topic.remove(view)
    if (topic.isWatched) return
    if (topic.top !== undefined) this.#last.set(topic.name, topic.top)
    topic.close()
    this.#topics.delete(topic.name)
  }
}

function nameOf (board: Board, kind: WindowKind): string {
  return `${board.name} ${kind}`
}
