// Latencies in µs, as an HdrHistogram: three digits from 1 µs to 10 minutes.
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'

const MAX_MICROS = 600_000_000

/** A histogram without a latency. */
export function emptyHistogram (): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: MAX_MICROS, numberOfSignificantValueDigits: 3 })
}

/** Adds a latency in ms. */
export function recordMs (histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.min(MAX_MICROS, Math.max(1, Math.round(ms * 1000))))
}

/** A histogram as text, compressed, in base64. */
export function encodeHistogram (histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram)
}

/** The histogram that `encodeHistogram` has made into text. */
export function decodeHistogram (encoded: string): Histogram {
  return decodeFromCompressedBase64(encoded)
}

/** One histogram of several that are encoded. */
export function mergeHistograms (encoded: readonly string[]): Histogram {
  const all = emptyHistogram()
  for (const one of encoded) all.add(decodeHistogram(one))
  return all
}

/** The latency in ms that `percent` of all do not exceed: at most the longest, though a histogram rounds up. */
export function percentileMs (histogram: Histogram, percent: number): number {
  if (histogram.totalCount === 0) return NaN
  return Math.min(histogram.maxValue, histogram.getValueAtPercentile(percent)) / 1000
}
