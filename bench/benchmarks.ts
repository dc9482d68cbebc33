// The questions that the bench asks, in this order: one line each.
import type { Ask } from './benchmark.ts'
import { askArchive } from './benchmarks/archive.ts'
import { askConnections } from './benchmarks/connections.ts'
import { askFanOut } from './benchmarks/fan-out.ts'
import { askGrowth } from './benchmarks/growth.ts'
import { askIncrement } from './benchmarks/increment.ts'
import { askLimits } from './benchmarks/limits.ts'
import { askPeers } from './benchmarks/peers.ts'
import { askProfile } from './benchmarks/profile.ts'
import { askReads } from './benchmarks/reads.ts'
import { askRebuild } from './benchmarks/rebuild.ts'
import { askWriteToScreen } from './benchmarks/write-to-screen.ts'

export interface Question {
  readonly name: string
  readonly ask: Ask
  /** Asked with `--full`, or by its name, alone. */
  readonly fullOnly?: true
}

export const QUESTIONS: readonly Question[] = [
  { name: 'increment', ask: askIncrement },
  { name: 'connections', ask: askConnections, fullOnly: true },
  { name: 'reads', ask: askReads },
  { name: 'fan-out', ask: askFanOut },
  { name: 'write-to-screen', ask: askWriteToScreen },
  { name: 'growth', ask: askGrowth, fullOnly: true },
  { name: 'archive', ask: askArchive, fullOnly: true },
  { name: 'rebuild', ask: askRebuild },
  { name: 'peers', ask: askPeers },
  { name: 'limits', ask: askLimits, fullOnly: true },
  { name: 'profile', ask: askProfile, fullOnly: true }
]
