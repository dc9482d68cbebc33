// Follows a scoreboard from a browser: over a WebSocket, over server-sent events where no WebSocket gets through, back by itself
// after every loss, spread out, and never with an older board. One file, no dependencies, importable from any origin:
//
//   const client = new ScoreboardClient({ src: 'https://scores.example', board: 'main' })
//   client.addEventListener('board', ({ detail }) => show(detail.top_scores))

const RETRY_BASE_MS = 500
const RETRY_CAP_MS = 15_000
/** Whoever is overloaded is not asked again before this, whatever chance says. */
const LATER_MS = 5000
/** A connection that held for so long was a good one: the next failure starts from the shortest delay. */
const CALM_MS = 10_000
const OPEN_WITHIN_MS = 10_000
/** A heartbeat comes every 25 s at the latest, board or no board: one that is not here by now is overdue. */
const HEARTBEAT_OVERDUE_MS = 30_000
/** Two heartbeats are missing: the other end is gone, and nobody told this one. */
const SILENT_MS = 60_000
const CHECK_MS = 5000
/** How many misses in a row until the other transport is tried: fewer where no WebSocket has ever got through. */
const PATIENCE = { websocket: 5, untriedWebSocket: 2, sse: 1 }
const WEBSOCKET_AGAIN_MS = 60_000
const WEBSOCKET_AGAIN_CAP_MS = 15 * 60_000

/** Close codes and HTTP statuses after which coming back does not help: the request itself is wrong. */
const NEVER = new Set([1002, 1003, 1007, 1008, 1009, 4403, 4404, 400, 403, 404])
const TOKEN_EXPIRED = new Set([4401, 401])
const OVERLOADED = new Set([1013, 429, 503])
const LOST = 1006
const TOKEN_WRONG = 4403

/** Ms since now, by the clock that went further: one stops while a laptop sleeps, the other can be set back. */
function stopwatch () {
  const wall = Date.now()
  const steady = performance.now()
  return () => Math.max(Date.now() - wall, performance.now() - steady)
}

