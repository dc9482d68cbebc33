// The action records of a rebuild, gathered by slot.
import type { ActionRecord } from './board-draft.ts'
import { SLOT_NUMBERS, slotNumberOf } from '../keys.ts'

/**
 * Records that wait at most: a slot of a busy day then gets several of them in one go, at half of what each alone
 * costs Redis.
 */
const MAX_WAITING = 400_000
/** They wait as bytes, since a million texts that live for a while are dear to collect. */
const MAX_BYTES = 24_000_000
const MAX_BYTES_EACH = 1000

/** What is to be added to one slot: a line for each action. */
export interface SlotLines {
  readonly slot: string
  readonly untilMs: number
  readonly lines: string
}

/**
 * Actions that are to be remembered, gathered by their slots: users come in any order, and so do the slots of their
 * actions.
 */
export class ActionDraft {
  readonly #slotOfRecord: (record: ActionRecord) => { readonly slot: string, readonly untilMs: number }
  readonly #slots: { readonly slot: string, readonly untilMs: number }[] = []
  /**
   * By day, and in it by the slot's number: its place among those above, from 1 on. To look a slot up by its key
   * takes ten times as long.
   */
  readonly #numbers = new Map<number, Uint32Array>()
  readonly #bytes = Buffer.allocUnsafe(MAX_BYTES)
  /** Of each record the number of its slot, and where its line ends. */
  readonly #slotOf = new Uint32Array(MAX_WAITING)
  readonly #ends = new Uint32Array(MAX_WAITING)
  #count = 0
  #end = 0

  constructor (slotOfRecord: (record: ActionRecord) => { readonly slot: string, readonly untilMs: number }) {
    this.#slotOfRecord = slotOfRecord
  }

  add (record: ActionRecord): void {
    let ofDay = this.#numbers.get(record.day)
    if (ofDay === undefined) this.#numbers.set(record.day, ofDay = new Uint32Array(SLOT_NUMBERS))
    const place = slotNumberOf(record.digest)
    if (ofDay[place] === 0) ofDay[place] = this.#slots.push(this.#slotOfRecord(record))
    this.#end += this.#bytes.write(`${record.digest} ${record.record}\n`, this.#end, 'latin1')
    this.#slotOf[this.#count] = ofDay[place]! - 1
    this.#ends[this.#count++] = this.#end
  }

  get isFull (): boolean {
    return this.#count === MAX_WAITING || this.#end > MAX_BYTES - MAX_BYTES_EACH
  }

  /** All that waits, slot by slot; then nothing does. */
  take (): SlotLines[] {
    const [count, slotOf, ends] = [this.#count, this.#slotOf, this.#ends]
    // Sorted by counting: where the records of each slot begin among all.
    const begins = new Uint32Array(this.#slots.length + 1)
    for (let n = 0; n < count; n++) begins[slotOf[n]! + 1]!++
    for (let k = 1; k < begins.length; k++) begins[k]! += begins[k - 1]!
    const sorted = new Uint32Array(count)
    const next = begins.slice()
    for (let n = 0; n < count; n++) sorted[next[slotOf[n]!]!++] = n
    const taken = this.#slots.flatMap(({ slot, untilMs }, k) => {
      let lines = ''
      for (let at = begins[k]!; at < begins[k + 1]!; at++) {
        const n = sorted[at]!
        lines += this.#bytes.toString('latin1', n === 0 ? 0 : ends[n - 1]!, ends[n]!)
      }
      return lines === '' ? [] : [{ slot, untilMs, lines }]
    })
    this.#count = this.#end = 0
    return taken
  }
}
