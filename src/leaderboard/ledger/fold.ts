// What a user's events leave in the store: the twin of the scripts, for rebuilding a board and comparing it.
import type { Ban } from '../moderation/ban.ts'
import type { BoardHistory } from '../boards/board-history.ts'
import { PERIOD_MS } from '../boards/catalogue.ts'
import type { Position, ScoreEvent } from './ledger.ts'
import { mergeSegments, MAX_FORMER, sortedSegments } from '../boards/segment.ts'
import type { WindowName } from '../boards/window.ts'

/** A visible score of a window or a segment, and the position in the ledger at which it was reached. */
interface ScoreAt extends Position {
  readonly score: number
}

interface VisibleScore extends ScoreAt {
  /** By segment, as `name:value`. */
  readonly segments: ReadonlyMap<string, ScoreAt>
}

/** The score of a banned user, which counts and is shown to no one, and the segments that it counts in. */
interface HiddenScore {
  readonly score: number
  readonly segments: ReadonlySet<string>
}

/** The record of an action that has counted. */
export interface RememberedAction {
  readonly actionId: string
  readonly ms: number
  readonly increment: number
  readonly score: number
  readonly action: string | null
  readonly season: string | null
  /** Of a correction: '+', '-', '=', or 'x' if the user was removed from a window. */
  readonly change: string | undefined
}

/** How much of a quota or of an action's limit is used, and when its period ends, in ms since 1970. */
interface Allowance {
  readonly used: number
  readonly endsMs: number
}

/** Everything that the store holds of one user of a board. Scores are those that are shown. */
export interface UserState {
  readonly userId: string
  readonly visible: ReadonlyMap<WindowName, VisibleScore>
  readonly hidden: ReadonlyMap<WindowName, HiddenScore>
  readonly current: readonly string[]
  readonly former: readonly string[]
  readonly ban: Ban | undefined
  /** The last change of the user's ban from all boards: the ban, or undefined if it was lifted; and when. */
  readonly allBoards: { readonly ban: Ban | undefined, readonly ms: number } | undefined
  readonly remembered: readonly RememberedAction[]
  readonly quota: Allowance | undefined
  /** By the name of the catalogue's action. */
  readonly limits: ReadonlyMap<string, Allowance>
}

interface Placed {
  score: number
  ms: number
  seq: number
  segments: ReadonlyMap<string, ScoreAt>
}
interface Hidden {
  score: number
  segments: Set<string>
}

/** Most maps of a user are empty, and creating them for a million users takes seconds. */
const NONE: ReadonlyMap<never, never> = new Map<never, never>()

/**
 * What a user's events leave in the store. Each method does for one user what its script does in Redis, step by step:
 * `lua/scoring/increment.lua`, `import.lua`, `adjust.lua`, `rollback.lua`, `ban.lua`, `unban.lua`, `remove-user.lua`.
 * So
 * the store can be rebuilt from events, or compared with them.
 */
export class Fold implements UserState {
  readonly userId: string
  readonly visible = new Map<WindowName, Placed>()
  hidden: ReadonlyMap<WindowName, Hidden> = NONE
  current: readonly string[] = []
  former: readonly string[] = []
  ban: Ban | undefined
  allBoards: UserState['allBoards']
  readonly remembered: RememberedAction[] = []
  quota: Allowance | undefined
  limits: ReadonlyMap<string, Allowance> = NONE
  readonly #history: BoardHistory
  readonly #rememberFromMs: number

  constructor (history: BoardHistory, userId: string, { rememberFromMs = Infinity }: FoldOptions = {}) {
    this.#history = history
    this.userId = userId
    this.#rememberFromMs = rememberFromMs
  }

  /** Applies the user's next event. */
  apply (event: ScoreEvent): void {
    switch (event.kind) {
      case 'increment':
      case 'score':
        return this.#increment(event)
      case 'adjust':
        return this.#adjust(event)
      case 'import':
        return this.#import(event)
      case 'ban':
        return this.#hideAll(event)
      case 'unban':
        return this.#bringBack(event)
      case 'delete':
        return event.window === null ? this.#remove(event) : this.#leave(event)
      case 'erase':
        return this.#erase()
      case 'repair': // it set the store to what the ledger says already
    }
  }

