// An ioredis client whose deadlines count only the time in which replies could be read.
import { Redis, type Command, type RedisOptions } from 'ioredis'

/** Looks at what is under way, at least, in the time that Redis has to answer. */
const LOOKS = 10
/** What is settled is kept for no longer than this. */
const MAX_MS = 100

interface Sent {
  readonly command: Command
  /** The number of the look before. */
  readonly after: number
}

/**
 * A connection that gives a command up which Redis leaves unanswered for `timeoutMs`, and cuts itself off where
 * nothing at all comes for half as long again. It counts looks, not the clock, and reads what has arrived before
 * each: a process that stood still for a while itself, compiling or preempted, does not hold that against Redis. The
 * client's own timers do (`commandTimeout`, `socketTimeout`).
 */
export class PatientRedis extends Redis {
  /** Oldest first. Those that are settled go with the next look. */
  readonly #sent: Sent[] = []
  /** Looks in the time that Redis has to answer. */
  readonly #patience: number
  readonly #timer: NodeJS.Timeout
  #looks = 0
  #listened: Redis['stream'] | undefined
  #bytesRead: number | undefined
  #heardAt = 0

  constructor (
    url: string,
    { timeoutMs, ...options }: Omit<RedisOptions, 'replyMapping'> & { readonly timeoutMs: number }
  ) {
    super(url, { ...options, lazyConnect: true, connectTimeout: timeoutMs })
    const everyMs = Math.min(MAX_MS, timeoutMs / LOOKS)
    this.#patience = Math.ceil(timeoutMs / everyMs)
    this.#timer = setInterval(() => setImmediate(() => this.#look()), everyMs)
    this.#timer.unref()
    this.once('end', () => this.#end())
  }

  override disconnect (reconnect = false): void {
    const isBetween = this.status === 'reconnecting'
    super.disconnect(reconnect)
    if (isBetween && !reconnect) this.#end() // it tells of no end then
  }

  override sendCommand (command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    const answer = super.sendCommand(command, stream)
    if (!command.isSettled) this.#sent.push({ command, after: this.#looks })
    return answer
  }

  #look (): void {
    this.#looks++
    this.#giveUp()
    const { stream } = this
    if (stream !== this.#listened || stream?.bytesRead !== this.#bytesRead || this.commandQueue.length === 0) {
      this.#listened = stream
      this.#bytesRead = stream?.bytesRead
      this.#heardAt = this.#looks
    } else if (this.#looks - this.#heardAt > 1.5 * this.#patience) {
      stream.destroy(new Error('Redis says nothing'))
    }
  }

  /** Leaves nobody waiting, also of those who wait for the next connection, whom the client forgets. */
  #end (): void {
    clearInterval(this.#timer)
    for (const { command } of this.#sent.splice(0)) {
      if (!command.isSettled) command.reject(new Error('The connection was closed'))
    }
  }

  #giveUp (): void {
    let done = 0
    for (const { command, after } of this.#sent) {
      if (!command.isSettled) {
        if (this.#looks - after <= this.#patience) break
        command.reject(new Error('Redis has not answered in time'))
      }
      done++
    }
    if (done > 0) this.#sent.splice(0, done)
  }
}
