import { Type, type Static } from 'typebox'
import { Catalogue } from './catalogue.ts'
import { BOARD_NAME } from '../identifiers.ts'
import { MAX_SEGMENTS, SegmentName } from './segment.ts'
import { isMoment, Season, WeekStart, WindowKind } from './window.ts'
import { checker, problemsFound, problemText } from '../schema.ts'
import { shortHash } from '../short-hash.ts'

/** The largest score: the last integer up to which a double, and so Redis and JSON, counts every one. */
export const MAX_SCORE = Number.MAX_SAFE_INTEGER

/** A reader sees at most so many users of a head; the rest of it is room for corrections. */
export const VISIBLE = 100
/** Users in a full head, where the board does not say, and at most. */
export const HEAD_SIZE = 128
export const MAX_HEAD_SIZE = 256

/** Boards of one service at most: every node knows the rules of all of them. */
export const MAX_BOARDS = 1000

const Count = (description: string) => Type.Integer({ minimum: 1, maximum: MAX_SCORE, description })
const Days = (days: number) => Type.Integer({ minimum: 1, maximum: 400, default: days })

export const BoardRules = Type.Object({
  order: Type.Enum(['desc', 'asc'], { default: 'desc', description: 'Whether the highest or the lowest score is the first' }),
  operator: Type.Enum(['increment', 'best', 'latest'], {
    default: 'increment', description: 'What a write does: adds points, or submits a score of which the best or the latest is kept'
  }),
  windows: Type.Array(WindowKind, {
    minItems: 1, uniqueItems: true, default: ['all'], description: 'Periods that are ranked; the first is the one shown by default'
  }),
  time_zone: Type.String({ default: 'UTC', description: 'IANA zone that decides where days, weeks and months begin' }),
  week_start: WeekStart,
  seasons: Type.Array(Season, { maxItems: 100, default: [], description: 'In order; a board with the window season takes writes while one is open' }),
  retention: Type.Object({ day: Days(8), week: Days(35), month: Days(400) }, {
    additionalProperties: false, default: {}, description: 'For how many days after its end a window can be read; all and seasons are kept'
  }),
  segments: Type.Array(SegmentName, {
    maxItems: MAX_SEGMENTS, uniqueItems: true, default: [], description: 'Parts of the board that are ranked by themselves, such as region, by claims of the token'
  }),
  visibility: Type.Enum(['public', 'authenticated'], { default: 'public', description: 'Who may read it: everybody, or those with a token' }),
  max_increment: Type.Integer({ minimum: 1, maximum: MAX_SCORE, default: 1000, description: 'Points that one action may give' }),
  max_score: Type.Integer({ minimum: 1, maximum: MAX_SCORE, default: MAX_SCORE, description: 'No score may pass it' }),
  quota: Type.Object({
    increments: Count('Increments, or scores, that a user may send'),
    per_seconds: Type.Integer({ minimum: 1, maximum: 31_536_000, description: 'in a period of this many seconds' })
  }, { additionalProperties: false, default: { increments: 600, per_seconds: 60 } }),
  // Without a default: what is left out changes no revision, and boards that were made before stay as they are.
  velocity: Type.Optional(Type.Object({
    points: Count('A user who gains more points than this'),
    per_seconds: Type.Integer({ minimum: 1, maximum: 86_400, description: 'within a period of this many seconds is flagged' })
  }, { additionalProperties: false, description: 'When a user is too fast to be true: it flags, and bans nobody' })),
  actions: Catalogue,
  client_increments: Type.Boolean({ default: true, description: 'Whether a user token may name points or scores; else they come from an action, a grant or a service' }),
  proof: Type.Enum(['none', 'grant'], { default: 'none', description: 'Whether a user token needs a grant for every increment' }),
  head_size: Type.Integer({ minimum: VISIBLE, maximum: MAX_HEAD_SIZE, default: HEAD_SIZE, description: 'Users of whom is kept who reached a score first' })
}, { additionalProperties: false })
export type BoardRules = Static<typeof BoardRules>

export interface Board extends Readonly<BoardRules> {
  readonly name: string
  /** Names the rules: the same for the same rules. */
  readonly revision: string
}

const BoardsFile = Type.Object({
  boards: Type.Record(Type.String({ pattern: BOARD_NAME }), BoardRules, { minProperties: 1, maxProperties: MAX_BOARDS, additionalProperties: false })
}, { additionalProperties: false })

const isBoardsFile = checker(BoardsFile, 'complete')

/**
 * Boards from the content of a boards file, `{ "boards": { "<name>": { …rules } } }`, in its order; absent rules take their defaults.
 * Returns every problem found instead when there is one.
 */
export function parseRules (content: unknown): { boards: Board[] } | { problems: string[] } {
  const file = structuredClone(content)
  if (!isBoardsFile(file)) {
    return { problems: problemsFound(isBoardsFile).map(problemText) }
  }
  const problems = Object.entries(file.boards).flatMap(([name, rules]) => contradictionsIn(rules).map((problem) => `/boards/${name}${problem}`))
  if (problems.length > 0) return { problems }
  return { boards: Object.entries(file.boards).map(([name, rules]) => ({ name, revision: revisionOf(rules), ...rules })) }
}

/** The rules alone, as a boards file has them. */
export function rulesOf (board: BoardRules): BoardRules {
  return Object.fromEntries(Object.keys(BoardRules.properties).map((rule) => [rule, Reflect.get(board, rule)])) as BoardRules
}

/** What no schema can say of rules: each problem with the path of the rule. */
function contradictionsIn (rules: BoardRules): string[] {
  const problems = rules.seasons.flatMap(({ start, end }, n) => {
    const [fromMs, untilMs] = [Date.parse(start), Date.parse(end)]
    if (!isMoment(start) || !isMoment(end)) return [`/seasons/${n} names a moment that there is not`]
    if (untilMs <= fromMs) return [`/seasons/${n}/end must be after its start`]
    const before = rules.seasons[n - 1]
    const overlaps = before !== undefined && Date.parse(before.end) > fromMs
    return overlaps ? [`/seasons/${n}/start must not be before the end of the season before`] : []
  })
  if (new Set(rules.seasons.map(({ name }) => name)).size < rules.seasons.length) problems.push('/seasons must have different names')
  if (!isTimeZone(rules.time_zone)) problems.push(`/time_zone is not an IANA time zone: ${rules.time_zone}`)
  const [hasWindow, hasSeasons] = [rules.windows.includes('season'), rules.seasons.length > 0]
  if (hasWindow !== hasSeasons) problems.push('/seasons and the window season need each other')
  if (rules.operator !== 'increment') {
    if (Object.keys(rules.actions).length > 0) problems.push(`/actions give points, and a board with the operator ${rules.operator} takes scores`)
    if (rules.velocity !== undefined) problems.push(`/velocity is for points, and a board with the operator ${rules.operator} takes scores`)
    if (rules.proof === 'grant') problems.push(`/proof is for points, and a board with the operator ${rules.operator} takes scores`)
  }
  return problems
}

/** The same for the same rules, whatever their order in the file. */
function revisionOf (rules: BoardRules): string {
  return shortHash(JSON.stringify(rules, (_, value: unknown) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
  }), 96)
}

function isTimeZone (zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined
  } catch {
    return false
  }
}
