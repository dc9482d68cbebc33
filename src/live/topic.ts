// One ranking that somebody watches on this node.
import type { Clock } from '../leaderboard/clock.ts'
import type { Board } from '../leaderboard/boards/board.ts'
import type { RunningRanking } from '../leaderboard/ranking/ranking.ts'
import type { Changes as Changed, Reads, Top } from '../leaderboard/ranking/reads.ts'
import { Changes } from './changes.ts'
import { FanOut, type Placed } from './fan-out.ts'
import type { Frame } from './frame.ts'
import type { Heading } from './messages.ts'
import { looksTheSame, prepareTop, type PreparedTop } from './prepared-top.ts'
import { Pull } from './pull.ts'
import { ScoreFeed } from './score-feed.ts'
import type { Session } from './session.ts'
import { Standings, type Follower } from './standings.ts'

const POLL_MS = 1000
/** A state not confirmed for this long is no longer vouched for: twice the slowest poll. */
const FRESH_MS = 2400
/** However long a fan-out takes, a client waits no longer for the next. */
const MAX_WINDOW_MS = 1000

export interface TopicOptions {
  readonly name: string
  readonly board: Board
  readonly ranking: RunningRanking
  /** Reads a top from the store, given the one known before. */
  readonly read: (board: Board, ranking: RunningRanking, known?: Top) => Promise<Top>
  readonly readChanges: Reads['changes']
  readonly readStandings: Reads['standings']
  /** Calls back whenever a board may have changed, and returns the stop. */
  readonly follow: (board: Board, onHint: () => void) => () => void
  readonly windowMs: number
  /** For how long after a hint the store may keep quiet about further changes. */
  readonly quietMs: number
  readonly random: () => number
  readonly clock: Clock
  readonly onReadError: (error: unknown) => void
  /** The last state that this node read, from before anybody watched. */
  readonly last: Top | undefined
}

/** One client of a topic. */
export interface Watcher extends Placed {
  readonly session: Session
  /** The user whose own score and rank it follows. */
  readonly follower: Follower | undefined
  /** Whether it gets every user's new score. */
  readonly isFed: boolean
}

/** One ranking, while a session of this node watches it. */
export class Topic {
  readonly feed: ScoreFeed
  readonly standings: Standings
  readonly #options: TopicOptions
  readonly #watchers: FanOut<Watcher>
  readonly #heading: Heading
  readonly #pull: Pull
  readonly #unfollow: () => void
  readonly #changes: Changes
  /** Watchers that want more than the top, which comes from reading the changes. */
  readonly #followers = new Set<Watcher>()
  #top: Top | undefined
  #confirmedAt = -Infinity
  #newest: PreparedTop | undefined
  #shown: PreparedTop | undefined
  #isStale = false

