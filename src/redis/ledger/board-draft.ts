// The commands that write the users of a rebuilt board.
import { keptUntil, type BoardHistory } from '../../leaderboard/boards/board-history.ts'
import type { RememberedAction, UserState } from '../../leaderboard/ledger/fold.ts'
import type { Position } from '../../leaderboard/ledger/ledger.ts'
import type { UserName } from '../../leaderboard/ledger/rebuild.ts'
import { DAY_MS, type WindowName } from '../../leaderboard/boards/window.ts'
import { HeadDraft } from './head-draft.ts'
import { actionDigest, actionMark, boardKeys, MEMORY_MS, recordDayAt } from '../keys.ts'
import { signOf } from '../order.ts'

export type Command = [name: string, ...args: (string | number)[]]

/** An action's record: of which day, by which digest. */
export interface ActionRecord {
  readonly day: number
  readonly digest: string
  readonly record: string
}

/** Members of a set, or fields of a hash, that go in one command: about a millisecond of Redis. */
const MAX_CELLS = 1000

/**
 * The keys of a board while they are made: which commands fill them. It knows each of them, and its heads, and
 * nothing else of users.
 */
export class DraftKeys {
  /** Every key that has a draft, and until when it is kept, in ms since 1970; 0 for ever. */
  readonly kept = new Map<string, number>()
  /** How many members or fields each of them is to have, by what counts them. */
  readonly sizes = new Map<string, { readonly counter: 'zcard' | 'hlen', readonly size: number }>()
  readonly #history: BoardHistory
  readonly #nowMs: number
  readonly #names: ReturnType<typeof boardKeys>
  readonly #sign: string
  readonly #heads = new Map<string, HeadDraft>()
  readonly #untilMs = new Map<WindowName, number | undefined>()

  constructor (history: BoardHistory, nowMs: number) {
    this.#history = history
    this.#nowMs = nowMs
    this.#names = boardKeys(history.board.name)
    this.#sign = signOf(history.board)
  }

