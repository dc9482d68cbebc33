// Latencies in µs, as an HdrHistogram: three digits from 1 µs to 10 minutes.
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'

const LONGEST_MICROS = 600_000_000

export function emptyHistogram (): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: LONGEST_MICROS, numberOfSignificantValueDigits: 3 })
}

export function recordMs (histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.min(LONGEST_MICROS, Math.max(1, Math.round(ms * 1000))))
}

export function encodeHistogram (histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram)
}

export function decodeHistogram (encoded: string): Histogram {
  return decodeFromCompressedBase64(encoded)
}

/** One histogram of what several processes, or parts of a run, have measured. */
export function mergeHistograms (encoded: readonly string[]): Histogram {
  const all = emptyHistogram()
  for (const one of encoded) all.add(decodeHistogram(one))
  return all
}

/** The latency in ms that `percent` of all do not exceed. A histogram rounds up, and nothing took longer than the longest. */
export function percentileMs (histogram: Histogram, percent: number): number {
  if (histogram.totalCount === 0) return NaN
  return Math.min(histogram.maxValue, histogram.getValueAtPercentile(percent)) / 1000
}
