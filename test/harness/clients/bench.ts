import { mintedCallers } from '../../../src/load/traffic/callers.ts'
import type { Asked } from '../../../src/load/settings.ts'
import { runLoad, type Finished } from '../../../src/load/run.ts'
import type { TestNode } from '../servers/node.ts'

export type AskedFor = Partial<Asked> & Pick<Asked, 'target' | 'scenario'>

export function askedFor (asked: AskedFor): Asked {
  return { board: 'main', rate: undefined, connections: 8, seconds: 1, warmUpSeconds: 0, processes: 1, users: 50, batch: 10, timeoutMs: 30_000, transport: 'websocket', as: 'service', ...asked }
}

export interface Watched {
  /** Called with each line of progress. */
  readonly onProgress?: (line: string) => void
  readonly stopped?: Promise<unknown>
}

/** Puts load on a target, with tokens of the node behind it. */
export async function putLoad (node: TestNode, asked: AskedFor, { onProgress = () => {}, stopped = new Promise(() => {}) }: Watched = {}): Promise<Finished> {
  const all = askedFor(asked)
  return await runLoad({ asked: all, given: mintedCallers(all, ({ sub, ...claims }) => node.token(sub, claims)), onProgress, stopped })
}

/** Calls once, when the measurement has begun. */
export function whenMeasuring (begin: () => void): (line: string) => void {
  let begun = false
  return whileMeasuring(() => {
    if (begun) return
    begun = true
    begin()
  })
}

/** Calls about twice a second while it is measured. */
export function whileMeasuring (call: () => void): (line: string) => void {
  return (line) => { if (/ s of /.test(line)) call() }
}
