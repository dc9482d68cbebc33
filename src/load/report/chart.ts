// A line chart as SVG, without anything from elsewhere; colours come from the page's style.
import { short } from './statistics.ts'

export type Point = readonly [x: number, y: number]

export interface Axis {
  readonly label: string
  readonly log?: boolean | undefined
  /** The ticks; by default round numbers. */
  readonly ticks?: readonly { readonly at: number, readonly text: string }[]
}

export interface Chart {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly { readonly name: string, readonly points: readonly Point[] }[]
  /** Whether each point is a measurement of its own, to be marked. */
  readonly dots?: boolean
}

const [WIDTH, HEIGHT] = [360, 230]
const BOX = { left: 54, right: 12, top: 12, bottom: 36 }
/** Lines that are told apart. */
export const COLOURS = 6
const TICKS = 5
/** Half of the widest label. */
const ROOM = 20

export function escapeXml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A figure with a caption and, where there is more than one line, their names; '' when there is nothing to draw. */
export function chartSvg ({ title, x, y, lines, dots = false }: Chart): string {
  const drawn = lines.map(({ name, points }) => ({ name, points: points.filter(([a, b]) => isDrawable(a, x) && isDrawable(b, y)) })).filter(({ points }) => points.length > 0)
  const points = drawn.flatMap(({ points }) => points)
  if (points.length === 0) return ''
  const across = scaleOf(x, points.map(([value]) => value), BOX.left, WIDTH - BOX.right)
  const up = scaleOf(y, points.map(([, value]) => value), HEIGHT - BOX.bottom, BOX.top)
  const place = ([a, b]: Point) => `${across.at(a).toFixed(1)},${up.at(b).toFixed(1)}`
  const marked = (list: readonly Point[], colour: number) => dots
    ? list.map((point) => `<circle class="dot c${colour}" cx="${across.at(point[0]).toFixed(1)}" cy="${up.at(point[1]).toFixed(1)}" r="2.5"><title>${escapeXml(`${short(point[0])}: ${short(point[1])}`)}</title></circle>`).join('')
    : ''
  const svg = [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(`${title}: ${y.label} by ${x.label}`)}">`,
    ...up.ticks.map(({ at, text }) => `<line class="grid" x1="${BOX.left}" x2="${WIDTH - BOX.right}" y1="${up.at(at).toFixed(1)}" y2="${up.at(at).toFixed(1)}"/><text class="tick" x="${BOX.left - 5}" y="${(up.at(at) + 3.5).toFixed(1)}" text-anchor="end">${escapeXml(text)}</text>`),
    ...across.ticks.map(({ at, text }) => `<line class="grid" y1="${BOX.top}" y2="${HEIGHT - BOX.bottom}" x1="${across.at(at).toFixed(1)}" x2="${across.at(at).toFixed(1)}"/><text class="tick" x="${across.at(at).toFixed(1)}" y="${HEIGHT - BOX.bottom + 14}" text-anchor="${across.at(at) > WIDTH - ROOM ? 'end' : 'middle'}">${escapeXml(text)}</text>`),
    `<text class="axis" x="${(BOX.left + WIDTH - BOX.right) / 2}" y="${HEIGHT - 5}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    `<text class="axis" transform="translate(10 ${(BOX.top + HEIGHT - BOX.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(y.label)}</text>`,
    ...drawn.map(({ points }, n) => `<polyline class="line c${n % COLOURS}" points="${points.map(place).join(' ')}"/>${marked(points, n % COLOURS)}`),
    '</svg>'
  ]
  const legend = drawn.length > 1 ? `<ul class="legend">${drawn.map(({ name }, n) => `<li class="c${n % COLOURS}">${escapeXml(name)}</li>`).join('')}</ul>` : ''
  return `<figure><figcaption>${escapeXml(title)}</figcaption>${svg.join('')}${legend}</figure>`
}

function isDrawable (value: number, { log }: Axis): boolean {
  return Number.isFinite(value) && (log !== true || value > 0)
}

interface Scale { readonly at: (value: number) => number, readonly ticks: readonly { readonly at: number, readonly text: string }[] }

/** Linear axes begin at 0; logarithmic ones at a power of ten. */
function scaleOf ({ log = false, ticks }: Axis, values: readonly number[], from: number, to: number): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  if (log) {
    const [low, high] = [Math.floor(Math.log10(least)), Math.max(Math.ceil(Math.log10(most)), Math.floor(Math.log10(least)) + 1)]
    const powers = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)).map((at) => ({ at, text: at >= 1000 ? `${short(at / (at >= 1e6 ? 1e6 : 1000))}${at >= 1e6 ? ' M' : ' k'}` : short(at) }))
    return { at: (value) => from + (Math.log10(value) - low) / (high - low) * (to - from), ticks: ticks?.filter(({ at }) => at >= 10 ** low && at <= 10 ** high) ?? powers }
  }
  const low = Math.min(0, least)
  const step = roundStep((most - low) / TICKS)
  const high = low + Math.max(1, Math.ceil((most - low) / step)) * step
  const round = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, n) => low + n * step).map((at) => ({ at, text: short(at) }))
  return { at: (value) => from + (value - low) / (high - low) * (to - from), ticks: ticks ?? round }
}

/** The next of 1, 2, 5, 10, 20, … */
function roundStep (size: number): number {
  if (size <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(size))
  return ([1, 2, 5].find((factor) => factor * power >= size) ?? 10) * power
}
