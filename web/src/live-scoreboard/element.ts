// The custom element <live-scoreboard>: its attributes, its client, and what it shows.
import type { LiveWindow, TopMessage } from '../../../src/live/messages.ts'
import { ScoreboardClient } from '../client.ts'
import type { ScoreboardEventMap, ScoreboardState } from '../client/events.ts'
import type { ScoreboardToken } from '../client/options.ts'
import { LeaderAnnouncer } from './announcer.ts'
import { make, setText } from './dom.ts'
import { Format } from './format.ts'
import type { ScoreboardLabels } from './labels.ts'
import { Rows } from './rows.ts'
import { sharedSheet } from './style.ts'

const MAX_ROWS = 10
/** The age of a board is written in whole seconds. */
const AGE_INTERVAL_MS = 1000

/** Attributes of the connection: a change of one opens another. */
const CONNECTION_ATTRIBUTES = ['src', 'board', 'window', 'segment', 'transport', 'me', 'feed']
const PROPERTIES = [...CONNECTION_ATTRIBUTES, 'limit', 'user', 'labels', 'token'] as (keyof LiveScoreboard)[]

/** Outside of a browser there is nothing to extend, but bundlers and servers that render pages import this as well. */
const Base = (globalThis.HTMLElement ?? Object) as typeof HTMLElement

/**
 * `<live-scoreboard src board window segment limit user labels>`: a scoreboard that updates itself, and emits its
 * client's events.
 *
 * Slots: `heading`, `empty`.
 * Parts: `root header status state age card table caption head rows row first own rank player name you score empty`.
 * Custom properties: `--live-scoreboard-` `accent text quiet card line flash own warn radius`.
 * Dark where the page's `color-scheme` is.
 */
export class LiveScoreboard extends Base {
  /** @internal */
  static observedAttributes = [...CONNECTION_ATTRIBUTES, 'limit', 'user', 'labels', 'lang']

  #client: ScoreboardClient | undefined
  #token: ScoreboardToken | undefined
  #labels: ScoreboardLabels | undefined
  #format = new Format('en', {})

  #top: TopMessage | undefined
  #changedAt: number | undefined
  #ownId: string | undefined

  #isUpdating = false
  #needsClient = false
  #ageTimer: ReturnType<typeof setInterval> | undefined

