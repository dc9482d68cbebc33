// The questions that the bench asks, in this order: one line each.
import type { Ask } from './answer.ts'
import { askArchive } from './archive.ts'
import { askConnections } from './connections.ts'
import { askFanOut } from './fan-out.ts'
import { askGrowth } from './growth.ts'
import { askIncrement } from './increment.ts'
import { askLimits } from './limits.ts'
import { askPeers } from './peers.ts'
import { askProfile } from './profile.ts'
import { askReads } from './reads.ts'
import { askRebuild } from './rebuild.ts'
import { askWriteToScreen } from './write-to-screen.ts'

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
