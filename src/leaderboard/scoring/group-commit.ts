// Group commit: calls that arrive together share one.
import type { Clock } from '../clock.ts'
import { unavailable } from '../problem.ts'

interface GroupCommitOptions<Item, Outcome> {
  /** Sends a group; the outcomes come in the order of its items. When it fails, every item of the group fails alike. */
  readonly send: (items: readonly Item[]) => Promise<readonly Outcome[]>
  /** Items in a group at most. */
  readonly maxItems: number
  /** Items that may wait; those beyond are refused at once. */
  readonly maxWaiting: number
  /**
   * Groups under way at most, 1 by default. While one is, another goes only when it is full: a small one costs the
   * store as much as a large one.
   */
  readonly maxUnderWay?: number
  /** How long an item may wait; one that is older when its turn comes is refused, not sent. */
  readonly maxWaitMs: number
  readonly clock: Pick<Clock, 'now' | 'setImmediate'>
}

interface Waiting<Item, Outcome> {
  readonly item: Item
  readonly sinceMs: number
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Group commit: while groups are under way arrivals wait, and the next group takes them all. Groups are sent in order.
 * An idle queue sends at the end of the running turn of the event loop, so that everything of that turn shares one
 * call, and nothing waits for a timer.
 * @throws Problem `unavailable` when too many wait, or for too long
 */
export function groupCommit<Item, Outcome> (
  { send, maxItems, maxWaiting, maxWaitMs, maxUnderWay = 1, clock }: GroupCommitOptions<Item, Outcome>
): (item: Item) => Promise<Outcome> {
  let waiting: Waiting<Item, Outcome>[] = []
  let underWay = 0

  // First come, first served: when the first is young enough, so are the others.
  function refuseOld (arrived: Waiting<Item, Outcome>[]): Waiting<Item, Outcome>[] {
    const oldest = clock.now() - maxWaitMs
    if (arrived[0]!.sinceMs >= oldest) return arrived
    return arrived.filter(({ sinceMs, reject }) => {
      if (sinceMs < oldest) reject(unavailable('The score store is too slow now; nothing was applied.'))
      return sinceMs >= oldest
    })
  }

  async function run (): Promise<void> {
    while (waiting.length >= (underWay === 1 ? 1 : maxItems)) {
      const arrived = waiting.length <= maxItems ? waiting : waiting.slice(0, maxItems)
      waiting = waiting.length <= maxItems ? [] : waiting.slice(maxItems)
      const group = refuseOld(arrived)
      if (group.length === 0) continue
      try {
        const outcomes = await send(group.map(({ item }) => item))
        if (outcomes.length !== group.length) {
          throw new Error(`sent ${group.length} items, got ${outcomes.length} outcomes`)
        }
        for (const [index, { resolve }] of group.entries()) resolve(outcomes[index]!)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    underWay--
  }

  return (item) => {
    if (waiting.length >= maxWaiting) {
      return Promise.reject(unavailable('Too many increments are waiting; nothing was applied.'))
    }
    return new Promise<Outcome>((resolve, reject) => {
      waiting.push({ item, sinceMs: clock.now(), resolve, reject })
      if (underWay > 0 && (underWay === maxUnderWay || waiting.length < maxItems)) return
      underWay++
      clock.setImmediate(run)
    })
  }
}
