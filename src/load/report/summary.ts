// A run, as a result: what a reader is told, and what a report is made of.
import { cpus, totalmem, type as systemType, release } from 'node:os'
import { version as nodeVersion } from 'node:process'
import type { Asked } from '../settings.ts'
import { decodeHistogram, encodeHistogram, mergeHistograms, percentileMs } from './histogram.ts'
import type { Figure, Result, Section } from './result.ts'
import type { Finished } from '../run.ts'
import { SCENARIOS } from '../scenarios.ts'
import { adviceFor } from '../service.ts'
import { short, sum } from './statistics.ts'

/** A process past this share of a core may itself be what was measured. */
export const MOST_CPU = 0.8
/** Refusals of a limit (429) among all. */
const MOST_LIMITED = 0.01
const PERCENTILES = [50, 90, 99, 99.9, 99.99]
/** A percentile of fewer is a guess. */
const FEWEST_IN_SLICE = 100
const GIB = 2 ** 30
/** Nothing is measured in no time. */
const SHORTEST = 0.001

export interface Told { readonly asked: Asked, readonly command: string, readonly version: string, readonly date: Date }

/** `cpus[0].model` says nothing on some machines. */
export function machineText (): string {
  const [first] = cpus()
  return `${cpus().length} cores of ${first?.model.trim() ?? 'unknown'}, ${(totalmem() / GIB).toFixed(0)} GiB, ${systemType()} ${release()}`
}

export function resultOf (finished: Finished, { asked, command, version, date }: Told): Result {
  const text = date.toISOString()
  return {
    format: 1,
    title: `scorewire under load: ${asked.scenario}`,
    command,
    date: text,
    machine: machineText(),
    versions: { 'scorewire at the target': finished.targetVersion, 'load generator': version, Node: nodeVersion },
    asked: { ...asked },
    sections: [sectionOf(finished, { asked, command, date: text })]
  }
}

function sectionOf (finished: Finished, { asked, command, date }: { asked: Asked, command: string, date: string }): Section {
  const { measured, seconds } = finished
  const { unit } = SCENARIOS[asked.scenario]!
  return {
    name: asked.scenario,
    command,
    date,
    text: textOf(finished, asked),
    flaws: flawsOf(finished),
    headlines: [],
    figures: figuresOf(finished, asked),
    latencies: [{ name: latencyName(asked), micros: encodeAll(measured.latencies) }],
    throughput: [{ name: unit, unit: `${unit}/s`, perSecond: [...measured.perSecond] }],
    curves: [],
    result: { ...measured, latencies: undefined, writes: undefined, seconds, cpus: finished.cpus, check: finished.check, isInterrupted: finished.isInterrupted }
  }
}

const encodeAll = (slices: readonly string[]) => encodeHistogram(mergeHistograms(slices))

/** Requests a second by schedule, undefined in a closed loop. */
const rateOf = ({ rate, scenario }: Asked) => rate ?? SCENARIOS[scenario]!.usualRate

function latencyName (asked: Asked): string {
  return rateOf(asked) === undefined ? 'closed loop, from sending' : 'open loop, from the planned time'
}

export function flawsOf ({ cpus, check, measured }: Pick<Finished, 'cpus' | 'check' | 'measured'>): string[] {
  const busiest = Math.max(...cpus)
  const refusals = Object.entries(measured.errors).filter(([kind]) => kind.startsWith('429'))
  const limited = sum(refusals.map(([, { count }]) => count))
  const limit = refusals.map(([kind, { example }]): [string, string] => [kind, example])[0]
  return [
    ...busiest > MOST_CPU ? [`a process of the load generator used ${busiest.toFixed(2)} of a core, more than ${MOST_CPU}: it may be what was measured (take more --processes, or another machine)`] : [],
    ...limited > MOST_LIMITED * (limited + measured.done) ? [`${limited.toLocaleString('en')} requests were refused by a limit, so that it is the limit that was measured: ${adviceFor(...limit!)}`] : [],
    ...check?.isRight === false ? [check.sentence] : [],
    ...(measured.counts['refused'] ?? 0) > 0 ? [`${measured.counts['refused']} writes were refused, so that screens waited for what never came`] : []
  ]
}

