// The users of one topic that follow their own score and rank.
import type { Clock } from '../leaderboard/clock.ts'
import type { Standing, Top } from '../leaderboard/ranking/reads.ts'
import { overtakersIn } from '../leaderboard/ranking/order-entries.ts'
import { Frame } from './frame.ts'
import type { Heading } from './messages.ts'

/** Users in one read. */
const MAX_USERS = 100
/** A rank changes with every score above: those of users who did not score themselves are looked at this often. */
const READ_RANKS_EVERY_MS = 1000

/** What follows a user's own score and rank. */
interface StandingListener {
  readonly session: { flush(): void }
}

/** A user whose own score and rank a client follows. */
export interface Follower {
  readonly userId: string
  readonly listeners: Set<StandingListener>
  standing: Frame | undefined
  overtaken: Frame | undefined
}

interface StandingsOptions {
  readonly heading: Heading
  /** Reads users' scores and ranks, in the order given. */
  readonly read: (userIds: readonly string[]) => Promise<readonly Standing[]>
  readonly onReadError: (error: unknown) => void
  readonly clock: Clock
}

/** The users of one topic that follow their own score, and the standings that were published to them. */
export class Standings {
  readonly #options: StandingsOptions
  readonly #followers = new Map<string, Follower>()
  readonly #published = new Map<string, Standing>()
  /** To be read again. */
  readonly #due = new Set<string>()
  #ranksMoved = false
  #ranksReadAt = -Infinity
  #reading = false

  constructor (options: StandingsOptions) {
    this.#options = options
  }

  get isEmpty (): boolean {
    return this.#followers.size === 0
  }

  follow (userId: string): Follower {
    let follower = this.#followers.get(userId)
    if (follower === undefined) {
      follower = { userId, listeners: new Set(), standing: undefined, overtaken: undefined }
      this.#followers.set(userId, follower)
    }
    this.#due.add(userId)
    return follower
  }

  leave (follower: Follower, listener: StandingListener): void {
    if (!follower.listeners.delete(listener) || follower.listeners.size > 0) return
    this.#followers.delete(follower.userId)
    this.#published.delete(follower.userId)
    this.#due.delete(follower.userId)
  }

  /** Takes note that these users have new scores, and that so the ranks of others may be others. */
  changed (userIds: Iterable<string>): void {
    for (const userId of userIds) {
      this.#ranksMoved = true
      if (this.#followers.has(userId)) this.#due.add(userId)
    }
  }

  /** Takes note that these users have new scores, which do not matter to others. */
  changedOf (userIds: Iterable<string>): void {
    for (const userId of userIds) if (this.#followers.has(userId)) this.#due.add(userId)
  }

  /** Everything may be another: another epoch, another day, a gap in what was heard. */
  changedAll (): void {
    for (const userId of this.#followers.keys()) this.#due.add(userId)
  }

  /** Reads what is due and tells those whom it concerns. */
  async refresh (): Promise<void> {
    const now = this.#options.clock.now()
    if (this.#ranksMoved && now - this.#ranksReadAt >= READ_RANKS_EVERY_MS) {
      this.#ranksMoved = false
      this.#ranksReadAt = now
      this.changedAll()
    }
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.#due.size > 0) await this.#readSome([...this.#due].slice(0, MAX_USERS))
    } catch (error) {
      this.#options.onReadError(error)
    } finally {
      this.#reading = false
    }
  }

  /** Tells every follower that was overtaken within the top between two states of it. */
  compare (before: Top, after: Top): void {
    if (this.isEmpty) return
    const isFollowed = (userId: string) => this.#followers.has(userId)
    for (const { userId, by, rank } of overtakersIn(before.entries, after.entries, isFollowed)) {
      const follower = this.#followers.get(userId)!
      follower.overtaken = new Frame({ event: 'overtaken', ...this.#options.heading, by, rank })
      this.#due.add(userId)
    }
  }

  async #readSome (userIds: readonly string[]): Promise<void> {
    // Before the read: who scores while it is under way is due again.
    for (const userId of userIds) this.#due.delete(userId)
    let standings: readonly Standing[]
    try {
      standings = await this.#options.read(userIds)
    } catch (error) {
      for (const userId of userIds) if (this.#followers.has(userId)) this.#due.add(userId)
      throw error
    }
    for (const [index, userId] of userIds.entries()) {
      const standing = standings[index]!
      const follower = this.#followers.get(userId)
      if (follower === undefined) continue
      const published = this.#published.get(userId)
      if (follower.standing === undefined || published?.score !== standing.score || published.rank !== standing.rank) {
        this.#published.set(userId, standing)
        follower.standing = new Frame({
          event: 'you',
          ...this.#options.heading,
          user_id: userId,
          score: standing.score,
          rank: standing.rank ?? null
        })
      }
      for (const { session } of follower.listeners) session.flush()
    }
  }
}
