// One topic as one session watches it.
import type { Frame } from './frame.ts'
import type { PreparedTop } from './prepared-top.ts'
import type { Session, Source } from './session.ts'
import type { Follower } from './standings.ts'
import type { Topic, Watcher } from './topic.ts'

interface ViewOptions {
  readonly topic: Topic
  readonly session: Session
  /** The version that the client has already, as `epoch-version`. */
  readonly resumeFrom?: string | undefined
  /** The user whose own score and rank it follows. */
  readonly follower?: Follower | undefined
  /** Whether it hears of every user's new score. */
  readonly feed?: boolean
}

/** What one client sees of one topic, and how far it has been told. */
export class View implements Watcher, Source {
  place = 0
  readonly topic: Topic
  readonly session: Session
  readonly follower: Follower | undefined
  readonly #resumeFrom: string | undefined
  #top: PreparedTop | undefined
  #isStale = false
  #standing: Frame | undefined
  #overtaken: Frame | undefined
  #fedUntil: number | undefined

  constructor ({ topic, session, resumeFrom, follower, feed = false }: ViewOptions) {
    this.topic = topic
    this.session = session
    this.follower = follower
    this.#resumeFrom = resumeFrom
    this.#overtaken = follower?.overtaken
    if (feed) this.#fedUntil = topic.feed.sequence
  }

  get isFed (): boolean {
    return this.#fedUntil !== undefined
  }

  /** Says that what was told is the newest; undefined before anything was. */
  get heartbeat (): Frame | undefined {
    return this.#top === undefined ? undefined : this.topic.heartbeat
  }

  /** Adds what the client lacks, in order, and takes it as told. */
  collect (outbox: Frame[]): void {
    const { newest, shown, isStale } = this.topic
    // The first message is the snapshot, and nothing that changes after it is left out of the feed.
    if (shown === undefined || newest === undefined) return
    if (this.#top === undefined && this.isFed && !this.topic.isFeeding && !isStale) return
    if (shown !== this.#top) {
      if (this.#top !== undefined) outbox.push(shown.update)
      else outbox.push(newest.id === this.#resumeFrom ? newest.heartbeat : newest.snapshot)
      this.#top = shown
      if (!isStale) this.#isStale = false
    }
    if (isStale !== this.#isStale) {
      outbox.push(isStale ? newest.stale : newest.heartbeat)
      this.#isStale = isStale
    }
    if (this.follower !== undefined) this.#collectOwn(this.follower, outbox)
    if (this.#fedUntil !== undefined) this.#fedUntil = this.topic.feed.collect(this.#fedUntil, outbox)
  }

  #collectOwn ({ standing, overtaken }: Follower, outbox: Frame[]): void {
    if (overtaken !== undefined && overtaken !== this.#overtaken) outbox.push(overtaken)
    this.#overtaken = overtaken
    if (standing !== undefined && standing !== this.#standing) outbox.push(standing)
    this.#standing = standing
  }
}
