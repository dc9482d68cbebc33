// <live-scoreboard src="https://scores.example" board="main" limit="10"></live-scoreboard>: a scoreboard that follows itself.
// Its client is client.js beside it. Themable by custom properties (see STYLE) and ::part(); every text can be put in other words.
import { ScoreboardClient } from './client.js'

const MAX_ROWS = 10
const ANNOUNCE_EVERY_MS = 5000
const MOVE_MS = 350
const FLASH_MS = 900
/** From here on a score is set smaller where the board is narrow. */
const LONG_SCORE = 1e10

/** Every text. One that depends on a number is an object by plural category (`one`, `few`, `other` …). */
const LABELS = {
  caption: { one: 'The highest score', other: 'The {limit} highest scores, best first' },
  rank: 'Rank',
  player: 'Player',
  score: 'Score',
  you: 'you',
  empty: 'Nobody has scored yet.',
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Stale',
  offline: 'Offline, reconnecting',
  ended: 'Not available',
  changed: 'changed {age}',
  asOf: 'as of {age}',
  now: 'just now',
  seconds: '{n} s ago',
  minutes: '{n} min ago',
  hours: '{n} h ago',
  leads: { one: '{name} leads with {score} point', other: '{name} leads with {score} points' }
}

const STYLE = `
  :host {
    --accent: var(--live-scoreboard-accent, light-dark(#0b6e4f, #5fd3a6));
    --text: var(--live-scoreboard-text, light-dark(#1b211d, #e9eeea));
    --quiet: var(--live-scoreboard-quiet, light-dark(#5b655e, #9daba3));
    --card: var(--live-scoreboard-card, light-dark(#ffffff, #181e1b));
    --line: var(--live-scoreboard-line, light-dark(#e2e5de, #29322d));
    --flash: var(--live-scoreboard-flash, light-dark(#d8f0e4, #1f4435));
    --own: var(--live-scoreboard-own, light-dark(#f1f9f5, #1a2721));
    --warn: var(--live-scoreboard-warn, light-dark(#9a4b00, #ffb25c));
    --radius: var(--live-scoreboard-radius, .9rem);
    display: block;
    min-inline-size: min(100%, 15rem);
    color: var(--text);
    line-height: 1.5;
  }
  :host([hidden]), [hidden] { display: none !important; }
  * { box-sizing: border-box; }
  section { container-type: inline-size; }

  header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .25rem 1rem; margin-block-end: .75rem; }
  header p { margin: 0; color: var(--quiet); font-size: .875rem; font-variant-numeric: tabular-nums; }
  .state { color: var(--warn); font-weight: 600; }
  .state::before { content: ""; display: inline-block; width: .5rem; height: .5rem; margin-inline-end: .4rem; border-radius: 50%; background: currentColor; forced-color-adjust: none; }
  .state[data-state="live"] { color: var(--accent); }
  .state[data-state="connecting"] { color: var(--quiet); }

  .card { border: 1px solid var(--line); border-radius: var(--radius); background: var(--card); overflow: hidden; }
  table { width: 100%; border-spacing: 0; }
  th, td { padding: .7rem 1rem; text-align: start; vertical-align: baseline; }
  thead th { padding-block: .6rem; color: var(--quiet); font-size: .75rem; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; white-space: nowrap; }
  thead :is(:lang(ar), :lang(fa), :lang(ur)) { letter-spacing: 0; }
  tbody tr { position: relative; background: var(--card); }
  tbody :is(td, th) { border-block-start: 1px solid var(--line); }
  tr > :nth-child(2) { width: 100%; max-width: 0; }
  tbody th { font-weight: 500; }
  th div { display: flex; align-items: baseline; gap: .5rem; }
  bdi { min-width: 0; overflow: hidden; text-align: match-parent; text-overflow: ellipsis; white-space: nowrap; }
  .rank { color: var(--quiet); font-variant-numeric: tabular-nums; }
  .score { text-align: end; font-variant-numeric: tabular-nums; }
  td.score { font-weight: 650; white-space: nowrap; }
  tr.first td.rank { color: var(--accent); font-weight: 700; }
  tr.first th { font-weight: 650; }
  tr.own { background: var(--own); }
  .you { flex: none; align-self: center; padding: .1rem .5rem; border-radius: 1rem; background: var(--flash); font-size: .75rem; font-weight: 500; line-height: 1.35; }
  .empty { margin: 0; padding: 2rem 1rem; border-block-start: 1px solid var(--line); color: var(--quiet); text-align: center; text-wrap: balance; }
  .for-screen-readers { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

  @container (max-width: 26rem) {
    th, td { padding-inline: .4rem; }
    tr > :first-child { padding-inline-start: .75rem; }
    tr > :last-child { padding-inline-end: .75rem; }
    thead th { letter-spacing: .02em; }
    th div { flex-wrap: wrap; gap: .1rem .5rem; }
    bdi { display: -webkit-box; max-width: 100%; white-space: normal; overflow-wrap: anywhere; line-height: 1.35; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
    td.score.long { font-size: .78rem; letter-spacing: -.015em; }
  }
`