  #increment (event: ScoreEvent): void {
    const period = this.#history.at(event.ms)
    const isLate = event.season !== null
    const left = isLate ? [] : this.#move(segmentsOf(event.segments))
    for (const name of period.written(event.ms, event.season)) {
      if (this.ban !== undefined) {
        const hidden = this.#hiddenIn(name)
        if (!isLate || hidden.isNew) this.#mark(hidden.entry, left)
        hidden.entry.score = this.#after(hidden.isNew ? undefined : hidden.entry.score, event.delta)
      } else {
        const placed = this.visible.get(name)
        // A late action counts in the segments that the user had in its season.
        const segments = isLate && placed !== undefined ? [...placed.segments.keys()] : this.current
        const score = this.#after(placed?.score, event.delta)
        takeFrom(this.#put(name, score, event, segments), left)
      }
    }
    this.#remember(event, undefined)
    const { quota, actions } = period.board
    this.quota = used(this.quota, event.ms, quota.per_seconds * 1000)
    const action = event.action ?? ''
    const limit = Object.hasOwn(actions, action) ? actions[action]!.limit : undefined
    if (limit === undefined) return
    this.limits = new Map([...this.limits, [action, used(this.limits.get(action), event.ms, PERIOD_MS[limit.per])]])
  }

  #after (before: number | undefined, amount: number): number {
    const { operator, order } = this.#history.board
    if (operator === 'increment') return (before ?? 0) + amount
    if (operator === 'latest' || before === undefined) return amount
    return order === 'asc' ? Math.min(before, amount) : Math.max(before, amount)
  }

  #adjust (event: ScoreEvent): void {
    const isSum = this.#history.board.operator === 'increment'
    const running = event.window === null ? this.#history.at(event.ms).running(event.ms) : [event.window as WindowName]
    for (const [n, name] of running.entries()) {
      const before = this.ban === undefined ? this.visible.get(name) : this.hidden.get(name)
      // A user without a score in a window cannot lose points there.
      if (before === undefined && isSum && event.delta < 0 && (n > 0 || event.window !== null)) continue
      const score = Math.max(0, isSum ? (before?.score ?? 0) + event.delta : event.delta)
      const segments = event.window === null ? this.current : [...(before?.segments.keys() ?? [])]
      if (this.ban === undefined) this.#put(name, score, event, segments)
      else this.#hide(name, score, segments)
    }
    this.#remember(event, isSum ? (event.delta < 0 ? '-' : '+') : '=')
  }

  #import (event: ScoreEvent): void {
    const name = event.window as WindowName
    const given = segmentsOf(event.segments)
    const running = this.#history.at(event.ms).running(event.ms)
    const isPast = !running.includes(name)
    if (this.ban !== undefined || isPast) {
      const before = this.ban === undefined ? this.visible.get(name) : this.hidden.get(name)
      const segments = before === undefined ? this.current : [...before.segments.keys()]
      const { now, left } = mergeSegments(segments, isPast ? given ?? [] : [])
      if (this.ban === undefined) takeFrom(this.#put(name, event.delta, event, now), left)
      else {
        const hidden = this.#hide(name, event.delta, now)
        for (const segment of left) hidden.segments.delete(segment)
      }
      this.#note(now)
      return
    }
    this.#put(name, event.delta, event, [])
    const left = this.#move(given)
    for (const other of running) {
      const placed = this.visible.get(other)
      if (placed === undefined) continue
      takeFrom(placed, left)
      for (const segment of this.current) putIn(placed, segment, event)
    }
  }

  #hideAll (event: ScoreEvent): void {
    const period = this.#history.at(event.ms)
    for (const [name, { score, segments }] of [...this.visible]) {
      if (!period.isOpen(name, event.ms)) continue
      this.visible.delete(name)
      this.#hide(name, score, segments.keys())
    }
    this.ban = {
      reason: event.reason ?? '',
      ...(event.untilMs !== null && { until_ms: event.untilMs }),
      ...(event.shadow === true && { shadow: true }),
      actor: event.actor ?? '',
      since_ms: event.ms
    }
    if (event.allBoards === true) this.allBoards = { ban: this.ban, ms: event.ms }
  }

  #bringBack (event: ScoreEvent): void {
    const period = this.#history.at(event.ms)
    const running = period.running(event.ms)
    for (const [name, { score, segments }] of [...this.hidden]) {
      if (!period.isOpen(name, event.ms)) continue
      this.#unhide(name)
      this.#put(name, score, event, running.includes(name) ? this.current : [...segments])
    }
    this.ban = undefined
    if (event.allBoards === true) this.allBoards = { ban: undefined, ms: event.ms }
  }

  /** The results of a closed season are final, so a removal leaves them. */
  #remove (event: ScoreEvent): void {
    const period = this.#history.at(event.ms)
    for (const name of [...this.visible.keys()]) if (period.isOpen(name, event.ms)) this.visible.delete(name)
    for (const name of [...this.hidden.keys()]) if (period.isOpen(name, event.ms)) this.#unhide(name)
    this.current = this.former = []
  }

  #leave (event: ScoreEvent): void {
    this.visible.delete(event.window as WindowName)
    this.#unhide(event.window as WindowName)
    this.#remember(event, 'x')
  }

  #erase (): void {
    this.visible.clear()
    this.hidden = this.limits = NONE
    this.current = this.former = []
    this.ban = this.allBoards = this.quota = undefined
    this.remembered.length = 0
  }

  /** Sets the score in a window and in these segments of it. The user's other segments keep their score. */
  #put (name: WindowName, score: number, { ms, seq }: Position, segments: readonly string[]): Placed {
    let placed = this.visible.get(name)
    if (placed === undefined) this.visible.set(name, placed = { score, ms, seq, segments: NONE })
    else if (placed.score !== score) {
      placed.score = score
      placed.ms = ms
      placed.seq = seq
    }
    for (const segment of segments) putIn(placed, segment, { ms, seq })
    return placed
  }

  #hiddenIn (name: WindowName): { entry: Hidden, isNew: boolean } {
    const known = this.hidden.get(name)
    if (known !== undefined) return { entry: known, isNew: false }
    const entry: Hidden = { score: 0, segments: new Set() }
    this.hidden = new Map([...this.hidden, [name, entry]])
    return { entry, isNew: true }
  }

  #hide (name: WindowName, score: number, segments: Iterable<string>): Hidden {
    const { entry } = this.#hiddenIn(name)
    entry.score = score
    for (const segment of segments) entry.segments.add(segment)
    return entry
  }

  #unhide (name: WindowName): void {
    this.hidden = new Map([...this.hidden].filter(([other]) => other !== name))
  }

  #mark ({ segments }: Hidden, left: readonly string[]): void {
    for (const segment of left) segments.delete(segment)
    for (const segment of this.current) segments.add(segment)
  }

  /** Sets the segments that the user is in from now on. Returns those that it has left. */
  #move (given: readonly string[] | undefined): readonly string[] {
    if (given === undefined) return []
    const { now, left } = mergeSegments(this.current, given)
    if (left.length > 0) {
      this.former = [...this.former.filter((segment) => !left.includes(segment)), ...left].slice(-MAX_FORMER)
    }
    this.current = now
    return left
  }

  /** Remembers segments that the user has in a past window only. */
  #note (segments: readonly string[]): void {
    const unknown = segments.filter((segment) => !this.current.includes(segment) && !this.former.includes(segment))
    if (unknown.length > 0) this.former = [...this.former, ...unknown]
  }

  #remember ({ actionId, ms, delta, scoreAfter, action, season }: ScoreEvent, change: string | undefined): void {
    if (ms < this.#rememberFromMs) return
    this.remembered.push({ actionId, ms, increment: Math.abs(delta), score: scoreAfter, action, season, change })
  }
}

interface FoldOptions {
  /** Remembers actions from this moment on, in ms since 1970; by default none. */
  readonly rememberFromMs?: number
}

function putIn (placed: Placed, segment: string, { ms, seq }: Position): void {
  const { score, segments } = placed
  if (segments.get(segment)?.score !== score) placed.segments = new Map([...segments, [segment, { score, ms, seq }]])
}

function takeFrom (placed: Placed, left: readonly string[]): void {
  if (left.length > 0) placed.segments = new Map([...placed.segments].filter(([segment]) => !left.includes(segment)))
}

function segmentsOf (segments: ScoreEvent['segments']): string[] | undefined {
  if (segments === null) return undefined
  return sortedSegments(Object.entries(segments).map(([name, value]) => `${name}:${value}`))
}

/** Counts a use. A period begins with its first use, and the next one with the first use after its end. */
function used (before: Allowance | undefined, ms: number, periodMs: number): Allowance {
  if (before === undefined || ms > before.endsMs) return { used: 1, endsMs: ms + periodMs }
  return { ...before, used: before.used + 1 }
}
