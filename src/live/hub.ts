import type { Board } from '../leaderboard/board.ts'
import type { RankedEntry } from '../leaderboard/ranking.ts'
import type { Top } from '../leaderboard/reads.ts'
import type { WindowKind } from '../leaderboard/window.ts'
import { entryBody } from '../leaderboard/wire.ts'
import { Frame } from './frame.ts'
import { Pull } from './pull.ts'

/** How many entries a live message shows. */
export const LIVE_ROWS = 10

const POLL_MS = 1000

/** A state not confirmed for this long is no longer vouched for: twice the slowest poll. */
const FRESH_MS = 2400

/** One version of a board, ready to be sent: the first message to a client is a snapshot, those after it are updates. */
export interface PreparedTop {
  readonly snapshot: Frame
  readonly update: Frame
}

export interface Client {
  show (top: PreparedTop): void
}

export interface HubOptions {
  /** Reads a top from the store, given the one known before. */
  readonly read: (board: Board, kind: WindowKind, known?: Top) => Promise<Top>
  /** Calls back whenever a board may have changed, and returns the stop. */
  readonly follow: (board: Board, onHint: () => void) => () => void
  readonly windowMs: number
  /** For how long after a hint the store may keep quiet about further changes. */
  readonly quietMs: number
  readonly random: () => number
  readonly onReadError: (error: unknown) => void
}

interface Topic {
  readonly board: Board
  readonly kind: WindowKind
  readonly clients: Set<Client>
  top: Top | undefined
  /** When that was last read, by a clock that nobody sets. */
  confirmedAt: number
  prepared: PreparedTop | undefined
  stop: () => void
}

/** Who is listening on this node, and what they see. A board is followed while somebody watches it. */
export class Hub {
  readonly #options: HubOptions
  readonly #topics = new Map<string, Topic>()

  constructor (options: HubOptions) {
    this.#options = options
  }

  /** Shows the client the board now and whenever its visible top changes. Returns the stop. */
  watch (board: Board, kind: WindowKind, client: Client): () => void {
    const name = topicName(board, kind)
    let topic = this.#topics.get(name)
    if (topic === undefined) this.#topics.set(name, topic = this.#open(board, kind))
    topic.clients.add(client)
    if (topic.prepared !== undefined) client.show(topic.prepared)
    const watched = topic
    return () => {
      if (!watched.clients.delete(client) || watched.clients.size > 0) return
      watched.stop()
      this.#topics.delete(name)
    }
  }

  /** What this node knows of a board that somebody watches, if it was confirmed a moment ago. */
  known (board: Board, kind: WindowKind): Top | undefined {
    const topic = this.#topics.get(topicName(board, kind))
    return topic !== undefined && performance.now() - topic.confirmedAt < FRESH_MS ? topic.top : undefined
  }

  get clients (): number {
    let count = 0
    for (const { clients } of this.#topics.values()) count += clients.size
    return count
  }

  #open (board: Board, kind: WindowKind): Topic {
    const { read, follow, windowMs, quietMs, random, onReadError } = this.#options
    const topic: Topic = { board, kind, clients: new Set(), top: undefined, confirmedAt: -Infinity, prepared: undefined, stop: () => {} }
    const pull = new Pull({
      windowMs,
      quietMs,
      random,
      pollMs: POLL_MS,
      read: async () => {
        try {
          take(topic, await read(board, kind, topic.top))
        } catch (error) {
          onReadError(error)
        }
      }
    })
    const unfollow = follow(board, () => pull.hint())
    topic.stop = () => {
      unfollow()
      pull.stop()
    }
    return topic
  }
}

function topicName (board: Board, kind: WindowKind): string {
  return `${board.name} ${kind}`
}

/** Takes a state that is not older than the present one, and shows it to everybody when what they see has changed. */
function take (topic: Topic, top: Top): void {
  const before = topic.top
  if (before !== undefined && before.epoch === top.epoch && top.version < before.version) return
  topic.top = top
  topic.confirmedAt = performance.now()
  if (before !== undefined && before.epoch === top.epoch && before.version === top.version) return
  topic.prepared = prepare(topic.board, topic.kind, top)
  if (before !== undefined && before.epoch === top.epoch && looksTheSame(before.entries, top.entries)) return
  for (const client of topic.clients) client.show(topic.prepared)
}

function looksTheSame (before: readonly RankedEntry[], now: readonly RankedEntry[]): boolean {
  for (let row = 0; row < LIVE_ROWS; row++) {
    const was = before[row]
    const is = now[row]
    if (was?.userId !== is?.userId || was?.score !== is?.score || was?.username !== is?.username) return false
  }
  return true
}

function prepare (board: Board, kind: WindowKind, { epoch, version, readMs, entries }: Top): PreparedTop {
  const content = {
    board: board.name,
    window: kind,
    epoch,
    version,
    ts: new Date(readMs).toISOString(),
    top_scores: entries.slice(0, LIVE_ROWS).map(entryBody)
  }
  return { snapshot: new Frame({ event: 'snapshot', ...content }), update: new Frame({ event: 'update', ...content }) }
}
