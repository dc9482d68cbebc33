// Compares two sets of rules: which rules differ, and whether the change would make existing scores wrong.
import { isDeepStrictEqual } from 'node:util'
import { rulesOf, type BoardRules } from './rules.ts'
import { closeOf } from './season.ts'
import type { Season } from './window.ts'

/** A change of one rule. `from` is undefined for an addition, `to` for a removal. */
export interface BoardChange {
  /** JSON pointer into the rules; seasons and actions are given by name. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
  /** A board that has scores refuses a corrupting change. */
  readonly kind: 'safe' | 'corrupting'
  /** What the change does to the scores, in words; empty if it does nothing. */
  readonly why: string
}

/** Rules that existing scores depend on, with the reason. */
const BUILT_IN: Readonly<Partial<Record<keyof BoardRules, string>>> = {
  order: 'the scores are stored in this order',
  operator: 'the scores were calculated by it',
  max_score: 'the scores were checked against it',
  head_size: 'the tops are exact for heads of this size',
  time_zone: 'the running windows began by it',
  week_start: 'the running weeks began by it'
}

/** Rules that hold entries; each entry changes by itself. */
const NESTED: ReadonlySet<string> = new Set<keyof BoardRules>(['quota', 'actions'])

/** The scripts derive from the current rules which windows exist. */
const UNREACHABLE = 'bans and removals would no longer find its stored scores'

/** Lists every rule that differs, and whether it makes existing scores wrong. `atMs` is in ms since 1970. */
export function changesBetween (before: BoardRules, after: BoardRules, atMs: number): BoardChange[] {
  return (Object.keys(rulesOf(after)) as (keyof BoardRules)[]).flatMap((rule) => {
    if (isDeepStrictEqual(before[rule], after[rule])) return []
    if (rule === 'windows') return changedWindows(before.windows, after.windows)
    if (rule === 'retention') return changedRetention(before, after)
    if (rule === 'segments') return changedSegments(before.segments, after.segments)
    if (rule === 'seasons') return changedSeasons(before.seasons, after.seasons, atMs)
    if (NESTED.has(rule)) return changedEntries(`/${rule}`, before[rule] as object, after[rule] as object)
    const why = BUILT_IN[rule]
    return [change(`/${rule}`, before[rule], after[rule], why, why === undefined ? 'safe' : 'corrupting')]
  })
}

/** The changes among these that a board with scores refuses. */
export function corruptingAmong (changes: readonly BoardChange[]): BoardChange[] {
  return changes.filter(({ kind }) => kind === 'corrupting')
}

function change (path: string, from: unknown, to: unknown, why = '', kind: BoardChange['kind'] = 'safe'): BoardChange {
  return { path, from, to, kind, why }
}

function changedWindows (before: BoardRules['windows'], after: BoardRules['windows']): BoardChange[] {
  return changedList('/windows', before, after, {
    added: 'counts from now on, without earlier points',
    removed: (window) =>
      window === 'all'
        ? ['the scores of all time would be lost', 'corrupting']
        : [UNREACHABLE, 'corrupting'],
    moved: 'the first window is shown by default'
  })
}

function changedSegments (before: readonly string[], after: readonly string[]): BoardChange[] {
  return changedList('/segments', before, after, {
    added: 'counts from now on: each user joins with the next write',
    removed: () => ['the users in it would no longer be ranked', 'corrupting'],
    moved: ''
  })
}

/** A shorter retention is corrupting for a window that the board has. */
function changedRetention (before: BoardRules, after: BoardRules): BoardChange[] {
  return changedEntries('/retention', before.retention, after.retention).map((found) => {
    const kind = (['day', 'week', 'month'] as const).find((kind) => found.path === `/retention/${kind}`)!
    const isLowered = before.windows.includes(kind) && after.retention[kind] < before.retention[kind]
    return isLowered ? { ...found, kind: 'corrupting' as const, why: UNREACHABLE } : found
  })
}

/** What to say of an item that was added or removed, and of a change of order. */
interface ListWords {
  readonly added: string
  readonly removed: (item: string) => [why: string, kind: BoardChange['kind']]
  readonly moved: string
}

function changedList (
  path: string,
  before: readonly string[],
  after: readonly string[],
  { added, removed, moved }: ListWords
): BoardChange[] {
  const changes = [
    ...before.filter((item) => !after.includes(item)).map((item) => change(path, item, undefined, ...removed(item))),
    ...after.filter((item) => !before.includes(item)).map((item) => change(path, undefined, item, added))
  ]
  const commonBefore = before.filter((item) => after.includes(item))
  const commonAfter = after.filter((item) => before.includes(item))
  return isDeepStrictEqual(commonBefore, commonAfter) ? changes : [...changes, change(path, before, after, moved)]
}

function changedSeasons (before: readonly Season[], after: readonly Season[], atMs: number): BoardChange[] {
  const path = ({ name }: Season) => `/seasons/${name}`
  return [
    ...before.flatMap((season) => {
      const next = after.find(({ name }) => name === season.name)
      if (isDeepStrictEqual(season, next)) return []
      return [change(path(season), season, next, ...changedSeason(season, next, atMs))]
    }),
    ...after.filter(({ name }) => !before.some((season) => season.name === name))
      .map((season) => change(path(season), undefined, season))
  ]
}

function changedSeason (
  before: Season,
  after: Season | undefined,
  atMs: number
): [why: string, kind: BoardChange['kind']] {
  const startMs = Date.parse(before.start)
  if (startMs > atMs) return ['', 'safe']
  if (after === undefined) return ['it has begun, and its scores would be lost', 'corrupting']
  if (Date.parse(after.start) !== startMs) return ['it has begun, so its start is fixed', 'corrupting']
  const isMoved = Date.parse(after.end) !== Date.parse(before.end) || closeOf(after) !== closeOf(before)
  return isMoved && closeOf(before) <= atMs ? ['it is closed, so its results are final', 'corrupting'] : ['', 'safe']
}

function changedEntries (path: string, before: object, after: object): BoardChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => change(`${path}/${name}`, own(before, name), own(after, name)))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to))
}

/** Reads an own property only: an action may be called `constructor`. */
function own (entries: object, name: string): unknown {
  return Object.hasOwn(entries, name) ? Reflect.get(entries, name) : undefined
}
