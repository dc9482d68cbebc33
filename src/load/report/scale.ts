// Where a value of an axis is drawn, and its ticks.
import { short } from './statistics.ts'

interface Tick {
  readonly at: number
  readonly text: string
}

export interface Axis {
  readonly label: string
  readonly log?: boolean | undefined
  /** The ticks; by default round numbers. */
  readonly ticks?: readonly Tick[]
}

export interface Scale {
  readonly at: (value: number) => number
  readonly ticks: readonly Tick[]
}

/** The least and the greatest value, and the places where the axis begins and ends. */
interface Range {
  readonly least: number
  readonly most: number
  readonly from: number
  readonly to: number
}

const TICKS = 5

/** An axis that begins and ends at a power of ten. */
export function logScale ({ ticks }: Axis, { least, most, from, to }: Range): Scale {
  const low = Math.floor(Math.log10(least))
  const high = Math.max(Math.ceil(Math.log10(most)), low + 1)
  const powers = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n))
    .map((at) => ({ at, text: powerText(at) }))
  return {
    at: (value) => from + (Math.log10(value) - low) / (high - low) * (to - from),
    ticks: ticks?.filter(({ at }) => at >= 10 ** low && at <= 10 ** high) ?? powers
  }
}

function powerText (power: number): string {
  if (power >= 1_000_000) return `${short(power / 1_000_000)} M`
  return power >= 1000 ? `${short(power / 1000)} k` : short(power)
}

/** An axis that begins at 0, or at the least value below it. */
export function linearScale ({ ticks }: Axis, { least, most, from, to }: Range): Scale {
  const low = Math.min(0, least)
  const step = roundStep((most - low) / TICKS)
  const high = low + Math.max(1, Math.ceil((most - low) / step)) * step
  const steps = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, n) => low + n * step)
  return {
    at: (value) => from + (value - low) / (high - low) * (to - from),
    ticks: ticks ?? steps.map((at) => ({ at, text: short(at) }))
  }
}

/** The next of 1, 2, 5, 10, 20, … */
function roundStep (size: number): number {
  if (size <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(size))
  return ([1, 2, 5].find((factor) => factor * power >= size) ?? 10) * power
}