/** Each with how it was loaded in its name: another rate is another question. */
function figuresOf ({ measured, seconds }: Finished, asked: Asked): Figure[] {
  const { unit } = SCENARIOS[asked.scenario]!
  const rate = rateOf(asked)
  const load = `${asked.scenario}, ${asked.connections} connections, ${rate === undefined ? 'closed loop' : `${rate}/s`}`
  const slices = measured.latencies.map(decodeHistogram).filter(({ totalCount }) => totalCount >= FEWEST_IN_SLICE)
  const perSecond = measured.perSecond.length > 0 ? [...measured.perSecond] : [measured.done / Math.max(seconds, SHORTEST)]
  return [
    { name: `${load}: throughput`, unit: `${unit}/s`, better: 'more', samples: perSecond },
    ...slices.length === 0
      ? []
      : [50, 99].map((percent): Figure => ({ name: `${load}: p${percent}`, unit: 'ms', better: 'less', samples: slices.map((slice) => percentileMs(slice, percent)) }))
  ]
}

function textOf (finished: Finished, asked: Asked): string {
  const { measured, cpus, seconds, isInterrupted, check } = finished
  const { unit, summary } = SCENARIOS[asked.scenario]!
  const latencies = mergeHistograms(measured.latencies)
  const rate = rateOf(asked)
  const errors = Object.entries(measured.errors).map(([kind, { count }]) => `${count.toLocaleString('en')} × ${kind}`)
  const worst = Object.entries(measured.errors).toSorted(([, a], [, b]) => b.count - a.count)[0]
  const rows = [
    [`${unit}/s`, short(measured.done / Math.max(seconds, SHORTEST))],
    ...PERCENTILES.map((percent) => [`p${percent}, ms`, short(percentileMs(latencies, percent))]),
    ['max, ms', short(latencies.totalCount === 0 ? NaN : latencies.maxValue / 1000)],
    [`${unit}`, measured.done.toLocaleString('en')],
    ['errors', sum(Object.values(measured.errors).map(({ count }) => count)).toLocaleString('en')]
  ]
  return [
    `| ${asked.scenario} | ${rate === undefined ? 'closed loop' : `${rate.toLocaleString('en')} a second`} |`,
    '| --- | --- |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    `What was asked: ${summary}; ${asked.connections.toLocaleString('en')} connections, ${rate === undefined
      ? 'closed loop: each sends when it has its answer, so that a service which stalls is asked less, and the percentiles do not show it'
      : `${rate.toLocaleString('en')} a second by schedule, each latency from its planned time`}; ${seconds.toFixed(0)} s after ${asked.warmUpSeconds} s of warm-up${isInterrupted ? ', INTERRUPTED' : ''}.`,
    '',
    `Errors: ${errors.length === 0 ? 'none' : errors.join(', ')}. Load generator: ${cpus.map((cpu) => cpu.toFixed(2)).join(' + ')} of a core${rate === undefined
      ? ''
      : `; it sent ${measured.lateMs.toFixed(1)} ms late at most, which is in the latencies${measured.waited === 0 ? '' : `; ${measured.waited.toLocaleString('en')} requests waited for a free connection, and so are their waits`}`}.`,
    ...screensText(finished, asked),
    ...worst === undefined ? [] : ['', `Most errors: ${adviceFor(worst[0], worst[1].example)}.`],
    ...check === undefined ? [] : ['', check.sentence]
  ].join('\n')
}

/** What screens have seen, for the scenarios that have them. */
function screensText ({ measured: { counts, writes, done }, seconds }: Finished, { connections }: Asked): string[] {
  if (writes === undefined) return counts['lost'] === undefined ? [] : ['', `${counts['lost']} screens were lost in between.`]
  const everywhere = writes.lastMs.filter((_, write) => writes.shownOn[write] === connections).toSorted((a, b) => a - b)
  const at = (share: number) => everywhere.length === 0 ? 'never' : `${short(everywhere[Math.min(everywhere.length - 1, Math.floor(share * everywhere.length))]!)} ms`
  const missing = writes.shownOn.length * connections - sum(writes.shownOn)
  return ['', `Each screen was shown ${short(done / connections / Math.max(seconds, SHORTEST))} boards a second (${short((counts['bytes'] ?? 0) / Math.max(1, done))} bytes each). ` +
    `Of ${writes.shownOn.length} writes, ${everywhere.length} were shown by every screen: the last one had them after ${at(0.5)} (median), ${at(0.99)} (p99), ${at(1)} at most. ` +
    `${missing.toLocaleString('en')} times a write was missing on a screen; ${counts['lost'] ?? 0} screens were lost.`]
}
