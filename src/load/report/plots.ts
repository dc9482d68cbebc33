// The plots of a section: percentiles, throughput over time, and curves.
import { chartSvg, type Chart, type Point } from './chart.ts'
import { decodeHistogram } from './histogram.ts'
import type { Latencies, Section, Throughput } from './result.ts'

/** Points of a percentile curve for each further nine. */
const STEPS_PER_TENTH = 8
const TICKS = ['0', '90', '99', '99.9', '99.99', '99.999', '99.9999'].map((text, n) => (
  { at: 10 ** n, text: `${text} %` }
))

/** The charts of a section as SVG; '' where it has none. */
export function plotsOf ({ latencies, throughput, curves }: Section): string {
  const charts: Chart[] = [
    ...latencies.length > 0 ? [percentilesChart(latencies)] : [],
    ...[...new Set(throughput.map(({ unit }) => unit))].map((unit) =>
      throughputChart(unit, throughput.filter((one) => one.unit === unit))
    ),
    ...curves.map((curve) => ({ ...curve, dots: true }))
  ]
  return charts.map(chartSvg).join('')
}

/** By 1/(1 − q): each further nine takes as much room as the one before, so that the rare slow requests show. */
function percentilesChart (latencies: readonly Latencies[]): Chart {
  const lines = latencies.map(({ name, micros }) => ({ name, points: percentilePoints(micros) }))
  const x = { label: 'percentile', log: true, ticks: TICKS }
  return { title: 'Latency by percentile', x, y: { label: 'ms', log: true }, lines }
}

function percentilePoints (micros: string): Point[] {
  const histogram = decodeHistogram(micros)
  const { totalCount, maxValue } = histogram
  if (totalCount === 0) return []
  const steps = Math.ceil(Math.log10(totalCount) * STEPS_PER_TENTH)
  const points = Array.from({ length: steps + 1 }, (_, n): Point => {
    const left = 10 ** (n / STEPS_PER_TENTH)
    return [left, Math.min(maxValue, histogram.getValueAtPercentile(100 * (1 - 1 / left))) / 1000]
  })
  // The last point is the longest of all.
  return [...points.filter(([left]) => left < totalCount), [totalCount, maxValue / 1000]]
}

function throughputChart (unit: string, throughput: readonly Throughput[]): Chart {
  const lines = throughput.map(({ name, perSecond }) => (
    { name, points: perSecond.map((count, second): Point => [second, count]) }
  ))
  return { title: 'Throughput over time', x: { label: 's' }, y: { label: unit }, lines }
}