  constructor (options: TopicOptions) {
    const { board, ranking, follow, quietMs, random, clock, readChanges, readStandings, onReadError } = options
    this.#options = options
    this.#watchers = new FanOut<Watcher>(({ session }, now) => session.flush(now), clock)
    this.#heading = { board: board.name, ...ranking }
    this.feed = new ScoreFeed(this.#heading)
    const readUsers = async (userIds: readonly string[]) => await readStandings(board, ranking, userIds)
    this.standings = new Standings({ heading: this.#heading, read: readUsers, onReadError, clock })
    const read = async () => await this.#read()
    this.#pull = new Pull({ windowMs: () => this.windowMs, quietMs, random, clock, pollMs: POLL_MS, read })
    this.#changes = new Changes({
      read: async (cursor) => await readChanges(board, ranking, cursor),
      windowMs: () => this.windowMs,
      onChanges: (read, isFirst) => this.#onChanges(read, isFirst),
      onReadError,
      clock
    })
    this.#unfollow = follow(board, () => this.#pull.hint())
  }

  get name (): string {
    return this.#options.name
  }

  get board (): Board {
    return this.#options.board
  }

  get ranking (): RunningRanking {
    return this.#options.ranking
  }

  /** The newest version. */
  get newest (): PreparedTop | undefined {
    return this.#newest
  }

  /** The newest version that looks different from the one before. */
  get shown (): PreparedTop | undefined {
    return this.#shown
  }

  /** Whether the store is away, so that the state shown may be old. */
  get isStale (): boolean {
    return this.#isStale
  }

  get heartbeat (): Frame | undefined {
    return this.#isStale ? this.#newest?.stale : this.#newest?.heartbeat
  }

  get sessions (): Session[] {
    return this.#watchers.clients.map(({ session }) => session)
  }

  get isWatched (): boolean {
    return this.#watchers.size > 0
  }

  /** Whether every change from now on will be in the feed. */
  get isFeeding (): boolean {
    return this.#changes.isComplete
  }

  /** The last state read. */
  get top (): Top | undefined {
    return this.#top
  }

  /** Whether that was confirmed a moment ago. */
  get isFresh (): boolean {
    return this.#options.clock.now() - this.#confirmedAt < FRESH_MS
  }

  /** A message to every client at most this often: fan-out leaves half of this node's time to others. */
  get windowMs (): number {
    return Math.min(MAX_WINDOW_MS, Math.max(this.#options.windowMs, 2 * this.#watchers.lastPassMs))
  }

  add (watcher: Watcher): void {
    this.#watchers.add(watcher)
    if (watcher.follower !== undefined || watcher.isFed) {
      watcher.follower?.listeners.add(watcher)
      this.#followers.add(watcher)
      if (this.#changes.isComplete) void this.standings.refresh()
      else this.#changes.start()
    }
    watcher.session.flush()
  }

  remove (watcher: Watcher): void {
    this.#watchers.remove(watcher)
    if (!this.#followers.delete(watcher)) return
    if (watcher.follower !== undefined) this.standings.leave(watcher.follower, watcher)
    if (this.#followers.size === 0) this.#changes.stop()
  }

  close (): void {
    this.#unfollow()
    this.#pull.stop()
    this.#changes.stop()
  }

  /** Reads the board; whether there was something new. */
  async #read (): Promise<boolean> {
    const { board, ranking, read, onReadError } = this.#options
    let top: Top
    try {
      top = await read(board, ranking, this.#top)
    } catch (error) {
      onReadError(error)
      this.#markStale()
      return false
    }
    return this.#accept(top)
  }

  /** Tells every client that its state may be old, when it has not been confirmed for a while. */
  #markStale (): void {
    if (this.isFresh || this.#isStale) return
    if (this.#newest === undefined && this.#options.last !== undefined) this.#show(this.#top = this.#options.last)
    this.#isStale = true
    // A client that sees a board now, before its changes are read, may lack some of them afterwards.
    if (this.#followers.size > 0 && !this.isFeeding) this.feed.push([], { missed: true })
    this.#watchers.start()
  }

  /** Takes a state that is not older than the present one, and shows it if it looks different. Whether it is newer. */
  #accept (top: Top): boolean {
    const before = this.#top
    const sameEpoch = before?.epoch === top.epoch
    if (sameEpoch && top.version < before!.version) return false
    const wasStale = this.#isStale
    this.#isStale = false
    this.#confirmedAt = this.#options.clock.now()
    this.#top = top
    if (sameEpoch && before!.version === top.version) {
      if (wasStale) this.#watchers.start()
      return false
    }
    if (sameEpoch) this.standings.compare(before!, top)
    else if (before !== undefined && before.version > 0) this.#startOver()
    if (sameEpoch && looksTheSame(before!.entries, top.entries)) {
      this.#newest = prepareTop(this.#heading, top)
      if (wasStale) this.#watchers.start()
    } else {
      this.#show(top)
      this.#watchers.start()
    }
    if (!this.standings.isEmpty) void this.standings.refresh()
    return true
  }

  /** Another history: its ledger may go on before the place where this one's was read to. */
  #startOver (): void {
    this.standings.changedAll()
    if (this.#followers.size === 0) return
    this.feed.push([], { missed: true })
    this.#changes.stop()
    this.#changes.start()
  }

  #show (top: Top): void {
    this.#newest = this.#shown = prepareTop(this.#heading, top)
  }

  #onChanges ({ changes, unseen }: Pick<Changed, 'changes' | 'unseen'>, isFirst: boolean): void {
    this.standings.changedOf(unseen)
    if (changes.length > 0) {
      this.standings.changed(changes.map(({ userId }) => userId))
      this.feed.push(changes)
    }
    if (changes.length > 0 || isFirst) this.#watchers.start()
    void this.standings.refresh()
  }
}
