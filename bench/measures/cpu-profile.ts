// Where the time went: of Node by its profiler, of Redis by what it counts for each command.
import { sep } from 'node:path'

const MOST_NAME = 60

/**
 * What `node --cpu-prof` writes (`Profiler.Profile` of the Chrome DevTools Protocol); times are µs of the machine's
 * monotonic clock.
 */
export interface CpuProfile {
  readonly startTime: number
  readonly nodes: readonly {
    readonly id: number,
    readonly callFrame: { readonly functionName: string, readonly url: string, readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** A part of the time, between 0 and 1. */
export interface Share {
  readonly name: string
  readonly share: number
}

/**
 * The time that each place, and each function, took by itself between two moments; idle time is nobody's. The largest
 * come first.
 */
export function readCpuProfile (
  { startTime, nodes, samples, timeDeltas }: CpuProfile,
  { fromMicros, untilMicros }: { fromMicros: number, untilMicros: number }
): Record<'places' | 'functions', Share[]> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const [places, functions] = [new Map<string, number>(), new Map<string, number>()]
  let at = startTime
  let total = 0
  for (const [n, id] of samples.entries()) {
    const micros = timeDeltas[n]!
    at += micros
    const { functionName, url, lineNumber } = frames.get(id)!
    if (at < fromMicros || at > untilMicros || functionName === '(idle)') continue
    const place = placeOf(functionName, url)
    const name = nameOf(functionName === '' ? `line ${lineNumber + 1}` : functionName, url === '' ? undefined : place)
    total += micros
    places.set(place, (places.get(place) ?? 0) + micros)
    functions.set(name, (functions.get(name) ?? 0) + micros)
  }
  return { places: sharesOf(places, total), functions: sharesOf(functions, total) }
}

/** Regular expressions have their text for a name. */
function nameOf (functionName: string, place: string | undefined): string {
  const name = functionName.slice(0, MOST_NAME).replaceAll(/[|`]/g, ' ')
  return place === undefined ? name : `\`${name}\`, ${place}`
}

function placeOf (functionName: string, url: string): string {
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (url === '') return 'native and generated code, system calls included'
  const path = url.split(sep).join('/')
  if (path.startsWith('node:')) return /^node:(_http|internal\/http)/.test(path) ? 'Node: HTTP' : 'Node: all else'
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'scorewire'
}

function sharesOf (micros: ReadonlyMap<string, number>, total: number): Share[] {
  return [...micros].map(([name, spent]) => ({ name, share: spent / total })).toSorted((a, b) => b.share - a.share)
}

/** A command that Redis ran: how often, and for how many µs, for each increment. */
export interface CommandCost {
  readonly name: string
  readonly calls: number
  readonly micros: number
}

/** Reads `INFO commandstats`, which counts the commands of scripts by themselves and once more in the script. */
export function readCommandStats (info: string, increments: number): CommandCost[] {
  return [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm)]
    .map(([, name, calls, micros]) => ({
      name: name!.replace('|', ' '),
      calls: Number(calls) / increments,
      micros: Number(micros) / increments
    }))
    .filter(({ calls }) => calls >= 0.005)
    .toSorted((a, b) => b.micros - a.micros)
}
