// The actions of a run: each has an id of its own, and at the end it is known of each whether it counted.
import { setTimeout as delay } from 'node:timers/promises'
import { NoAnswer, type Answer } from './http-connection.ts'

/** Of those that were acknowledged, so many are sent once more at the end. */
const REPLAYED = 100
const TRIES = 5
const RETRY_MS = 200
/** More are not asked about one by one: so bad a run says so by itself. */
const MOST_UNCERTAIN = 10_000

/** What an answer says of the actions of its request: how many count, how many of them had counted before, and of how many it is not known. */
export interface Verdict { readonly counted: number, readonly replayed: number, readonly unknown: number }

export type Judge = (answer: Answer) => Verdict

interface Sent { readonly text: string, readonly points: number, readonly judge: Judge }

export class Actions {
  readonly #run: string
  #made = 0
  #acknowledged = 0
  #wrong = 0
  #uncertain: Sent[] = []
  #tooMany = 0
  readonly #sample: Sent[] = []

  constructor (run: string) {
    this.#run = run
  }

  newId (): string {
    return `${this.#run}-${this.#made++}`
  }

  /** Takes the answer to what was sent for the first time; returns how many actions it did. */
  acknowledge (sent: Sent, answer: Answer): number {
    const { counted, unknown } = sent.judge(answer)
    if (unknown > 0) {
      this.doubt(sent)
      return counted
    }
    this.#acknowledged += counted
    if (counted === sent.points) {
      if (this.#sample.length < REPLAYED) this.#sample.push(sent)
      else if (Math.random() < REPLAYED / this.#made) this.#sample[Math.floor(Math.random() * REPLAYED)] = sent
    }
    return counted
  }

  /** No answer, or one that says that nobody knows. */
  doubt (sent: Sent): void {
    if (this.#uncertain.length < MOST_UNCERTAIN) this.#uncertain.push(sent)
    else this.#tooMany += sent.points
  }

  /** Sends again what is uncertain until it is certain, and some of what is certain, which must not count again. */
  async settle (send: (text: string) => Promise<Answer>): Promise<Record<string, number>> {
    let unresolved = this.#tooMany
    for (const sent of this.#uncertain) {
      const verdict = await this.#sendAgain(sent, send)
      if (verdict === undefined) unresolved += sent.points
      else this.#acknowledged += verdict.counted
    }
    let [replays, silent] = [0, 0]
    for (const sent of this.#sample) {
      const verdict = await this.#sendAgain(sent, send)
      if (verdict === undefined) silent++
      else {
        replays += sent.points
        this.#wrong += sent.points - verdict.replayed
      }
    }
    return { acknowledged: this.#acknowledged, resent: this.#uncertain.length, unresolved, replays, silentReplays: silent, wrongReplays: this.#wrong }
  }

  async #sendAgain ({ text, judge }: Sent, send: (text: string) => Promise<Answer>): Promise<Verdict | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        const answer = await send(text)
        const verdict = answer.status >= 500 ? undefined : judge(answer)
        if (verdict?.unknown === 0) return verdict
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
      }
      await delay(RETRY_MS)
    }
    return undefined
  }
}