/** Where the service is: at `src`, else where this module came from or, when it was bundled, where the page came from. */
function serviceUrl (src) {
  const module = import.meta.url
  const page = globalThis.document?.baseURI
  const url = src ? new URL(src, page) : new URL('/', module.startsWith('http') ? module : page)
  if (!/^(http|ws)s?:$/.test(url.protocol)) throw new TypeError(`src is to be an http or https address, not ${src}`)
  url.protocol = url.protocol.replace('ws', 'http')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

// --- One connection -----------------------------------------------------------------------------------------------------------

/** Each opens a connection and returns what closes it. */
const TRANSPORTS = {
  websocket (service, query, token, { onOpen, onText, onEnd }) {
    const url = new URL('ws/scoreboard', service)
    url.search = query
    url.protocol = url.protocol.replace('http', 'ws')
    const socket = token ? new WebSocket(url, ['scorewire.v1', `bearer.${token}`]) : new WebSocket(url)
    socket.onopen = onOpen
    socket.onmessage = ({ data }) => onText(data)
    socket.onclose = ({ code, reason }) => onEnd(code, reason)
    return () => socket.close()
  },

  sse (service, query, token, { onOpen, onText, onEnd }) {
    const url = new URL('sse/scoreboard', service)
    url.search = query
    if (token) url.searchParams.set('token', token)
    const source = new EventSource(url)
    const asking = new AbortController()
    source.onopen = onOpen
    source.onmessage = ({ data }) => onText(data)
    source.onerror = async () => {
      const refused = source.readyState === EventSource.CLOSED
      source.close() // by itself it would come back without any jitter
      if (!refused) return onEnd(LOST, '')
      const { code, reason } = await refusalOf(url, asking)
      onEnd(code, reason)
    }
    return () => {
      source.close()
      asking.abort()
    }
  }
}

/** EventSource keeps to itself why it was refused, so this asks once more. Only the service's own words count, not a gateway's. */
async function refusalOf (url, asking) {
  try {
    const response = await fetch(url, { signal: asking.signal, cache: 'no-store', headers: { accept: 'text/event-stream' } })
    if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return { code: LOST, reason: '' }
    const { code, detail } = await response.json()
    // A service that has no such route is older than this module, or a proxy hides it; the board may be there all the same.
    return code === 'not_found' ? { code: LOST, reason: '' } : { code: response.status, reason: detail }
  } catch {
    return { code: LOST, reason: '' } // nobody answers, which is no refusal
  } finally {
    asking.abort()
  }
}

/** One connection. It ends once, with `onEnd`; after that, and after `close`, it says nothing more. */
class Link {
  kind
  age = stopwatch()
  /** Since the other end was heard. */
  silence = stopwatch()
  opened = false
  spoke = false
  /** The node has said that it leaves. */
  leaving = false
  /** It may be dead, and another is being opened beside it. */
  suspect = false
  #closed = false
  #closeSource = () => {}
  #onMessage
  #onEnd

  constructor (kind, onMessage, onEnd) {
    this.kind = kind
    this.#onMessage = onMessage
    this.#onEnd = onEnd
  }

  /** Connects, with a token that has been waited for. */
  open (service, query, token) {
    if (this.#closed) return
    try {
      this.#closeSource = TRANSPORTS[this.kind](service, query, token, {
        onOpen: () => { this.opened = true },
        onText: (text) => this.#hear(text),
        onEnd: (code, reason) => this.end(code, reason)
      })
    } catch (error) {
      // What cannot even stand in a header is no token; anything else is the browser's refusal, such as an insecure address.
      this.end(error.name === 'SyntaxError' ? TOKEN_WRONG : LOST, error.message)
    }
  }

  #hear (text) {
    if (this.#closed) return
    this.spoke = true
    this.silence = stopwatch()
    this.#onMessage(JSON.parse(text))
  }

  end (code, reason) {
    if (this.#closed) return
    this.close()
    this.#onEnd(code, reason)
  }

  close () {
    this.#closed = true
    this.#closeSource()
  }
}

// --- The client ---------------------------------------------------------------------------------------------------------------

/**
 * A scoreboard that is followed until `close()`. Events, each a CustomEvent: `board` with every newer board, `state`, and where
 * they were asked for `you`, `overtaken` and `scores`. See client.d.ts for the options and what each event carries.
 */
export class ScoreboardClient extends EventTarget {
  #service
  #query
  #token
  #feed
  #auto

  #state = 'connecting'
  #board
  /** What is known of the present: the highest version of the epoch, and the time since it was last told. */
  #epoch
  #version
  #sinceConfirmed

  /** The connection that speaks, and the one that is being opened, perhaps to take its place. */
  #current
  #candidate
  #kind
  #webSocketWorked = false
  #misses = 0
  #failures = 0
  #trials = 0
  #askedForToken = false

  #retry
  #trial
  #check
  #listening = new AbortController()

  constructor ({ src, board, window, segment, token, me = false, feed, transport = 'auto' } = {}) {
    super()
    if (!['auto', 'websocket', 'sse'].includes(transport)) throw new TypeError(`transport is to be auto, websocket or sse, not ${transport}`)
    this.#service = serviceUrl(src)
    this.#query = new URLSearchParams(Object.entries({ board, window, segment, me: me ? '1' : undefined, feed }).filter(([, value]) => value))
    this.#token = token
    this.#feed = feed
    this.#auto = transport === 'auto'
    this.#kind = transport === 'sse' ? 'sse' : 'websocket'

    const { signal } = this.#listening
    globalThis.document?.addEventListener('visibilitychange', () => this.#onVisibility(), { signal })
    globalThis.addEventListener?.('online', () => this.#onOnline(), { signal })
    globalThis.addEventListener?.('offline', () => this.#onOffline(), { signal })
    this.#check = setInterval(() => this.#dropTheDead(), CHECK_MS)
    this.#connect()
  }

  get state () { return this.#state }
  get board () { return this.#board }
  get ageMs () { return this.#sinceConfirmed?.() }
  get transport () { return this.#current?.kind }

  close () {
    this.#state = 'ended'
    clearTimeout(this.#retry)
    clearTimeout(this.#trial)
    clearInterval(this.#check)
    this.#listening.abort()
    this.#current?.close()
    this.#candidate?.close()
    this.#current = this.#candidate = undefined
  }

  // --- Opening ---

  /** Opens one connection more, unless one is being opened. */
  async #connect (kind = this.#kind) {
    clearTimeout(this.#retry)
    if (this.#candidate !== undefined || this.#closed) return
    const link = new Link(kind, (message) => this.#onMessage(link, message), (code, reason) => this.#onEnd(link, code, reason))
    this.#candidate = link
    let token
    try {
      // Waited for in any case: whoever makes a client is to have added listeners before anything happens.
      token = await (typeof this.#token === 'function' ? this.#token() : this.#token)
    } catch (error) {
      return link.end(LOST, `no token: ${error}`)
    }
    link.open(this.#service, this.#query, token)
  }

  #connectIn (delayMs) {
    clearTimeout(this.#retry)
    if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), delayMs)
  }

  /** The candidate has spoken: the former connection may go, and can no longer bring back what it knew. */
  #promote (link) {
    const former = this.#current
    this.#current = link
    this.#candidate = undefined
    former?.close()
    this.#kind = link.kind
    this.#misses = 0
    clearTimeout(this.#trial)
    if (link.kind === 'websocket') {
      this.#webSocketWorked = true
      this.#trials = 0
    }
    this.#tryWebSocketLater()
    // What was told between two connections is gone; scores, unlike boards, do not come whole.
    if (this.#feed === 'scores' && former === undefined && this.#board !== undefined) {
      const { board, window, segment } = this.#board
      this.#tell('scores', { event: 'scores', board, window, ...(segment !== undefined && { segment }), changes: [], missed: true })
    }
  }

  /** Whatever kept WebSockets out may be gone, with a network left or a proxy mended. */
  #tryWebSocketLater () {
    if (!this.#auto || this.#current?.kind !== 'sse') return
    const most = Math.min(WEBSOCKET_AGAIN_CAP_MS, WEBSOCKET_AGAIN_MS * 2 ** this.#trials++)
    clearTimeout(this.#trial)
    this.#trial = setTimeout(() => this.#connect('websocket'), most * (0.5 + Math.random() / 2))
  }

  // --- Hearing ---

  #onMessage (link, message) {
    const { event } = message
    const isBoard = event === 'snapshot' || event === 'update'
    if (link === this.#candidate) {
      if (this.#current !== undefined && !isBoard) return // while another one serves, only a node that knows the board is a better one
      this.#promote(link)
    }
    link.suspect = false
    if (!link.leaving) clearTimeout(this.#retry)
    if (isBoard) this.#take(message)
    else if (event === 'heartbeat') this.#confirm(message)
    else if (event === 'stale') this.#become('stale')
    else if (event === 'reconnect') this.#leave(link, message.within_ms)
    else if (event === 'you' || event === 'overtaken' || event === 'scores') this.#tell(event, message)
  }

  /** Within an epoch only a higher version is news; another epoch is another history and always taken. */
  #take (board) {
    const sameEpoch = board.epoch === this.#epoch
    const isNews = !sameEpoch || board.version > this.#version
    if (!sameEpoch) this.#version = undefined
    this.#epoch = board.epoch
    if (isNews) this.#board = board
    this.#confirm(board)
    this.#become('live') // perhaps behind, on a node that will catch up
    if (isNews) this.#tell('board', board)
  }

  /** What is here is current as of a version: perhaps a higher one, which the visible rows do not show. */
  #confirm ({ epoch, version }) {
    if (this.#board === undefined || epoch !== this.#epoch || version < this.#version) return
    this.#version = version
    this.#sinceConfirmed = stopwatch()
    this.#become('live')
  }

  /** The next connection is opened before this one is closed, and not by everybody at once. */
  #leave (link, withinMs) {
    if (link.leaving) return
    link.leaving = true
    this.#connectIn(Math.random() * withinMs)
  }

  // --- Losing ---

  #onEnd (link, code, reason) {
    if (link === this.#current) this.#current = undefined
    else this.#candidate = undefined
    if (link.spoke && link.age() > CALM_MS) {
      this.#failures = 0
      this.#askedForToken = false
    }
    const other = this.#current
    if (other !== undefined && !other.leaving && !other.suspect) return this.#tryWebSocketLater() // it was not needed
    if (NEVER.has(code)) return this.#end(code, reason)
    if (this.#candidate !== undefined) return this.#become(link.leaving ? 'connecting' : 'offline', code, reason) // the next one is on its way
    if (TOKEN_EXPIRED.has(code)) return this.#renewToken(code, reason)
    if (link.leaving) { // before its turn came, but as announced
      this.#become('connecting', code, reason)
      return this.#connectIn(Math.random() * RETRY_BASE_MS)
    }
    if (!link.spoke && code === LOST) this.#countMiss(link.kind)
    // AWS's "full jitter": a thousand pages that lost the same node do not come back at the same moment.
    const delayMs = Math.random() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** this.#failures++)
    this.#connectIn(OVERLOADED.has(code) ? LATER_MS + Math.random() * RETRY_CAP_MS : delayMs)
    if (other !== undefined) return
    // A page that has only begun has not failed before each transport has.
    const begins = this.#board === undefined && this.#auto && this.#failures <= PATIENCE.untriedWebSocket
    this.#become(begins ? 'connecting' : 'offline', code, reason)
  }

  #countMiss (kind) {
    if (!this.#auto || kind !== this.#kind) return
    const patience = kind === 'sse' ? PATIENCE.sse : this.#webSocketWorked ? PATIENCE.websocket : PATIENCE.untriedWebSocket
    if (++this.#misses < patience) return
    this.#misses = 0
    this.#kind = kind === 'sse' ? 'websocket' : 'sse'
  }

  /** A token that has run out is replaced once; a second refusal means that the new one is no better. */
  #renewToken (code, reason) {
    if (typeof this.#token !== 'function' || this.#askedForToken) return this.#end(code, reason)
    this.#askedForToken = true
    if (this.#current === undefined) this.#become('connecting', code, reason)
    this.#connect()
  }

  #end (code, reason) {
    this.close()
    this.dispatchEvent(new CustomEvent('state', { detail: { state: 'ended', code, reason } }))
  }

  // --- Watching over it ---

  #dropTheDead () {
    for (const link of [this.#current, this.#candidate]) {
      if (link === undefined) continue
      const { opened, spoke } = link
      if ((!opened && link.age() > OPEN_WITHIN_MS) || (!spoke && link.age() > HEARTBEAT_OVERDUE_MS) || link.silence() > SILENT_MS) link.end(LOST, 'silent')
    }
  }

  /** Somebody looks again: what they see is to be current, and soon. */
  #onVisibility () {
    if (document.visibilityState !== 'visible') return
    if (this.#current === undefined) return this.#connectIn(Math.random() * RETRY_BASE_MS)
    if (this.#current.silence() < HEARTBEAT_OVERDUE_MS) return
    this.#current.suspect = true
    this.#connect()
  }

  /** Connections rarely survive a change of networks, but nobody is told. */
  #onOnline () {
    if (this.#current !== undefined) this.#current.suspect = true
    this.#candidate?.close()
    this.#candidate = undefined
    this.#connectIn(Math.random() * RETRY_BASE_MS)
  }

  #onOffline () {
    if (this.#current !== undefined) this.#become('offline')
  }

  // --- Telling ---

  #become (state, code, reason) {
    if (state === this.#state || this.#closed) return
    this.#state = state
    this.#tell('state', { state, code, reason })
  }

  /** Whoever listens may close the client at any event, and hears no more from then on. */
  #tell (event, detail) {
    if (!this.#closed) this.dispatchEvent(new CustomEvent(event, { detail }))
  }

  get #closed () { return this.#listening.signal.aborted }
}
