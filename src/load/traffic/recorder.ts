// What became of the requests of a process, counted while it is measured.
import type { Histogram } from 'hdr-histogram-js'
import { emptyHistogram, encodeHistogram, recordMs } from '../report/histogram.ts'
import { SLICES, type Measured, type Times } from '../processes/plan.ts'

/** Kinds of errors that are counted by name. */
const MAX_KINDS = 20
const SECOND_MS = 1000

interface Failure {
  readonly nowMs?: number
  readonly count?: number
  readonly example?: string
}

/** Counts every request that was planned while it was measured, and none of the warm-up. */
export class Recorder {
  readonly #latencies: Histogram[] = Array.from({ length: SLICES }, emptyHistogram)
  readonly #errors = new Map<string, { count: number, example: string }>()
  #perSecond: number[] = []
  #times: Times = { startMs: Infinity, fromMs: Infinity, endMs: Infinity }
  done = 0
  failed = 0
  #waited = 0
  #lateMs = 0
  #lastMs = 0
  /** The first refusal of the whole run, warm-up included. */
  firstError: string | undefined

  begin (times: Times): void {
    this.#times = times
    this.#perSecond = Array<number>(Math.ceil((times.endMs - times.fromMs) / SECOND_MS)).fill(0)
  }

  /** Ends the measurement before its time: seconds that are not over are left out. */
  end (nowMs: number): void {
    if (nowMs >= this.#times.endMs) return
    const seconds = Math.max(0, Math.floor((nowMs - this.#times.fromMs) / SECOND_MS))
    this.#perSecond.length = Math.min(this.#perSecond.length, seconds)
  }

  /** A request that is due finds no free connection. */
  countWait (): void {
    this.#waited++
  }

  /** A request is sent that long after it was due, though a connection is free. */
  countDelay (ms: number): void {
    this.#lateMs = Math.max(this.#lateMs, ms)
  }

  /** Something that was planned then has been done now, so many times. */
  answered (plannedMs: number, nowMs: number, count = 1): void {
    if (!this.#isMeasured(plannedMs)) return
    this.#lastMs = Math.max(this.#lastMs, nowMs)
    this.latency(plannedMs, nowMs)
    this.#count(nowMs, count)
  }

  /** Something has come now that was planned for no moment. */
  came (nowMs: number): void {
    if (this.#isMeasured(nowMs)) this.#count(nowMs, 1)
  }

  /** What was planned then has taken until now. */
  latency (plannedMs: number, nowMs: number): void {
    if (!this.#isMeasured(plannedMs)) return
    const { fromMs, endMs } = this.#times
    const slice = Math.floor((plannedMs - fromMs) / (endMs - fromMs) * SLICES)
    recordMs(this.#latencies[slice]!, nowMs - plannedMs)
  }

  #count (nowMs: number, count: number): void {
    this.done += count
    const second = Math.floor((nowMs - this.#times.fromMs) / SECOND_MS)
    if (second < this.#perSecond.length) this.#perSecond[second]! += count
  }

  /** A refusal. With `nowMs`: there was no answer, and the wait until now counts as a latency. */
  failure (kind: string, plannedMs: number, { nowMs, count = 1, example = '' }: Failure = {}): void {
    this.firstError ??= `${kind}${example === '' ? '' : `: ${example}`}`
    if (!this.#isMeasured(plannedMs)) return
    this.failed += count
    const name = this.#errors.has(kind) || this.#errors.size < MAX_KINDS ? kind : 'other'
    const known = this.#errors.get(name)
    if (known === undefined) this.#errors.set(name, { count, example })
    else known.count += count
    if (nowMs !== undefined) this.latency(plannedMs, nowMs)
  }

  measured (rest: Pick<Measured, 'counts' | 'writes' | 'cpu'>): Measured {
    return {
      latencies: this.#latencies.map((slice) => encodeHistogram(slice)),
      perSecond: this.#perSecond,
      done: this.done,
      errors: Object.fromEntries(this.#errors),
      waited: this.#waited,
      lateMs: this.#lateMs,
      tookMs: Math.max(0, this.#lastMs - this.#times.fromMs),
      ...rest
    }
  }

  #isMeasured (plannedMs: number): boolean {
    return plannedMs >= this.#times.fromMs && plannedMs < this.#times.endMs
  }
}
