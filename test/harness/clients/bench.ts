// Puts load on a test node with the load generator of `scorewire bench`.
import { runLoad, type FinishedRun } from '../../../src/load/run.ts'
import type { LoadSettings } from '../../../src/load/settings.ts'
import { mintedCallers } from '../../../src/load/traffic/callers.ts'
import type { TestNode } from '../servers/node.ts'

const DEFAULTS = {
  board: 'main',
  rate: undefined,
  connections: 8,
  seconds: 1,
  warmUpSeconds: 0,
  processes: 1,
  users: 50,
  batch: 10,
  timeoutMs: 30_000,
  transport: 'websocket',
  as: 'service'
} as const

export interface Watched {
  /** Called with each line of progress. */
  readonly onProgress?: (line: string) => void
  readonly stopped?: Promise<unknown>
}

/** Puts load on a target, with tokens of the node behind it. */
export async function putLoad (
  node: TestNode,
  wanted: Partial<LoadSettings> & Pick<LoadSettings, 'target' | 'scenario'>,
  { onProgress = () => {}, stopped = new Promise(() => {}) }: Watched = {}
): Promise<FinishedRun> {
  const settings = { ...DEFAULTS, ...wanted }
  const callers = mintedCallers(settings, ({ sub, ...claims }) => node.token(sub, claims))
  return await runLoad({ settings, callers, onProgress, stopped })
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
  return (line) => {
    if (/ s of /.test(line)) call()
  }
}
