// Follows a scoreboard: reconnects after every loss, spread out in time, and never shows an older board.
import type { LiveMessage, TopMessage } from '../../../src/live/messages.ts'
import { Connection, type ConnectionListener } from './connection.ts'
import { isFinal, isTokenExpired, LOST, type ConnectionEnd } from './connection-end.ts'
import type { ScoreboardEventMap, ScoreboardState } from './events.ts'
import { KnownBoard } from './known-board.ts'
import type { ScoreboardClientOptions, ScoreboardToken } from './options.ts'
import { retryDelayMs, shortDelayMs } from './retry-delay.ts'
import { serviceUrl } from './service-url.ts'
import { TransportChoice } from './transport-choice.ts'
import type { TransportKind } from './transports.ts'

/** A connection that lasted this long was a good one: the next failure starts from the shortest delay. */
const GOOD_AFTER_MS = 10_000
const CHECK_MS = 5000

/**
 * Follows a scoreboard until `close()`, over a WebSocket or, where none gets through, over server-sent events. It
 * connects at once, and its first event comes later than the code that made it.
 */
export class ScoreboardClient extends EventTarget {
  readonly #service: URL
  readonly #query: URLSearchParams
  readonly #token: ScoreboardToken | null | undefined
  readonly #hasFeed: boolean
  readonly #transport: TransportChoice

  #state: ScoreboardState = 'connecting'
  readonly #known = new KnownBoard()

