import { encodeHistogram, mergeHistograms } from './histogram.ts'
import { SLICES, type Measured } from '../processes/plan.ts'

/** What several processes have measured, as if one had. */
export function mergeMeasured (all: readonly Measured[]): Measured {
  const sumOf = (number: (one: Measured) => number) => all.reduce((sum, one) => sum + number(one), 0)
  const mostOf = (number: (one: Measured) => number) => Math.max(0, ...all.map(number))
  const seconds = mostOf(({ perSecond }) => perSecond.length)
  const names = [...new Set(all.flatMap(({ counts }) => Object.keys(counts)))]
  return {
    latencies: Array.from({ length: SLICES }, (_, slice) => encodeHistogram(mergeHistograms(all.map(({ latencies }) => latencies[slice]!)))),
    perSecond: Array.from({ length: seconds }, (_, second) => sumOf(({ perSecond }) => perSecond[second] ?? 0)),
    done: sumOf(({ done }) => done),
    errors: mergeErrors(all.map(({ errors }) => errors)),
    counts: Object.fromEntries(names.map((name) => [name, sumOf(({ counts }) => counts[name] ?? 0)])),
    writes: mergeWrites(all.flatMap(({ writes }) => writes ?? [])),
    lateMs: mostOf(({ lateMs }) => lateMs),
    waited: sumOf(({ waited }) => waited),
    cpu: mostOf(({ cpu }) => cpu)
  }
}

function mergeErrors (all: readonly Measured['errors'][]): Measured['errors'] {
  const errors: Record<string, { count: number, example: string }> = {}
  for (const [kind, { count, example }] of all.flatMap((one) => Object.entries(one))) {
    errors[kind] = { count: count + (errors[kind]?.count ?? 0), example: errors[kind]?.example ?? example }
  }
  return errors
}

function mergeWrites (all: readonly NonNullable<Measured['writes']>[]): Measured['writes'] {
  const [first] = all
  if (first === undefined) return undefined
  return {
    shownOn: first.shownOn.map((_, write) => all.reduce((sum, { shownOn }) => sum + (shownOn[write] ?? 0), 0)),
    lastMs: first.lastMs.map((_, write) => Math.max(...all.map(({ lastMs }) => lastMs[write] ?? 0)))
  }
}
