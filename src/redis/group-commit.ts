import { unavailable } from '../leaderboard/problem.ts'

export interface GroupCommitOptions<Item, Outcome> {
  /** Sends a group; the outcomes come in the order of its items. When it fails, every item of the group fails alike. */
  readonly send: (items: readonly Item[]) => Promise<readonly Outcome[]>
  /** Items in a group at most. */
  readonly maxItems: number
  /** Items that may wait; those beyond are refused at once. */
  readonly maxWaiting: number
}

interface Waiting<Item, Outcome> {
  readonly item: Item
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Group commit: while one group is under way arrivals wait, and the next group takes them all. An idle line sends
 * at the end of the running turn of the event loop, so everything that arrived in that turn shares one call
 * and nothing waits for a timer.
 * @throws Problem `unavailable` when too many wait
 */
export function groupCommit<Item, Outcome> (
  { send, maxItems, maxWaiting }: GroupCommitOptions<Item, Outcome>
): (item: Item) => Promise<Outcome> {
  let waiting: Waiting<Item, Outcome>[] = []
  let busy = false

  async function run (): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.length <= maxItems ? waiting : waiting.slice(0, maxItems)
      waiting = waiting.length <= maxItems ? [] : waiting.slice(maxItems)
      try {
        const outcomes = await send(group.map(({ item }) => item))
        if (outcomes.length !== group.length) throw new Error(`sent ${group.length} items, got ${outcomes.length} outcomes`)
        for (const [index, { resolve }] of group.entries()) resolve(outcomes[index]!)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    busy = false
  }

  return (item) => {
    if (waiting.length >= maxWaiting) {
      return Promise.reject(unavailable('Too many increments are waiting; nothing was applied.'))
    }
    return new Promise<Outcome>((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (busy) return
      busy = true
      setImmediate(run)
    })
  }
}
