// The actions of a run: each has an id of its own, and the run finds out of each whether it counted.
import { setTimeout as delay } from 'node:timers/promises'
import { NoAnswer, type Answer } from './http-connection.ts'

/** Of those that were acknowledged, so many are sent once more at the end. */
const REPLAYED = 100
const TRIES = 5
const RETRY_MS = 200
/** More are not sent again one by one: so bad a run says so by itself. */
const MAX_UNCERTAIN = 10_000

/** What an answer says of the actions of its request. */
interface Verdict {
  readonly counted: number
  /** How many of those that count had counted before. */
  readonly replayed: number
  /** Of how many the answer does not say whether they counted. */
  readonly unknown: number
}

export type Judge = (answer: Answer) => Verdict

/** A request with so many actions, each worth one point. */
export interface ActionRequest {
  readonly text: string
  readonly points: number
  readonly judge: Judge
}

/** The actions of one process. */
export class Actions {
  readonly #run: string
  readonly #isChecked: boolean
  #made = 0
  #acknowledged = 0
  #wrong = 0
  readonly #uncertain: ActionRequest[] = []
  #tooMany = 0
  readonly #sample: ActionRequest[] = []

  /** `isChecked`: whether `check` will be called; else no request is kept for it. */
  constructor (run: string, isChecked: boolean) {
    this.#run = run
    this.#isChecked = isChecked
  }

  newId (): string {
    return `${this.#run}-${this.#made++}`
  }

  /** Takes the answer to a request that was sent for the first time; returns how many of its actions count. */
  acknowledge (sent: ActionRequest, answer: Answer): number {
    const { counted, unknown } = sent.judge(answer)
    if (!this.#isChecked) return counted
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

  /** There was no answer, or one that says that the outcome is not known. */
  doubt (sent: ActionRequest): void {
    if (!this.#isChecked) return
    if (this.#uncertain.length < MAX_UNCERTAIN) this.#uncertain.push(sent)
    else this.#tooMany += sent.points
  }

  /** Sends again what is uncertain until it is certain, and some of what is certain, which must not count again. */
  async check (send: (text: string) => Promise<Answer>): Promise<Record<string, number>> {
    if (!this.#isChecked) return {}
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
    return {
      acknowledged: this.#acknowledged,
      resent: this.#uncertain.length,
      unresolved,
      replays,
      silentReplays: silent,
      wrongReplays: this.#wrong
    }
  }

  async #sendAgain (
    { text, judge }: ActionRequest,
    send: (text: string) => Promise<Answer>
  ): Promise<Verdict | undefined> {
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