  /** What puts these users into the draft, by the keys that they are to have. */
  commandsFor (states: readonly UserState[]): Command[] {
    const cells = new Cells(this.kept, this.sizes)
    for (const state of states) {
      for (const [window, visible] of state.visible) {
        const untilMs = this.#keptUntil(window)
        if (untilMs === undefined) continue
        this.#stand(cells, { window, segment: undefined, untilMs }, state.userId, visible)
        for (const [segment, score] of visible.segments) {
          this.#stand(cells, { window, segment, untilMs }, state.userId, score)
        }
      }
      for (const [window, { score, segments }] of state.hidden) {
        const untilMs = this.#keptUntil(window)
        if (untilMs === undefined) continue
        cells.add('zadd', this.#names.hidden(window), [`${this.#sign}${score}`, state.userId], untilMs)
        for (const segment of segments) {
          cells.add('zadd', this.#names.hidden(window, segment), ['0', state.userId], untilMs)
        }
      }
      this.#describe(cells, state)
    }
    return cells.commands()
  }

  commandsForNames (names: readonly UserName[]): Command[] {
    const cells = new Cells(this.kept, this.sizes)
    for (const { userId, username } of names) cells.add('hset', this.#names.names, [userId, username], 0)
    return cells.commands()
  }

  /** When all users are in: what makes the heads, and the last sequence number in them. */
  commandsForHeads (): { commands: Command[], sequence: number } {
    const cells = new Cells(this.kept, this.sizes)
    let sequence = 0
    for (const [scores, draft] of this.#heads) {
      const { fields, last } = draft.fields
      sequence = Math.max(sequence, last)
      const head = this.#names.headOf(scores)
      for (let n = 0; n < fields.length; n += 2) {
        cells.add('hset', head, [fields[n]!, fields[n + 1]!], this.kept.get(scores)!)
      }
    }
    return { commands: cells.commands(), sequence }
  }

  recordsOf ({ userId, remembered }: UserState): ActionRecord[] {
    return remembered.map((action) => ({
      day: recordDayAt(action.ms),
      digest: actionDigest(userId, action.actionId),
      record: recordOf(action)
    }))
  }

  /** Where a record is kept, and until when. */
  slotOf ({ day, digest }: ActionRecord): { slot: string, untilMs: number } {
    return { slot: this.#names.actions(day, digest), untilMs: (day + 1) * DAY_MS + MEMORY_MS }
  }

  /** What is left of quotas and limits. */
  allowancesOf ({ userId, quota, limits }: UserState): Command[] {
    const all = [...limits].map(([action, limit]) => ({ key: this.#names.limit(userId, action), ...limit }))
    if (quota !== undefined) all.push({ key: this.#names.quota(userId), ...quota })
    return all.filter(({ endsMs }) => endsMs > this.#nowMs).map((
      { key, used, endsMs }
    ) => ['set', key, used, 'PXAT', endsMs])
  }

  #stand (
    cells: Cells,
    { window, segment, untilMs }: { window: WindowName, segment: string | undefined, untilMs: number },
    userId: string,
    { score, ms, seq }: Position & { score: number }
  ): void {
    const key = this.#names.scores(window, segment)
    cells.add('zadd', key, [`${this.#sign}${score}`, userId], untilMs)
    let head = this.#heads.get(key)
    if (head === undefined) this.#heads.set(key, head = new HeadDraft(this.#history.board.head_size))
    head.add({ userId, score: this.#sign === '-' ? 0 - score : score, ms, seq })
  }

  #describe (cells: Cells, { userId, current, former, ban }: UserState): void {
    if (current.length > 0) cells.add('hset', this.#names.currentSegments, [userId, current.join('\n')], 0)
    if (former.length > 0) cells.add('hset', this.#names.formerSegments, [userId, former.join('\n')], 0)
    if (ban === undefined) return
    cells.add('hset', this.#names.banned, [userId, JSON.stringify(ban)], 0)
    if (ban.until_ms !== undefined) cells.add('zadd', this.#names.banEnds, [String(ban.until_ms), userId], 0)
  }

  #keptUntil (window: WindowName): number | undefined {
    if (!this.#untilMs.has(window)) this.#untilMs.set(window, keptUntil(this.#history, window, this.#nowMs))
    return this.#untilMs.get(window)
  }
}

/** As `lua/lib/actions.lua` keeps them. */
function recordOf ({ increment, score, action, season, change }: RememberedAction): string {
  if (change !== undefined) return `${increment} ${score} ~${change}`
  return `${increment} ${score}${action === null ? '' : ` ${actionMark(action)}`}${
    season === null ? '' : ` @${season}`
  }`
}

/** What is to be added to keys, as few commands. */
class Cells {
  readonly #kept: Map<string, number>
  readonly #sizes: DraftKeys['sizes']
  readonly #byKey = new Map<string, { name: 'zadd' | 'hset', cells: string[] }>()

  constructor (kept: Map<string, number>, sizes: DraftKeys['sizes']) {
    this.#kept = kept
    this.#sizes = sizes
  }

  add (name: 'zadd' | 'hset', key: string, cells: [string, string], untilMs: number): void {
    let known = this.#byKey.get(key)
    if (known === undefined) this.#byKey.set(key, known = { name, cells: [] })
    known.cells.push(...cells)
    this.#kept.set(key, untilMs)
  }

  commands (): Command[] {
    const commands: Command[] = []
    for (const [key, { name, cells }] of this.#byKey) {
      // Nobody is in a key twice.
      this.#sizes.set(key, {
        counter: name === 'zadd' ? 'zcard' : 'hlen',
        size: (this.#sizes.get(key)?.size ?? 0) + cells.length / 2
      })
      for (let n = 0; n < cells.length; n += 2 * MAX_CELLS) {
        commands.push([name, key, ...cells.slice(n, n + 2 * MAX_CELLS)])
      }
    }
    return commands
  }
}
