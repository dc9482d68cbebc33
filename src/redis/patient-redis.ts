import { Redis, type Command, type RedisOptions } from 'ioredis'

/** Looks at what is under way, at least, in the time that Redis has to answer. */
const LOOKS = 10
/** What is settled is kept for no longer than this. */
const LONGEST_MS = 100

interface Sent {
  readonly command: Command
  /** The number of the look before. */
  readonly after: number
}

/**
 * A connection that gives a command up which Redis leaves unanswered for `timeoutMs`, and cuts itself off where nothing at all comes
 * for half as long again. It counts looks, not the clock, and reads what has arrived before each: a process that stood still for a while
 * itself, compiling or preempted, does not hold that against Redis. The client's own timers do (`commandTimeout`, `socketTimeout`).
 */
export class PatientRedis extends Redis {
  /** Oldest first. Those that are settled go with the next look. */
  readonly #sent: Sent[] = []
  /** Looks in the time that Redis has to answer. */
  readonly #patience: number
  #looks = 0
  #bytesRead: number | undefined
  #heardAt = 0

  constructor (url: string, { timeoutMs, ...options }: Omit<RedisOptions, 'replyMapping'> & { readonly timeoutMs: number }) {
    super(url, { ...options, lazyConnect: true, connectTimeout: timeoutMs })
    const everyMs = Math.min(LONGEST_MS, timeoutMs / LOOKS)
    this.#patience = Math.ceil(timeoutMs / everyMs)
    const timer = setInterval(() => setImmediate(() => this.#look()), everyMs)
    timer.unref()
    this.once('end', () => clearInterval(timer))
  }

  override sendCommand (command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    const answer = super.sendCommand(command, stream)
    if (!command.isSettled) this.#sent.push({ command, after: this.#looks })
    return answer
  }

  #look (): void {
    this.#looks++
    this.#giveUp()
    const { bytesRead } = this.stream ?? {}
    if (bytesRead !== this.#bytesRead || this.commandQueue.length === 0) {
      this.#bytesRead = bytesRead
      this.#heardAt = this.#looks
    } else if (this.#looks - this.#heardAt > 1.5 * this.#patience) {
      this.stream.destroy(new Error('Redis says nothing'))
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
