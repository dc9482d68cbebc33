// The list of scenarios, by name.
import type { Scenario } from './scenario.ts'
import { batch } from './scenarios/batch.ts'
import { fanOut } from './scenarios/fan-out.ts'
import { increment } from './scenarios/increment.ts'
import { mixed } from './scenarios/mixed.ts'
import { storm } from './scenarios/storm.ts'
import { top } from './scenarios/top.ts'
import { user } from './scenarios/user.ts'
import { writeToScreen } from './scenarios/write-to-screen.ts'

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  increment,
  batch,
  top,
  user,
  mixed,
  'fan-out': fanOut,
  'write-to-screen': writeToScreen,
  storm
}
