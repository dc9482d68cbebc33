// What several processes have measured, as one.
import { SLICES, type Measured, type Writes } from '../processes/plan.ts'
import { encodeHistogram, mergeHistograms } from './histogram.ts'

/** Merges what several processes have measured, as if it had been one. */
export function mergeMeasured (all: readonly Measured[]): Measured {
  const sumOf = (number: (one: Measured) => number) => all.reduce((sum, one) => sum + number(one), 0)
  const maxOf = (number: (one: Measured) => number) => Math.max(0, ...all.map(number))
  const seconds = maxOf(({ perSecond }) => perSecond.length)
  const names = [...new Set(all.flatMap(({ counts }) => Object.keys(counts)))]
  return {
    latencies: Array.from(
      { length: SLICES },
      (_, slice) => encodeHistogram(mergeHistograms(all.map(({ latencies }) => latencies[slice]!)))
    ),
    perSecond: Array.from({ length: seconds }, (_, second) => sumOf(({ perSecond }) => perSecond[second] ?? 0)),
    done: sumOf(({ done }) => done),
    errors: mergeErrors(all.map(({ errors }) => errors)),
    counts: Object.fromEntries(names.map((name) => [name, sumOf(({ counts }) => counts[name] ?? 0)])),
    writes: mergeWrites(all.flatMap(({ writes }) => writes ?? [])),
    lateMs: maxOf(({ lateMs }) => lateMs),
    waited: sumOf(({ waited }) => waited),
    tookMs: maxOf(({ tookMs }) => tookMs),
    cpu: maxOf(({ cpu }) => cpu)
  }
}

function mergeErrors (all: readonly Measured['errors'][]): Measured['errors'] {
  const errors: Record<string, { count: number, example: string }> = {}
  for (const [kind, { count, example }] of all.flatMap((one) => Object.entries(one))) {
    errors[kind] = { count: count + (errors[kind]?.count ?? 0), example: errors[kind]?.example ?? example }
  }
  return errors
}

/** Merges the marked writes of several processes with screens; undefined where no process has any. */
function mergeWrites (all: readonly Writes[]): Writes | undefined {
  const [first] = all
  if (first === undefined) return undefined
  return {
    shownOn: first.shownOn.map((_, write) => all.reduce((sum, { shownOn }) => sum + (shownOn[write] ?? 0), 0)),
    lastMs: first.lastMs.map((_, write) => Math.max(...all.map(({ lastMs }) => lastMs[write] ?? 0)))
  }
}
