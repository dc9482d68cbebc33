// A run as a result: the text for the reader, and the figures of its report.
import { cpus, totalmem, type as systemType, release } from 'node:os'
import { version as nodeVersion } from 'node:process'
import type { FinishedRun } from '../run.ts'
import { SCENARIOS } from '../scenarios.ts'
import { adviceFor } from '../service.ts'
import type { LoadSettings } from '../settings.ts'
import { decodeHistogram, encodeHistogram, mergeHistograms, percentileMs } from './histogram.ts'
import type { Figure, Result, Section } from './result.ts'
import { short, sum } from './statistics.ts'

/** A process of the generator past this share of a core may itself be what was measured. */
const MAX_CPU = 0.8
/** The share of requests that a limit may refuse (429). */
const MAX_LIMITED = 0.01
const PERCENTILES = [50, 90, 99, 99.9, 99.99]
/** A percentile of fewer is a guess. */
const MIN_IN_SLICE = 100
const GIB = 2 ** 30
/** A rate needs a time that is not 0. */
const MIN_SECONDS = 0.001

/** How the run was started. */
interface RunContext {
  readonly settings: LoadSettings
  readonly command: string
  readonly version: string
  readonly date: Date
}

/** `cpus[0].model` says nothing on some machines. */
function machineText (): string {
  const [first] = cpus()
  const model = first?.model.trim() ?? 'unknown'
  return `${cpus().length} cores of ${model}, ${(totalmem() / GIB).toFixed(0)} GiB, ${systemType()} ${release()}`
}

/** Makes a result with one section of a run. */
export function resultOf (finished: FinishedRun, context: RunContext): Result {
  const { settings, command, version } = context
  const text = context.date.toISOString()
  return {
    format: 1,
    title: `scorewire under load: ${settings.scenario}`,
    command,
    date: text,
    machine: machineText(),
    versions: { 'scorewire at the target': finished.targetVersion, 'load generator': version, Node: nodeVersion },
    asked: { ...settings },
    sections: [sectionOf(finished, context, text)]
  }
}

function sectionOf (finished: FinishedRun, { settings, command }: RunContext, date: string): Section {
  const { measured, seconds, cpus, check, isInterrupted } = finished
  const { unit } = SCENARIOS[settings.scenario]!
  return {
    name: settings.scenario,
    command,
    date,
    text: textOf(finished, settings),
    flaws: flawsOf(finished),
    headlines: [],
    figures: figuresOf(finished, settings),
    latencies: [{ name: latencyName(settings), micros: encodeHistogram(mergeHistograms(measured.latencies)) }],
    throughput: [{ name: unit, unit: `${unit}/s`, perSecond: [...measured.perSecond] }],
    curves: [],
    result: { ...measured, latencies: undefined, writes: undefined, seconds, cpus, check, isInterrupted }
  }
}

/** Requests a second by schedule, undefined in a closed loop. */
const rateOf = ({ rate, scenario }: LoadSettings) => rate ?? SCENARIOS[scenario]!.usualRate

function latencyName (settings: LoadSettings): string {
  return rateOf(settings) === undefined ? 'closed loop, from sending' : 'open loop, from the planned time'
}

/** Says in a sentence each why the figures are invalid; empty where they are valid. */
export function flawsOf ({ cpus, check, measured }: Pick<FinishedRun, 'cpus' | 'check' | 'measured'>): string[] {
  const busiest = Math.max(...cpus)
  const refusals = Object.entries(measured.errors).filter(([kind]) => kind.startsWith('429'))
  const limited = sum(refusals.map(([, { count }]) => count))
  const refusedWrites = measured.counts['refused'] ?? 0
  const flaws: string[] = []
  if (busiest > MAX_CPU) {
    flaws.push(
      `a process of the load generator used ${busiest.toFixed(2)} of a core, more than ${MAX_CPU}: ` +
        'it may be what was measured (take more --processes, or another machine)'
    )
  }
  if (limited > MAX_LIMITED * (limited + measured.done)) {
    const [kind, { example }] = refusals[0]!
    flaws.push(
      `${limited.toLocaleString('en')} requests were refused by a limit, ` +
        `so that it is the limit that was measured: ${adviceFor(kind, example)}`
    )
  }
  if (check?.isRight === false) flaws.push(check.sentence)
  if (refusedWrites > 0) flaws.push(`${refusedWrites} writes were refused, so that no screen could show them`)
  return flaws
}

