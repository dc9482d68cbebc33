// What is to be reached, and whether it was.
import type { Answer } from './benchmark.ts'
import { median, spread } from '../src/load/report/statistics.ts'

export interface Reach {
  readonly what: string
  /** A ratio of each round, of two runs beside each other. */
  readonly ratios: readonly number[]
  readonly least?: number
  readonly most?: number
  /** Whether it is one of the few figures that README.md shows. */
  readonly inReadme?: boolean
}

export function isMet ({ ratios, least = -Infinity, most = Infinity }: Reach): boolean {
  const ratio = median(ratios)
  return ratio >= least && ratio <= most
}

/** A line of a table: what, the ratio with its spread, the bound, and `met` or `missed` by the median. */
export function reachRow (reach: Reach): string {
  const bound = reach.least === undefined ? `≤ ${reach.most}` : `≥ ${reach.least}`
  return `| ${reach.what} | × ${spread(reach.ratios, 2)} | ${bound} | ${isMet(reach) ? 'met' : '**missed**'} |`
}

export const REACH_HEAD = ['| reach | ratio of each round | bound | |', '| --- | --- | --- | --- |'] as const

/** What is to be reached, for a report: to be compared with another run, and for the README. */
export function reachAnswer (reaches: readonly Reach[]): Pick<Answer, 'figures' | 'headlines'> {
  return {
    figures: reaches.map(({ what, ratios, least }) => ({
      name: what,
      unit: '×',
      better: least === undefined ? 'less' : 'more',
      samples: [...ratios]
    })),
    headlines: reaches.map((reach) => {
      const bound = reach.least === undefined ? `at most × ${reach.most}` : `at least × ${reach.least}`
      return {
        what: reach.what,
        measured: `× ${spread(reach.ratios, 2)}`,
        beside: `target: ${bound}${isMet(reach) ? '' : ', **missed**'}`,
        ...reach.inReadme === true && { inReadme: true }
      }
    })
  }
}
