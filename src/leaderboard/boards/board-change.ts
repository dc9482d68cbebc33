import { isDeepStrictEqual } from 'node:util'
import { rulesOf, type BoardRules } from './rules.ts'
import { closeOf } from './season.ts'
import type { Season } from './window.ts'

/** One rule that is to change. `from` or `to` is undefined where something is added or removed. */
export interface BoardChange {
  /** JSON pointer into the rules; seasons and actions by their names. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
  /** What is corrupting may not be done to a board that has scores. */
  readonly kind: 'safe' | 'corrupting'
  /** What becomes of the scores, in words; empty where nothing does. */
  readonly why: string
}

/** Rules by which the scores that are kept came about. */
const BUILT_IN: Readonly<Partial<Record<keyof BoardRules, string>>> = {
  order: 'the scores are stored in this order',
  operator: 'the scores have come about by it',
  max_score: 'the scores were judged by it',
  head_size: 'the tops are exact for heads of this size',
  time_zone: 'the windows that run have begun by it',
  week_start: 'the weeks that run have begun by it'
}

/** Rules with entries of their own, which change one by one. */
const NESTED: ReadonlySet<string> = new Set<keyof BoardRules>(['quota', 'actions'])

/** Scripts find what is kept by the rules of now. */
const HIDDEN = 'bans and removals would no longer find what is kept'

/** Every rule that differs, and whether scores that were kept by the rules before would be wrong by those after, at `atMs`. */
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

/** Of these changes those that a board with scores refuses. */
export function corruptingAmong (changes: readonly BoardChange[]): BoardChange[] {
  return changes.filter(({ kind }) => kind === 'corrupting')
}

function change (path: string, from: unknown, to: unknown, why = '', kind: BoardChange['kind'] = 'safe'): BoardChange {
  return { path, from, to, kind, why }
}

function changedWindows (before: BoardRules['windows'], after: BoardRules['windows']): BoardChange[] {
  return changedList('/windows', before, after, {
    added: 'counts from now on: earlier points are not in it',
    removed: (window) => window === 'all'
      ? ['the scores of all time would be lost', 'corrupting']
      : [HIDDEN, 'corrupting'],
    moved: 'the first is the one shown by default'
  })
}

function changedSegments (before: readonly string[], after: readonly string[]): BoardChange[] {
  return changedList('/segments', before, after, {
    added: 'counts from now on: users are in it after their next write',
    removed: () => ['the users in it would be ranked no more', 'corrupting'],
    moved: ''
  })
}

/** For how long a window is kept matters where the board has had it: it could not be taken away. */
function changedRetention (before: BoardRules, after: BoardRules): BoardChange[] {
  return changedEntries('/retention', before.retention, after.retention).map((found) => {
    const kind = (['day', 'week', 'month'] as const).find((kind) => found.path === `/retention/${kind}`)!
    const isLowered = before.windows.includes(kind) && after.retention[kind] < before.retention[kind]
    return isLowered ? { ...found, kind: 'corrupting' as const, why: HIDDEN } : found
  })
}

interface ListWords {
  readonly added: string
  readonly removed: (item: string) => [why: string, kind: BoardChange['kind']]
  readonly moved: string
}

function changedList (path: string, before: readonly string[], after: readonly string[], { added, removed, moved }: ListWords): BoardChange[] {
  const changes = [
    ...before.filter((item) => !after.includes(item)).map((item) => change(path, item, undefined, ...removed(item))),
    ...after.filter((item) => !before.includes(item)).map((item) => change(path, undefined, item, added))
  ]
  const [stayed, stays] = [before.filter((item) => after.includes(item)), after.filter((item) => before.includes(item))]
  return isDeepStrictEqual(stayed, stays) ? changes : [...changes, change(path, before, after, moved)]
}

function changedSeasons (before: readonly Season[], after: readonly Season[], atMs: number): BoardChange[] {
  const path = ({ name }: Season) => `/seasons/${name}`
  return [
    ...before.flatMap((season) => {
      const next = after.find(({ name }) => name === season.name)
      return isDeepStrictEqual(season, next) ? [] : [change(path(season), season, next, ...changedSeason(season, next, atMs))]
    }),
    ...after.filter(({ name }) => !before.some((season) => season.name === name)).map((season) => change(path(season), undefined, season))
  ]
}

function changedSeason (before: Season, after: Season | undefined, atMs: number): [why: string, kind: BoardChange['kind']] {
  const startMs = Date.parse(before.start)
  if (startMs > atMs) return ['', 'safe']
  if (after === undefined) return ['it has begun, and its scores would be lost', 'corrupting']
  if (Date.parse(after.start) !== startMs) return ['it has begun, and keeps its start', 'corrupting']
  const isMoved = Date.parse(after.end) !== Date.parse(before.end) || closeOf(after) !== closeOf(before)
  return isMoved && closeOf(before) <= atMs ? ['it is closed, and stays as it was', 'corrupting'] : ['', 'safe']
}

function changedEntries (path: string, before: object, after: object): BoardChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => change(`${path}/${name}`, own(before, name), own(after, name)))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to))
}

/** `constructor` is a name that an action may have. */
function own (entries: object, name: string): unknown {
  return Object.hasOwn(entries, name) ? Reflect.get(entries, name) : undefined
}
