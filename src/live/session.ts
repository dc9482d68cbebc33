// One live client: what it is sent, and when it is given up.
import type { Socket } from 'node:net'
import type { Clock } from '../leaderboard/clock.ts'
import { CLOSE, type CloseCode } from './close-code.ts'
import { FlowControl } from './flow-control.ts'
import { Frame, type Wire } from './frame.ts'
import type { LiveStats } from './live-stats.ts'
import type { TimerItem } from './timer-wheel.ts'

/** A client that has not answered for so long is gone; with the wheel's two seconds this is 35 s. */
const DEAD_AFTER_MS = 33_000

export interface SessionOptions {
  /** The connection itself: messages are written to it whole. */
  readonly socket: Socket
  readonly wire: Wire
  /** Ends the connection in order, with a word to the client. */
  readonly close: (code: CloseCode, reason: string) => void
  readonly stats: LiveStats
  /** How often the client gets a heartbeat when nothing changes. */
  readonly beatMs: number
  /** When the client's token ends, by `clock`; Infinity without one. */
  readonly expiresAt: number
  readonly clock: Clock
}

/** What a session sends from. */
export interface Source {
  /** Says that what was sent is the newest; undefined before anything was. */
  readonly heartbeat: Frame | undefined
  /** Adds what the client lacks, in order, and takes it as sent. */
  collect(outbox: Frame[]): void
}

/** A client that asks for more than it reads is not waited for. */
const MAX_NOTICES = 32

const NOTHING = Buffer.alloc(0)
const ALIVE = new Frame({ event: 'heartbeat' })

/** What a session has to say, gathered anew for each flush. */
const outbox: Frame[] = []

/**
 * One client's connection. It is sent the present, not the past: while its socket has not taken the last message, or
 * the client has not read it, newer ones replace each other. The newest goes out when there is room.
 */
export class Session implements TimerItem {
  dueAt = 0
  /** One for nearly every client. */
  #sources: readonly Source[] = []
  // What is looked at for each message is here, and not one reference further away.
  readonly #socket: Socket
  readonly #wire: Wire
  readonly #stats: LiveStats
  readonly #options: SessionOptions
  /** A server-sent stream has no answers, and only its socket tells that it is slow. */
  readonly #flow: FlowControl | undefined
  /** Told once and before everything else. */
  #notices: Frame[] | undefined
  #writing = false
  #behind = false
  #stalled = false
  #ended = false
  #endedFor: string | undefined
  #aliveAt: number
  #beatAt = 0

  constructor (options: SessionOptions) {
    this.#options = options
    this.#aliveAt = options.clock.now()
    this.#socket = options.socket
    this.#wire = options.wire
    this.#stats = options.stats
    this.#flow = options.wire === 'events' ? undefined : new FlowControl()
  }

  get isEnded (): boolean {
    return this.#ended
  }

  /** Why this side ended the connection, where it did: a close code or a word. */
  get endedFor (): string | undefined {
    return this.#endedFor
  }

  /** Sends from these sources from now on, and from no other. */
  setSources (sources: readonly Source[]): void {
    this.#sources = sources
  }

  /** Sends what the client does not have yet, if it can take it, or remembers that there is something. */
  flush (now = this.#options.clock.now()): void {
    if (this.#ended) return
    if (this.#writing || this.#flow?.isOpen(now) === false) {
      this.#stats.conflated++
      this.#behind = true
      if (!this.#stalled && this.#flow?.isLate(now) === true) {
        this.#stalled = true
        this.#stats.stalled++
      }
      return
    }
    this.#behind = false
    if (this.#notices !== undefined) {
      outbox.push(...this.#notices)
      this.#notices = undefined
    }
    for (const source of this.#sources) source.collect(outbox)
    if (outbox.length > 0) this.#write(now, this.#flow?.wantsPing(now) === true)
  }

  /** Tells the client something as soon as it can take it. */
  notify (notice: Frame): void {
    const notices = this.#notices ??= []
    if (notices.length >= MAX_NOTICES) return this.close(CLOSE.policy, 'too much was asked for that was not read')
    notices.push(notice)
    this.flush()
  }

  /** Takes the answer to a ping; false for one that was not asked for. */
  receivePong (pong: string): boolean {
    const now = this.#options.clock.now()
    if (this.#flow?.receivePong(pong, now) !== true) return false
    this.#aliveAt = now
    this.#stalled = false
    if (this.#behind) this.flush(now)
    return true
  }

  /** Starts its deadlines. `phase`, from 0 to 1, spreads the heartbeats of many. Returns when to call `tick`. */
  start (phase: number): number {
    const now = this.#options.clock.now()
    this.#flow?.start(phase, now)
    this.#beatAt = now + phase * this.#options.beatMs
    return this.#nextTick()
  }

  /** Sends a heartbeat that is due, or ends a dead connection or that of an expired token. Returns the next time. */
  tick (now: number): number {
    if (this.#ended) return Infinity
    if (now >= this.#options.expiresAt) this.close(CLOSE.tokenExpired, 'the token has expired')
    else if (now - this.#aliveAt >= DEAD_AFTER_MS) this.drop('dead')
    else if (now >= this.#beatAt) {
      this.#beatAt += this.#options.beatMs
      this.#beat(now)
    }
    return this.#nextTick()
  }

  /** Closes in order. */
  close (code: CloseCode, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#endedFor = String(code)
    this.#options.close(code, reason)
  }

  /** Cuts the connection without a word. */
  drop (why: string): void {
    this.#ended = true
    this.#endedFor ??= why
    this.#socket.destroy()
  }

  #nextTick (): number {
    return Math.min(this.#beatAt, this.#options.expiresAt, this.#aliveAt + DEAD_AFTER_MS)
  }

  #beat (now: number): void {
    if (this.#writing || this.#flow?.isAwaiting === true) return // there is an answer to wait for already
    for (const { heartbeat } of this.#sources) if (heartbeat !== undefined) outbox.push(heartbeat)
    if (outbox.length === 0) outbox.push(ALIVE)
    this.#write(now, true)
  }

  #write (now: number, withPing: boolean): void {
    const socket = this.#socket
    const wire = this.#wire
    const last = outbox.pop()!
    const corked = outbox.length > 0
    this.#stats.sent += outbox.length + 1
    if (corked) socket.cork()
    for (const frame of outbox) socket.write(frame.bytes(wire))
    outbox.length = 0
    socket.write(withPing ? last.bytesWithPing(wire) : last.bytes(wire))
    if (corked) socket.uncork()
    if (withPing) this.#flow?.pinged(last.ping, now)
    // Nearly always the kernel has taken all of it by now, and to be called back then would cost a tenth of the whole.
    if (socket.writableLength === 0) {
      this.#aliveAt = this.#flow === undefined ? now : this.#aliveAt
    } else {
      this.#writing = true
      socket.write(NOTHING, this.#onWritten)
    }
  }

  readonly #onWritten = (error?: Error | null): void => {
    this.#writing = false
    if (error) return
    if (this.#flow === undefined) this.#aliveAt = this.#options.clock.now()
    if (this.#behind) this.flush()
  }
}