/** The name of each figure says how it was loaded: figures of another rate are not comparable. */
function figuresOf ({ measured, seconds }: FinishedRun, settings: LoadSettings): Figure[] {
  const { unit } = SCENARIOS[settings.scenario]!
  const rate = rateOf(settings)
  const { scenario, connections } = settings
  const load = `${scenario}, ${connections} connections, ${rate === undefined ? 'closed loop' : `${rate}/s`}`
  const slices = measured.latencies.map(decodeHistogram).filter(({ totalCount }) => totalCount >= MIN_IN_SLICE)
  const perSecond = [...measured.perSecond]
  if (perSecond.length === 0) perSecond.push(measured.done / Math.max(seconds, MIN_SECONDS))
  const percentiles = slices.length === 0 ? [] : [50, 99]
  return [
    { name: `${load}: throughput`, unit: `${unit}/s`, better: 'more', samples: perSecond },
    ...percentiles.map((percent): Figure => {
      const samples = slices.map((slice) => percentileMs(slice, percent))
      return { name: `${load}: p${percent}`, unit: 'ms', better: 'less', samples }
    })
  ]
}

function textOf (finished: FinishedRun, settings: LoadSettings): string {
  const { measured, check } = finished
  const worst = Object.entries(measured.errors).toSorted(([, a], [, b]) => b.count - a.count)[0]
  return [
    ...tableOf(finished, settings),
    '',
    settingsText(finished, settings),
    '',
    errorsText(finished, settings),
    ...screensText(finished, settings),
    ...worst === undefined ? [] : ['', `Most errors: ${adviceFor(worst[0], worst[1].example)}.`],
    ...check === undefined ? [] : ['', check.sentence]
  ].join('\n')
}

function tableOf ({ measured, seconds }: FinishedRun, settings: LoadSettings): string[] {
  const { unit } = SCENARIOS[settings.scenario]!
  const latencies = mergeHistograms(measured.latencies)
  const rate = rateOf(settings)
  const errors = sum(Object.values(measured.errors).map(({ count }) => count))
  const rows = [
    [settings.scenario, rate === undefined ? 'closed loop' : `${rate.toLocaleString('en')} a second`],
    ['---', '---'],
    [`${unit}/s`, short(measured.done / Math.max(seconds, MIN_SECONDS))],
    ...PERCENTILES.map((percent) => [`p${percent}, ms`, short(percentileMs(latencies, percent))]),
    ['max, ms', short(latencies.totalCount === 0 ? NaN : latencies.maxValue / 1000)],
    [unit, measured.done.toLocaleString('en')],
    ['errors', errors.toLocaleString('en')]
  ]
  return rows.map((row) => `| ${row.join(' | ')} |`)
}

function settingsText ({ seconds, isInterrupted }: FinishedRun, settings: LoadSettings): string {
  const rate = rateOf(settings)
  const loop = rate === undefined
    ? 'closed loop: a service that stalls gets fewer requests, and the percentiles hide the stall'
    : `${rate.toLocaleString('en')} a second by schedule, each latency from its planned time`
  const { scenario, connections, warmUpSeconds } = settings
  return `Load: ${SCENARIOS[scenario]!.summary}; ${connections.toLocaleString('en')} connections, ${loop}; ` +
    `${seconds.toFixed(0)} s after ${warmUpSeconds} s of warm-up${isInterrupted ? ', INTERRUPTED' : ''}.`
}

function errorsText ({ measured, cpus }: FinishedRun, settings: LoadSettings): string {
  const { lateMs, waited } = measured
  const errors = Object.entries(measured.errors).map(([kind, { count }]) => `${count.toLocaleString('en')} × ${kind}`)
  const sentences = [
    `Errors: ${errors.length === 0 ? 'none' : errors.join(', ')}.`,
    `Load generator: ${cpus.map((cpu) => cpu.toFixed(2)).join(' + ')} of a core.`
  ]
  if (rateOf(settings) !== undefined) {
    sentences.push(`It sent at most ${lateMs.toFixed(1)} ms late.`)
    if (waited > 0) sentences.push(`${waited.toLocaleString('en')} requests waited for a free connection.`)
    sentences.push('The latencies contain these times.')
  }
  return sentences.join(' ')
}

/** What the screens of a scenario were shown; empty where it has none. */
function screensText ({ measured, seconds }: FinishedRun, { connections }: LoadSettings): string[] {
  const { counts: { lost, bytes = 0 }, writes, done } = measured
  if (writes === undefined) return lost === undefined ? [] : ['', `${lost} screens were lost in between.`]
  const onAll = writes.lastMs.filter((_, write) => writes.shownOn[write] === connections).toSorted((a, b) => a - b)
  const at = (share: number) => {
    const ms = onAll[Math.min(onAll.length - 1, Math.floor(share * onAll.length))]
    return ms === undefined ? 'never' : `${short(ms)} ms`
  }
  const missing = writes.shownOn.length * connections - sum(writes.shownOn)
  const boards = short(done / connections / Math.max(seconds, MIN_SECONDS))
  const size = short(bytes / Math.max(1, done))
  return [
    '',
    `Each screen was shown ${boards} boards a second (${size} bytes each). ` +
    `Every screen has shown ${onAll.length} of ${writes.shownOn.length} writes: the last screen had them after ` +
    `${at(0.5)} (median), ${at(0.99)} (p99), at most ${at(1)}. ` +
    `${missing.toLocaleString('en')} times a write was missing on a screen; ${lost ?? 0} screens were lost.`
  ]
}