  /** The connection that serves, and the one that is being opened, perhaps to replace it. */
  #current: Connection | undefined
  #candidate: Connection | undefined
  #failures = 0
  #hasRenewedToken = false

  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #trialTimer: ReturnType<typeof setTimeout> | undefined
  readonly #checkTimer: ReturnType<typeof setInterval>
  /** Aborted by `close()`. */
  readonly #closing = new AbortController()
  readonly #listener: ConnectionListener = {
    onMessage: (connection, message) => this.#receive(connection, message),
    onEnd: (connection, end) => this.#onEnd(connection, end)
  }

  /** @throws TypeError when `src` is no http or https address, or `transport` is unknown */
  constructor (options: ScoreboardClientOptions = {}) {
    super()
    const { src, board, window, segment, token, me = false, feed, transport = 'auto' } = options
    if (!['auto', 'websocket', 'sse'].includes(transport)) {
      throw new TypeError(`transport must be auto, websocket or sse, not ${transport}`)
    }
    this.#service = serviceUrl(src)
    const query = Object.entries({ board, window, segment, me: me ? '1' : undefined, feed })
    this.#query = new URLSearchParams(query.flatMap(([name, value]) => value ? [[name, value]] : []))
    this.#token = token
    this.#hasFeed = feed === 'scores'
    this.#transport = new TransportChoice(transport)

    const { signal } = this.#closing
    globalThis.document?.addEventListener('visibilitychange', () => this.#onVisibility(), { signal })
    globalThis.addEventListener?.('online', () => this.#onOnline(), { signal })
    globalThis.addEventListener?.('offline', () => this.#onOffline(), { signal })
    this.#checkTimer = setInterval(() => this.#endDeadConnections(), CHECK_MS)
    void this.#connect()
  }

  get state (): ScoreboardState {
    return this.#state
  }

  /** The newest board, also while the client is not live. */
  get board (): TopMessage | undefined {
    return this.#known.board
  }

  /** The time in ms since `board` was last known to be the present one. */
  get ageMs (): number | undefined {
    return this.#known.ageMs
  }

  /** The transport of the connection, while there is one. */
  get transport (): TransportKind | undefined {
    return this.#current?.kind
  }

  /** Ends the client: no event comes any more, and no timer or connection is left. */
  close (): void {
    this.#state = 'ended'
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#trialTimer)
    clearInterval(this.#checkTimer)
    this.#closing.abort()
    this.#current?.close()
    this.#candidate?.close()
    this.#current = this.#candidate = undefined
  }

  get #isClosed (): boolean {
    return this.#closing.signal.aborted
  }

  /** Opens another connection, unless one is being opened. */
  async #connect (kind = this.#transport.kind): Promise<void> {
    clearTimeout(this.#retryTimer)
    if (this.#candidate !== undefined || this.#isClosed) return
    const connection = this.#candidate = new Connection(kind, this.#listener)
    let token: string | null | undefined
    try {
      // Awaited in any case, so that the code that made the client can add its listeners before the first event.
      token = await (typeof this.#token === 'function' ? this.#token() : this.#token)
    } catch (error) {
      return connection.end({ code: LOST, reason: `no token: ${error}` })
    }
    connection.open({ service: this.#service, query: this.#query, token })
  }

  #connectIn (delayMs: number): void {
    clearTimeout(this.#retryTimer)
    if (!this.#isClosed) {
      this.#retryTimer = setTimeout(() => {
        void this.#connect()
      }, delayMs)
    }
  }

  /** Makes the candidate the current connection, and closes the former one before it can bring back an older board. */
  #promote (connection: Connection): void {
    const former = this.#current
    this.#current = connection
    this.#candidate = undefined
    former?.close()
    clearTimeout(this.#trialTimer)
    this.#transport.noteSuccess(connection.kind)
    this.#tryWebSocketLater()
    // Scores that changed between two connections are lost: unlike boards, they are not sent as a whole.
    if (this.#hasFeed && former === undefined && this.board !== undefined) {
      const { board, window, segment } = this.board
      const heading = { board, window, ...(segment !== undefined && { segment }) }
      this.#emit('scores', { event: 'scores', ...heading, changes: [], missed: true })
    }
  }

  /** Whatever keeps WebSockets out may go away, as when the user leaves a network or a proxy is repaired. */
  #tryWebSocketLater (): void {
    if (!this.#transport.isAuto || this.#current?.kind !== 'sse') return
    clearTimeout(this.#trialTimer)
    this.#trialTimer = setTimeout(() => {
      void this.#connect('websocket')
    }, this.#transport.nextTrialMs())
  }

  #receive (connection: Connection, message: LiveMessage): void {
    const isBoard = message.event === 'snapshot' || message.event === 'update'
    if (connection === this.#candidate) {
      // While another connection serves, a node is only better when it knows the board.
      if (this.#current !== undefined && !isBoard) return
      this.#promote(connection)
    }
    connection.isSuspect = false
    if (!connection.isDraining) clearTimeout(this.#retryTimer)
    if (isBoard) this.#acceptBoard(message)
    else if (message.event === 'heartbeat') this.#confirm(message)
    else if (message.event === 'stale') this.#setState('stale')
    else if (message.event === 'reconnect') this.#replace(connection, message.within_ms)
    else if (message.event === 'you') this.#emit('you', message)
    else if (message.event === 'overtaken') this.#emit('overtaken', message)
    else if (message.event === 'scores') this.#emit('scores', message)
  }

  #acceptBoard (board: TopMessage): void {
    const isNewer = this.#known.accept(board)
    this.#setState('live') // an older board comes from a node that will catch up
    if (isNewer) this.#emit('board', board)
  }

  #confirm (message: LiveMessage & { event: 'heartbeat' }): void {
    if ('epoch' in message && this.#known.confirm(message)) this.#setState('live')
  }

  /** Opens the next connection before this one closes, at a random time so that not all clients come at once. */
  #replace (connection: Connection, withinMs: number): void {
    if (connection.isDraining) return
    connection.isDraining = true
    this.#connectIn(Math.random() * withinMs)
  }

  #onEnd (connection: Connection, end: ConnectionEnd): void {
    if (connection === this.#current) this.#current = undefined
    else this.#candidate = undefined
    if (connection.hasReceived && connection.ageMs() > GOOD_AFTER_MS) {
      this.#failures = 0
      this.#hasRenewedToken = false
    }
    const other = this.#current
    const isServed = other !== undefined && !other.isDraining && !other.isSuspect
    if (isServed) this.#tryWebSocketLater()
    else if (isFinal(end.code)) this.#end(end)
    else if (this.#candidate !== undefined) this.#setState(connection.isDraining ? 'connecting' : 'offline', end)
    else if (isTokenExpired(end.code)) this.#renewToken(end)
    else if (connection.isDraining) {
      this.#setState('connecting', end)
      this.#connectIn(shortDelayMs())
    } else this.#retry(connection, end)
  }

  #retry (lost: Connection, end: ConnectionEnd): void {
    if (!lost.hasReceived && end.code === LOST) this.#transport.noteMiss(lost.kind)
    this.#connectIn(retryDelayMs(this.#failures++, end.code))
    if (this.#current !== undefined) return
    // A page that has just begun is not offline until both transports have failed.
    const isBeginning = this.board === undefined && this.#transport.isTryingBoth(this.#failures)
    this.#setState(isBeginning ? 'connecting' : 'offline', end)
  }

  /** Asks for another token once; a second refusal means that the new one is no better. */
  #renewToken (end: ConnectionEnd): void {
    if (typeof this.#token !== 'function' || this.#hasRenewedToken) return this.#end(end)
    this.#hasRenewedToken = true
    if (this.#current === undefined) this.#setState('connecting', end)
    void this.#connect()
  }

  #end ({ code, reason }: ConnectionEnd): void {
    this.close()
    this.dispatchEvent(new CustomEvent('state', { detail: { state: 'ended', code, reason } }))
  }

  #endDeadConnections (): void {
    for (const connection of [this.#current, this.#candidate]) {
      if (connection?.isDead) connection.end({ code: LOST, reason: 'silent' })
    }
  }

  /** When the user comes back to the page, the board must be current soon. */
  #onVisibility (): void {
    if (document.visibilityState !== 'visible') return
    if (this.#current === undefined) return this.#connectIn(shortDelayMs())
    if (!this.#current.isQuiet) return
    this.#current.isSuspect = true
    void this.#connect()
  }

  /** Connections rarely survive a change of networks, and neither end is told. */
  #onOnline (): void {
    if (this.#current !== undefined) this.#current.isSuspect = true
    this.#candidate?.close()
    this.#candidate = undefined
    this.#connectIn(shortDelayMs())
  }

  #onOffline (): void {
    if (this.#current !== undefined) this.#setState('offline')
  }

  #setState (state: ScoreboardState, { code, reason }: Partial<ConnectionEnd> = {}): void {
    if (state === this.#state || this.#isClosed) return
    this.#state = state
    this.#emit('state', { state, code, reason })
  }

  /** Emits an event, unless a listener has closed the client during the one before. */
  #emit<K extends keyof ScoreboardEventMap> (type: K, detail: ScoreboardEventMap[K]['detail']): void {
    if (!this.#isClosed) this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

/** The listeners get the types of `ScoreboardEventMap`. */
export interface ScoreboardClient {
  addEventListener<K extends keyof ScoreboardEventMap>(
    type: K,
    listener: (this: ScoreboardClient, event: ScoreboardEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions
  ): void
  removeEventListener<K extends keyof ScoreboardEventMap>(
    type: K,
    listener: (this: ScoreboardClient, event: ScoreboardEventMap[K]) => void,
    options?: boolean | EventListenerOptions
  ): void
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions
  ): void
}