  readonly #state = make('span', 'state')
  readonly #age = make('span', 'age')
  readonly #caption = make('caption', 'caption')
  readonly #columns = { rank: columnHeader('rank'), player: columnHeader('player'), score: columnHeader('score') }
  readonly #rows = new Rows()
  readonly #emptySlot = make('slot', '')
  readonly #empty = make('p', 'empty', this.#emptySlot)
  readonly #announcer = new LeaderAnnouncer(({ username: name, score }) => {
    return this.#format.label('leads', { name, score }, score)
  })

  constructor () {
    super()
    const heading = make('slot', '')
    heading.name = 'heading'
    this.#emptySlot.name = 'empty'
    this.#caption.classList.add('for-screen-readers')
    const head = make('thead', 'head', make('tr', '', ...Object.values(this.#columns)))
    const table = make('table', 'table', this.#caption, head, this.#rows.element)
    const header = make('header', 'header', heading, make('p', 'status', this.#state, ' ', this.#age))
    const shadow = this.attachShadow({ mode: 'open' })
    shadow.adoptedStyleSheets = [sharedSheet()]
    shadow.append(make('section', 'root', header, make('div', 'card', table, this.#empty), this.#announcer.element))
  }

  /** Base address of the service. The default is the origin of this module. */
  get src (): string | null {
    return this.getAttribute('src')
  }

  set src (value: string | null) {
    this.#reflect('src', value)
  }

  get board (): string | null {
    return this.getAttribute('board')
  }

  set board (value: string | null) {
    this.#reflect('board', value)
  }

  get window (): LiveWindow | null {
    return this.getAttribute('window') as LiveWindow | null
  }

  set window (value: LiveWindow | null) {
    this.#reflect('window', value)
  }

  /** One segment of the board, such as `region:eu`. */
  get segment (): string | null {
    return this.getAttribute('segment')
  }

  set segment (value: string | null) {
    this.#reflect('segment', value)
  }

  get transport (): 'auto' | 'websocket' | 'sse' | null {
    return this.getAttribute('transport') as 'auto' | null
  }

  set transport (value: 'auto' | 'websocket' | 'sse' | null) {
    this.#reflect('transport', value)
  }

  get me (): boolean {
    return this.hasAttribute('me')
  }

  set me (value: boolean) {
    this.toggleAttribute('me', Boolean(value))
  }

  get feed (): 'scores' | null {
    return this.getAttribute('feed') as 'scores' | null
  }

  set feed (value: 'scores' | null) {
    this.#reflect('feed', value)
  }

  /** The user id whose row is marked. The default is the token's user, with `me`. */
  get user (): string | null {
    return this.getAttribute('user')
  }

  set user (value: string | null) {
    this.#reflect('user', value)
  }

  /** The number of rows, 1 to 10. */
  get limit (): number {
    const limit = Math.trunc(Number(this.getAttribute('limit') ?? MAX_ROWS))
    return limit >= 1 && limit <= MAX_ROWS ? limit : MAX_ROWS
  }

  set limit (value: number) {
    this.#reflect('limit', String(value))
  }

  /** Other texts, also as JSON in the attribute. Those that are left out stay English. */
  get labels (): ScoreboardLabels {
    return this.#labels ?? {}
  }

  set labels (value: ScoreboardLabels) {
    this.#labels = value ?? undefined
    this.#scheduleUpdate()
  }

  /** Not an attribute, because a document must not contain a token. */
  get token (): ScoreboardToken | undefined {
    return this.#token
  }

  set token (value: ScoreboardToken | undefined) {
    this.#token = value ?? undefined
    this.#scheduleUpdate({ needsClient: true })
  }

  /** The client, while the element is in a document. */
  get client (): ScoreboardClient | undefined {
    return this.#client
  }

  #reflect (name: string, value: string | null): void {
    if (value === null || value === undefined) this.removeAttribute(name)
    else this.setAttribute(name, value)
  }

  /** @internal */
  connectedCallback (): void {
    // A property that the page set before this module was loaded hides the accessor of the class.
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(this, name)) continue
      const value = this[name]
      Reflect.deleteProperty(this, name)
      Reflect.set(this, name, value)
    }
    this.#scheduleUpdate()
  }

  /** @internal */
  disconnectedCallback (): void {
    this.#scheduleUpdate()
  }

  /** @internal */
  attributeChangedCallback (name: string, before: string | null, value: string | null): void {
    if (before === value) return
    if (name === 'labels') this.#labels = value === null ? undefined : JSON.parse(value)
    this.#scheduleUpdate({ needsClient: CONNECTION_ATTRIBUTES.includes(name) })
  }

  /** Several changes in one go are one update, also a move within the page. */
  #scheduleUpdate ({ needsClient = false } = {}): void {
    this.#needsClient ||= needsClient
    if (this.#isUpdating) return
    this.#isUpdating = true
    queueMicrotask(() => {
      this.#isUpdating = false
      this.#update()
    })
  }

  #update (): void {
    if (!this.isConnected) return this.#close()
    if (this.#needsClient) this.#close()
    this.#format = new Format(this.closest<HTMLElement>('[lang]')?.lang || 'en', this.labels)
    for (const name of ['rank', 'player', 'score'] as const) this.#columns[name].textContent = this.#format.label(name)
    this.#caption.textContent = this.#format.label('caption', { limit: this.limit }, this.limit)
    this.#emptySlot.textContent = this.#format.label('empty')
    if (this.#client === undefined) this.#open()
    this.#show()
  }

  #open (): void {
    this.#needsClient = false
    const { src, board, window, segment, me, feed, token } = this
    const transport = this.transport ?? 'auto'
    try {
      this.#client = new ScoreboardClient({ src, board, window, segment, transport, me, feed, token })
    } catch (error) {
      reportError(error)
      return
    }
    this.#forward('board', (board) => {
      this.#top = board
      this.#changedAt = board.event === 'update' ? Date.now() : undefined
      this.#show()
    })
    this.#forward('state', () => this.#showState())
    this.#forward('you', ({ user_id: userId }) => {
      if (this.#ownId === userId) return
      this.#ownId = userId
      this.#show()
    })
    this.#forward('overtaken')
    this.#forward('scores')
    this.#ageTimer = setInterval(() => this.#showState(), AGE_INTERVAL_MS)
  }

  /** Handles an event of the client, and emits it on the element. */
  #forward<K extends keyof ScoreboardEventMap> (
    type: K,
    handle?: (detail: ScoreboardEventMap[K]['detail']) => void
  ): void {
    this.#client?.addEventListener(type, ({ detail }) => {
      handle?.(detail)
      this.dispatchEvent(new CustomEvent(type, { detail }))
    })
  }

  #close (): void {
    this.#client?.close()
    clearInterval(this.#ageTimer)
    this.#announcer.reset()
    this.#client =
      this.#top =
      this.#changedAt =
      this.#ownId =
        undefined
    this.#rows.clear()
  }

  #show (): void {
    const entries = this.#top?.top_scores.slice(0, this.limit) ?? []
    this.#rows.show(entries, { format: this.#format, ownId: this.user ?? this.#ownId })
    this.#empty.hidden = this.#top === undefined || entries.length > 0
    this.#announcer.update(entries[0])
    this.#showState()
  }

  #showState (): void {
    const state = this.#client?.state ?? 'ended'
    if (this.#state.dataset['state'] !== state) this.#state.dataset['state'] = state
    setText(this.#state, this.#format.label(state))
    const age = this.#ageText(state)
    setText(this.#age, age === '' ? '' : `· ${age}`)
  }

  /** While live: when the board changed, if that was seen. Otherwise: until when it is known to have been right. */
  #ageText (state: ScoreboardState): string {
    const isLive = state === 'live'
    const changedMs = this.#changedAt === undefined ? undefined : Date.now() - this.#changedAt
    const ageMs = isLive ? changedMs : this.#client?.ageMs
    if (this.#top === undefined || ageMs === undefined) return ''
    return this.#format.label(isLive ? 'changed' : 'asOf', { age: this.#format.age(ageMs) })
  }
}

function columnHeader (name: string): HTMLTableCellElement {
  const header = make('th', name)
  header.scope = 'col'
  return header
}

/** The listeners get the types of `ScoreboardEventMap`. */
export interface LiveScoreboard {
  addEventListener<K extends keyof ScoreboardEventMap>(
    type: K,
    listener: (this: LiveScoreboard, event: ScoreboardEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions
  ): void
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: LiveScoreboard, event: HTMLElementEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions
  ): void
  removeEventListener<K extends keyof ScoreboardEventMap>(
    type: K,
    listener: (this: LiveScoreboard, event: ScoreboardEventMap[K]) => void,
    options?: boolean | EventListenerOptions
  ): void
  removeEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: LiveScoreboard, event: HTMLElementEventMap[K]) => void,
    options?: boolean | EventListenerOptions
  ): void
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions
  ): void
}
