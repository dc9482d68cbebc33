/** What the live half counts, as plain numbers: who watches adds to them, the metrics read them. */
export interface LiveStats {
  /** Messages written to clients. */
  sent: number
  /** Messages that a client was not ready for: the newest one goes out later in their stead. */
  conflated: number
  /** Times that a client was found not to read. */
  stalled: number
  /** Connections that ended, by why: a close code, or a word for those that had none. */
  readonly ended: Map<string, number>
}

/** Counts a connection that has ended. */
export function countEnd ({ ended }: LiveStats, why: string): void {
  ended.set(why, (ended.get(why) ?? 0) + 1)
}

export function createLiveStats (): LiveStats {
  return { sent: 0, conflated: 0, stalled: 0, ended: new Map() }
}
