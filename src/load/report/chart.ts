// A line chart as SVG in itself; colours come from the page's style.
import { linearScale, logScale, type Axis, type Scale } from './scale.ts'
import { short } from './statistics.ts'

export type Point = readonly [x: number, y: number]

export interface Chart {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly Line[]
  /** Whether each point is a measurement of its own, to be marked. */
  readonly dots?: boolean
}

interface Line {
  readonly name: string
  readonly points: readonly Point[]
}

const [WIDTH, HEIGHT] = [360, 230]
const BOX = { left: 54, right: 12, top: 12, bottom: 36 }
const [LEFT, RIGHT, TOP, BOTTOM] = [BOX.left, WIDTH - BOX.right, BOX.top, HEIGHT - BOX.bottom]
/** Colours of lines; with more lines they repeat. */
const COLOURS = 6
/** Half of the widest label. */
const LABEL_ROOM = 20

/** Makes a text safe inside of HTML and XML. */
export function escapeXml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A figure with a caption and a legend where there are several lines; '' when there is nothing to draw. */
export function chartSvg ({ title, x, y, lines, dots = false }: Chart): string {
  const isDrawn = ([a, b]: Point) => isDrawable(a, x) && isDrawable(b, y)
  const drawn = lines.map(({ name, points }) => ({ name, points: points.filter(isDrawn) }))
    .filter(({ points }) => points.length > 0)
  const points = drawn.flatMap(({ points }) => points)
  if (points.length === 0) return ''
  const across = scaleOf(x, points.map(([value]) => value), LEFT, RIGHT)
  const up = scaleOf(y, points.map(([, value]) => value), BOTTOM, TOP)
  const svg = [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(`${title}: ${y.label} by ${x.label}`)}">`,
    horizontalGrid(up),
    verticalGrid(across),
    `<text class="axis" x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 5}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    `<text class="axis" transform="translate(10 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">`,
    `${escapeXml(y.label)}</text>`,
    ...drawn.map(({ points }, n) => polyline(points, { across, up, colour: n % COLOURS, dots })),
    '</svg>'
  ]
  return `<figure><figcaption>${escapeXml(title)}</figcaption>${svg.join('')}${legendOf(drawn)}</figure>`
}

function horizontalGrid ({ at, ticks }: Scale): string {
  return ticks.map((tick) => {
    const y = at(tick.at)
    return `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/>` +
      `<text class="tick" x="${LEFT - 5}" y="${(y + 3.5).toFixed(1)}" text-anchor="end">${escapeXml(tick.text)}</text>`
  }).join('')
}

function verticalGrid ({ at, ticks }: Scale): string {
  return ticks.map((tick) => {
    const x = at(tick.at)
    const anchor = x > WIDTH - LABEL_ROOM ? 'end' : 'middle'
    return `<line class="grid" y1="${TOP}" y2="${BOTTOM}" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}"/>` +
      `<text class="tick" x="${x.toFixed(1)}" y="${BOTTOM + 14}" text-anchor="${anchor}">${escapeXml(tick.text)}</text>`
  }).join('')
}

interface Drawing {
  readonly across: Scale
  readonly up: Scale
  readonly colour: number
  readonly dots: boolean
}

function polyline (points: readonly Point[], { across, up, colour, dots }: Drawing): string {
  const places = points.map(([x, y]) => [across.at(x).toFixed(1), up.at(y).toFixed(1)] as const)
  const line = `<polyline class="line c${colour}" points="${places.map((place) => place.join(',')).join(' ')}"/>`
  if (!dots) return line
  return line + places.map(([x, y], n) => {
    const [a, b] = points[n]!
    return `<circle class="dot c${colour}" cx="${x}" cy="${y}" r="2.5"><title>${short(a)}: ${short(b)}</title></circle>`
  }).join('')
}

function legendOf (lines: readonly Line[]): string {
  if (lines.length < 2) return ''
  const items = lines.map(({ name }, n) => `<li class="c${n % COLOURS}">${escapeXml(name)}</li>`)
  return `<ul class="legend">${items.join('')}</ul>`
}

function isDrawable (value: number, { log }: Axis): boolean {
  return Number.isFinite(value) && (log !== true || value > 0)
}

function scaleOf (axis: Axis, values: readonly number[], from: number, to: number): Scale {
  const range = { least: Math.min(...values), most: Math.max(...values), from, to }
  return axis.log === true ? logScale(axis, range) : linearScale(axis, range)
}
