// The rows of a scoreboard: written in place, so that a row moves with its user.
import type { LiveEntry } from '../../../src/live/messages.ts'
import { make } from './dom.ts'
import type { Format } from './format.ts'

const MOVE_MS = 350
const FLASH_MS = 900
/** From here on a score is written smaller where the board is narrow. */
const LONG_SCORE = 1e10

/** The cells of one row. */
interface Row {
  readonly element: HTMLTableRowElement
  readonly rank: HTMLElement
  readonly player: HTMLElement
  readonly name: HTMLElement
  /** The mark of the own row. */
  readonly mark: HTMLElement
  readonly score: HTMLElement
  shownScore: number | undefined
}

/** The rows, by user id. */
export class Rows {
  readonly element = make('tbody', 'rows')
  readonly #rows = new Map<string, Row>()

  /** Shows the entries in their order, and marks the row of the user `ownId`. */
  show (entries: readonly LiveEntry[], { format, ownId }: { format: Format, ownId: string | undefined }): void {
    const topOf = (userId: string) => this.#rows.get(userId)?.element.getBoundingClientRect().top
    const before = entries.map(({ user_id: userId }) => topOf(userId))
    this.#removeAllBut(new Set(entries.map(({ user_id: userId }) => userId)))
    const hasChanged = entries.map((entry, place) => {
      const row = this.#rows.get(entry.user_id) ?? this.#add(entry.user_id)
      const present = this.element.children[place]
      if (present !== row.element) this.element.insertBefore(row.element, present ?? null)
      return fill(row, entry, { format, isOwn: entry.user_id === ownId })
    })
    if (!isMotionWelcome()) return
    for (const [place, { user_id: userId }] of entries.entries()) {
      const { element } = this.#rows.get(userId)!
      slide(element, before[place])
      if (hasChanged[place]) flash(element)
    }
  }

  clear (): void {
    this.#removeAllBut(new Set())
  }

  #removeAllBut (userIds: ReadonlySet<string>): void {
    for (const [userId, { element }] of this.#rows) {
      if (userIds.has(userId)) continue
      element.remove()
      this.#rows.delete(userId)
    }
  }

  #add (userId: string): Row {
    const name = make('bdi', 'name')
    const player = make('th', 'player', make('div', '', name))
    player.scope = 'row'
    const rank = make('td', 'rank')
    const score = make('td', 'score')
    const element = make('tr', 'row', rank, player, score)
    const row = { element, rank, player, name, mark: make('span', 'you'), score, shownScore: undefined }
    this.#rows.set(userId, row)
    return row
  }
}

/** Writes an entry into its row and returns whether its score has changed. */
function fill (row: Row, entry: LiveEntry, { format, isOwn }: { format: Format, isOwn: boolean }): boolean {
  const { username, rank, score } = entry
  const { element, player, name, mark } = row
  const hasChanged = row.shownScore !== undefined && row.shownScore !== score
  row.shownScore = score
  for (const list of [element.classList, element.part]) {
    list.toggle('first', rank === 1)
    list.toggle('own', isOwn)
  }
  row.rank.textContent = format.number(rank)
  name.textContent = username
  player.title = username
  mark.textContent = format.label('you')
  if (isOwn) {
    element.ariaCurrent = 'true'
    if (mark.parentNode === null) name.after(mark)
  } else {
    element.removeAttribute('aria-current')
    mark.remove()
  }
  row.score.textContent = format.number(score)
  row.score.classList.toggle('long', score >= LONG_SCORE)
  return hasChanged
}

let reducedMotion: MediaQueryList | undefined

/** Whether the user has not asked for less motion. */
function isMotionWelcome (): boolean {
  reducedMotion ??= matchMedia('(prefers-reduced-motion: reduce)')
  return !reducedMotion.matches
}

/** Lets a row glide from where it was. */
function slide (row: HTMLElement, before: number | undefined): void {
  const shift = before === undefined ? 0 : before - row.getBoundingClientRect().top
  if (shift === 0) return
  const keyframes = [{ transform: `translateY(${shift}px)` }, { transform: 'none' }]
  row.animate(keyframes, { duration: MOVE_MS, easing: 'cubic-bezier(.2, .7, .2, 1)' })
}

/** Lights up a row for a moment. */
function flash (row: HTMLElement): void {
  row.animate([{ backgroundColor: 'var(--flash)' }, {}], { duration: FLASH_MS, easing: 'ease-out' })
}
