// What has changed between two results, beyond what each of them varies by itself.
import type { Figure, Result } from './result.ts'
import { median, short } from './statistics.ts'

/** The spread of fewer samples says nothing. */
const MIN_SAMPLES = 3
/** A smaller change is not reported. */
const MIN_CHANGE = 0.02

interface Difference {
  readonly section: string
  readonly name: string
  readonly unit: string
  readonly before: readonly number[]
  readonly after: readonly number[]
  readonly verdict: 'regression' | 'improvement' | 'same' | 'too few samples'
}

interface Comparison {
  readonly date: string
  readonly command: string
  readonly differences: readonly Difference[]
  /** What makes the two hard to compare, such as another machine. */
  readonly unlike: readonly string[]
}

/** Compares the figures that both results have. */
export function compareResults (earlier: Result, later: Result): Comparison {
  const differences = later.sections.flatMap(({ name: section, figures }) => {
    const known = earlier.sections.find(({ name }) => name === section)?.figures ?? []
    return figures.flatMap((after) => {
      const before = known.find(({ name, unit }) => name === after.name && unit === after.unit)
      if (before === undefined) return []
      const { name, unit } = after
      return [{ section, name, unit, before: before.samples, after: after.samples, verdict: verdictOf(before, after) }]
    })
  })
  return { date: earlier.date, command: earlier.command, differences, unlike: unlikeOf(earlier, later) }
}

/** Beyond both spreads: no sample of the one lies among those of the other. */
function verdictOf ({ samples: before, better }: Figure, { samples: after }: Figure): Difference['verdict'] {
  if (before.length < MIN_SAMPLES || after.length < MIN_SAMPLES) return 'too few samples'
  const isHigher = Math.min(...after) > Math.max(...before)
  const isLower = Math.max(...after) < Math.min(...before)
  const change = Math.abs(median(after) - median(before))
  if ((!isHigher && !isLower) || change < MIN_CHANGE * Math.abs(median(before))) return 'same'
  return isHigher === (better === 'more') ? 'improvement' : 'regression'
}

const NOT_COMPARED = new Set(['json', 'report', 'compare', 'from', 'readme', 'help', 'only'])

function unlikeOf (earlier: Result, later: Result): string[] {
  const options = Object.keys({ ...earlier.asked, ...later.asked }).filter((name) => !NOT_COMPARED.has(name))
  const text = (value: unknown) => {
    if (value === undefined || value === null) return 'none'
    return typeof value === 'string' ? value : JSON.stringify(value)
  }
  const differ = (name: string, then: unknown, now: unknown) =>
    text(then) === text(now) ? [] : [`${name}: ${text(then)} then, ${text(now)} now`]
  return [
    ...differ('machine', earlier.machine, later.machine),
    ...Object.keys(later.versions).flatMap((name) => differ(name, earlier.versions[name], later.versions[name])),
    ...options.flatMap((name) => differ(name, earlier.asked[name], later.asked[name]))
  ]
}

const MARKS: Readonly<Record<Difference['verdict'], string>> = {
  regression: 'REGRESSION',
  improvement: 'improvement',
  same: '',
  'too few samples': '(too few samples)'
}

/** A comparison in Markdown, regressions first. */
export function comparisonText ({ date, command, differences, unlike }: Comparison): string {
  const cell = (samples: readonly number[]) =>
    `${short(median(samples))} (${short(Math.min(...samples))} to ${short(Math.max(...samples))})`
  const order = (difference: Difference) => Object.keys(MARKS).indexOf(difference.verdict)
  const rows = differences.toSorted((a, b) => order(a) - order(b)).map(({ name, unit, before, after, verdict }) => {
    const ratio = median(before) === 0 ? '–' : (median(after) / median(before)).toFixed(2)
    return `| ${name}, ${unit} | ${cell(before)} | ${cell(after)} | × ${ratio} | ${MARKS[verdict]} |`
  })
  const meaning = rows.length === 0
    ? 'the two have no figure in common.'
    : 'a mark shows a change beyond the spread of both.'
  return [
    `Beside the run of ${date.slice(0, 16).replace('T', ' ')} UTC (\`${command}\`): ${meaning}`,
    ...unlike.length === 0 ? [] : ['', `Not the same: ${unlike.join('; ')}.`],
    ...rows.length === 0 ? [] : ['', '| | then | now | | |', '| --- | --- | --- | --- | --- |', ...rows]
  ].join('\n')
}