/** One sheet for every element; a page's Content-Security-Policy has no say in it, as it would in a <style>. */
let sheet
function sharedSheet () {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
  }
  return sheet
}

const calm = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)')

/** An element by tag, class and part (the same word) and what is in it. */
function make (tag, name, ...content) {
  const element = document.createElement(tag)
  if (name) {
    element.className = name
    element.part = name
  }
  element.append(...content)
  return element
}

function columnHeader (name) {
  const header = make('th', name)
  header.scope = 'col'
  return header
}

// Outside of a browser there is nothing to extend; a bundler or a server that renders pages imports this all the same.
export class LiveScoreboard extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ['src', 'board', 'window', 'segment', 'transport', 'me', 'feed', 'limit', 'user', 'labels', 'lang']

  #client
  #token
  #labels
  #words = LABELS
  #format
  #lang

  #board
  #changedAt
  #ownId
  #rows = new Map()

  #flushing = false
  #reopening = false
  #ageTimer
  #announcing
  #announcedAt = -Infinity
  #leader

  #root = make('section', 'root')
  #state = make('span', 'state')
  #age = make('span', 'age')
  #caption = make('caption', 'caption')
  #columns = { rank: columnHeader('rank'), player: columnHeader('player'), score: columnHeader('score') }
  #body = make('tbody', 'rows')
  #emptySlot = make('slot')
  #empty = make('p', 'empty', this.#emptySlot)
  #announcement = make('p', 'for-screen-readers')

  constructor () {
    super()
    const heading = make('slot')
    heading.name = 'heading'
    this.#emptySlot.name = 'empty'
    this.#caption.classList.add('for-screen-readers')
    this.#announcement.setAttribute('aria-live', 'polite')
    const table = make('table', 'table', this.#caption, make('thead', 'head', make('tr', '', ...Object.values(this.#columns))), this.#body)
    this.#root.append(make('header', 'header', heading, make('p', 'status', this.#state, ' ', this.#age)), make('div', 'card', table, this.#empty), this.#announcement)
    const shadow = this.attachShadow({ mode: 'open' })
    shadow.adoptedStyleSheets = [sharedSheet()]
    shadow.append(this.#root)
  }

  // --- Attributes and properties ---

  get src () { return this.getAttribute('src') }
  set src (value) { this.#reflect('src', value) }
  get board () { return this.getAttribute('board') }
  set board (value) { this.#reflect('board', value) }
  get window () { return this.getAttribute('window') }
  set window (value) { this.#reflect('window', value) }
  get segment () { return this.getAttribute('segment') }
  set segment (value) { this.#reflect('segment', value) }
  get transport () { return this.getAttribute('transport') }
  set transport (value) { this.#reflect('transport', value) }
  get feed () { return this.getAttribute('feed') }
  set feed (value) { this.#reflect('feed', value) }
  get me () { return this.hasAttribute('me') }
  set me (value) { this.toggleAttribute('me', Boolean(value)) }
  get user () { return this.getAttribute('user') }
  set user (value) { this.#reflect('user', value) }
  get limit () {
    const limit = Math.trunc(Number(this.getAttribute('limit') ?? MAX_ROWS))
    return limit >= 1 && limit <= MAX_ROWS ? limit : MAX_ROWS
  }

  set limit (value) { this.#reflect('limit', value) }
  get labels () { return this.#labels ?? {} }
  set labels (value) {
    this.#labels = value ?? undefined
    this.#changed()
  }

  get token () { return this.#token }
  set token (value) {
    this.#token = value ?? undefined
    this.#changed({ reopen: true })
  }

  /** The client that it shows, while it is in a document. */
  get client () { return this.#client }

  #reflect (name, value) {
    if (value === null || value === undefined) this.removeAttribute(name)
    else this.setAttribute(name, value)
  }

  connectedCallback () {
    // What a page has set before this module came lies in front of the accessors.
    for (const name of ['src', 'board', 'window', 'segment', 'transport', 'feed', 'me', 'user', 'limit', 'labels', 'token']) {
      if (!Object.hasOwn(this, name)) continue
      const value = this[name]
      delete this[name]
      this[name] = value
    }
    this.#changed()
  }

  disconnectedCallback () {
    this.#changed()
  }

  attributeChangedCallback (name, before, value) {
    if (before === value) return
    if (name === 'labels') this.#labels = value === null ? undefined : JSON.parse(value)
    this.#changed({ reopen: ['src', 'board', 'window', 'segment', 'transport', 'me', 'feed'].includes(name) })
  }

  /** Several changes in one go, a move within the page among them, are one. */
  #changed ({ reopen = false } = {}) {
    this.#reopening ||= reopen
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => {
      this.#flushing = false
      if (!this.isConnected) return this.#close()
      if (this.#reopening) this.#close()
      this.#speak()
      if (this.#client === undefined) this.#open()
      this.#show()
    })
  }

  // --- The client ---

  #open () {
    this.#reopening = false
    try {
      this.#client = new ScoreboardClient({
        src: this.src, board: this.board, window: this.window, segment: this.segment, transport: this.transport ?? 'auto', me: this.me, feed: this.feed, token: this.#token
      })
    } catch (error) {
      reportError(error)
      return
    }
    const react = {
      board: ({ event }) => {
        this.#board = this.#client.board
        this.#changedAt = event === 'update' ? Date.now() : undefined
        this.#show()
      },
      state: () => this.#showState(),
      you: ({ user_id: user }) => {
        if (this.#ownId === user) return
        this.#ownId = user
        this.#show()
      },
      overtaken: () => {},
      scores: () => {}
    }
    for (const [type, handle] of Object.entries(react)) {
      this.#client.addEventListener(type, ({ detail }) => {
        handle(detail)
        this.dispatchEvent(new CustomEvent(type, { detail }))
      })
    }
    this.#ageTimer = setInterval(() => this.#showState(), 1000)
  }

  #close () {
    this.#client?.close()
    clearInterval(this.#ageTimer)
    clearTimeout(this.#announcing)
    this.#client = this.#board = this.#changedAt = this.#ownId = this.#leader = undefined
    this.#rows.clear()
    this.#body.replaceChildren()
  }

  // --- Showing ---

  /** Numbers and plurals as the language of the document has them, and the words for everything that does not change. */
  #speak () {
    const lang = this.closest('[lang]')?.lang || 'en'
    if (lang !== this.#lang) {
      this.#lang = lang
      const [locale] = localesLike(lang)
      this.#format = { number: new Intl.NumberFormat(locale), plural: new Intl.PluralRules(locale) }
    }
    this.#words = { ...LABELS, ...this.#labels }
    for (const [name, header] of Object.entries(this.#columns)) header.textContent = this.#words[name]
    this.#caption.textContent = this.#say('caption', { limit: this.limit }, this.limit)
    this.#emptySlot.textContent = this.#words.empty
  }

  /** A label with its values filled in, numbers written as the language does, in the plural form for `count`. */
  #say (name, values = {}, count = 0) {
    const label = this.#words[name]
    const text = typeof label === 'string' ? label : label[this.#format.plural.select(count)] ?? label.other
    return text.replace(/\{(\w+)\}/g, (_, key) => typeof values[key] === 'number' ? this.#format.number.format(values[key]) : values[key])
  }

  #show () {
    const entries = this.#board?.top_scores.slice(0, this.limit) ?? []
    const before = new Map(Array.from(this.#rows, ([user, row]) => [user, row.getBoundingClientRect().top]))
    const present = new Set(entries.map(({ user_id: user }) => user))
    for (const [user, row] of this.#rows) {
      if (present.has(user)) continue
      row.remove()
      this.#rows.delete(user)
    }
    const raised = entries.map((entry, place) => {
      const row = this.#rows.get(entry.user_id) ?? this.#newRow(entry.user_id)
      if (this.#body.children[place] !== row) this.#body.insertBefore(row, this.#body.children[place] ?? null)
      return this.#fill(row, entry)
    })
    if (calm?.matches === false) entries.forEach(({ user_id: user }, place) => move(this.#rows.get(user), before.get(user), raised[place]))
    this.#empty.hidden = this.#board === undefined || entries.length > 0
    this.#announce(entries)
    this.#showState()
  }

  #newRow (user) {
    const player = make('th', 'player', make('div', '', make('bdi', 'name')))
    player.scope = 'row'
    const row = make('tr', 'row', make('td', 'rank'), player, make('td', 'score'))
    this.#rows.set(user, row)
    return row
  }

  /** Writes an entry into its row and returns whether its score has changed. */
  #fill (row, { user_id: user, username, rank, score }) {
    const [rankCell, player, scoreCell] = row.children
    const [{ firstChild: name, lastChild: mark }] = player.children
    const { number } = this.#format
    const raised = row.dataset.score !== undefined && row.dataset.score !== String(score)
    const own = user === (this.user ?? this.#ownId)
    row.dataset.score = score
    for (const list of [row.classList, row.part]) {
      list.toggle('first', rank === 1)
      list.toggle('own', own)
    }
    if (own) row.ariaCurrent = 'true'
    else row.removeAttribute('aria-current')
    rankCell.textContent = number.format(rank)
    name.textContent = username
    player.title = username
    if (mark !== name) mark.remove()
    if (own) name.after(make('span', 'you', this.#words.you))
    scoreCell.textContent = number.format(score)
    scoreCell.classList.toggle('long', score >= LONG_SCORE)
    return raised
  }

  #showState () {
    const state = this.#client?.state ?? 'ended'
    if (this.#state.dataset.state !== state) this.#state.dataset.state = state
    setText(this.#state, this.#words[state])
    setText(this.#age, this.#ageText(state))
  }

  /** While it is live: when it changed, where that was seen. Else: until when it is known to have been right. */
  #ageText (state) {
    if (state === 'live') return this.#changedAt === undefined ? '' : `· ${this.#say('changed', { age: this.#ago(Date.now() - this.#changedAt) })}`
    return this.#board === undefined ? '' : `· ${this.#say('asOf', { age: this.#ago(this.#client.ageMs) })}`
  }

  #ago (ms) {
    const seconds = Math.floor(ms / 1000)
    if (seconds < 2) return this.#say('now')
    if (seconds < 120) return this.#say('seconds', { n: seconds }, seconds)
    const minutes = Math.floor(seconds / 60)
    if (minutes < 120) return this.#say('minutes', { n: minutes }, minutes)
    const hours = Math.floor(minutes / 60)
    return this.#say('hours', { n: hours }, hours)
  }

  /** Tells a screen reader who leads: only when that has changed, and seldom. */
  #announce ([first]) {
    if (first === undefined || first.user_id === this.#leader) return
    this.#leader = first.user_id
    clearTimeout(this.#announcing)
    this.#announcing = setTimeout(() => {
      const leads = this.#board?.top_scores[0]
      if (leads === undefined) return
      this.#announcedAt = performance.now()
      this.#announcement.textContent = this.#say('leads', { name: leads.username, score: leads.score }, leads.score)
    }, Math.max(0, this.#announcedAt + ANNOUNCE_EVERY_MS - performance.now()))
  }
}

/** The locale for a language tag; the browser's own when a page's is no tag at all. */
function localesLike (lang) {
  try {
    return Intl.getCanonicalLocales(lang)
  } catch {
    return []
  }
}

/** What has not changed is left alone: a selection in it stays. */
function setText (element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** Lets a row glide from where it was, and lights it up when its score has changed. */
function move (row, before, raised) {
  const shift = before === undefined ? 0 : before - row.getBoundingClientRect().top
  if (shift !== 0) {
    row.animate([{ transform: `translateY(${shift}px)` }, { transform: 'none' }], { duration: MOVE_MS, easing: 'cubic-bezier(.2, .7, .2, 1)' })
  }
  if (raised) row.animate([{ backgroundColor: 'var(--flash)' }, {}], { duration: FLASH_MS, easing: 'ease-out' })
}

if (globalThis.customElements?.get('live-scoreboard') === undefined) globalThis.customElements?.define('live-scoreboard', LiveScoreboard)
