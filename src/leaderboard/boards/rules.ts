// The rules of a board: their schema, their defaults, and a parser of the boards file.
import { Type, type Static } from 'typebox'
import { Catalogue } from './catalogue.ts'
import { BOARD_NAME } from '../identifiers.ts'
import { MAX_SEGMENTS, SegmentName } from './segment.ts'
import { isMoment, Season, WeekStart, WindowKind } from './window.ts'
import { checker, problemsFound, problemText } from '../schema.ts'
import { shortHash } from '../short-hash.ts'

/** The largest score. Above it a double, and so Redis and JSON, no longer represents every integer. */
export const MAX_SCORE = Number.MAX_SAFE_INTEGER

/** How many users of a head a reader sees at most; the others are a reserve for corrections. */
export const VISIBLE = 100
/** Users in a full head: the default, and the most that a board may set. */
export const HEAD_SIZE = 128
export const MAX_HEAD_SIZE = 256

/** The most boards of a service. Every node holds the rules of all of them in memory. */
export const MAX_BOARDS = 1000

const Count = (description: string) => Type.Integer({ minimum: 1, maximum: MAX_SCORE, description })
const Days = (days: number) => Type.Integer({ minimum: 1, maximum: 400, default: days })

/** The rules of a board as the boards file and the API give them. */
export const BoardRules = Type.Object({
  order: Type.Enum(['desc', 'asc'], {
    default: 'desc',
    description: 'Which score ranks first: desc for the highest, asc for the lowest'
  }),
  operator: Type.Enum(['increment', 'best', 'latest'], {
    default: 'increment',
    description: 'What a write does: add points, or submit a score, of which the best or the latest is kept'
  }),
  windows: Type.Array(WindowKind, {
    minItems: 1,
    uniqueItems: true,
    default: ['all'],
    description: 'Periods that are ranked; the first is the default of reads'
  }),
  time_zone: Type.String({ default: 'UTC', description: 'IANA time zone in which days, weeks and months begin' }),
  week_start: WeekStart,
  seasons: Type.Array(Season, {
    maxItems: 100,
    default: [],
    description: 'In order of time. A board with the window season takes writes while a season is open'
  }),
  retention: Type.Object({ day: Days(8), week: Days(35), month: Days(400) }, {
    additionalProperties: false,
    default: {},
    description: 'How many days a window can be read after its end; all and seasons can always be read'
  }),
  segments: Type.Array(SegmentName, {
    maxItems: MAX_SEGMENTS,
    uniqueItems: true,
    default: [],
    description: 'Claims of the token, such as region, by which parts of the board are ranked separately'
  }),
  visibility: Type.Enum(['public', 'authenticated'], {
    default: 'public',
    description: 'public: anyone may read the board; authenticated: reading requires a token'
  }),
  max_increment: Type.Integer({
    minimum: 1,
    maximum: MAX_SCORE,
    default: 1000,
    description: 'The most points that one action may give'
  }),
  max_score: Type.Integer({
    minimum: 1,
    maximum: MAX_SCORE,
    default: MAX_SCORE,
    description: 'The highest score that is allowed'
  }),
  quota: Type.Object({
    increments: Count('How many increments or scores a user may send in a period'),
    per_seconds: Type.Integer({ minimum: 1, maximum: 31_536_000, description: 'The length of the period in seconds' })
  }, { additionalProperties: false, default: { increments: 600, per_seconds: 60 } }),
  // It has no default, so that a board without it keeps the revision that it had before the rule existed.
  velocity: Type.Optional(Type.Object({
    points: Count('A user who gains more points than this in a period is flagged'),
    per_seconds: Type.Integer({ minimum: 1, maximum: 86_400, description: 'The length of the period in seconds' })
  }, {
    additionalProperties: false,
    description: 'Flags users who gain points suspiciously fast. It sends a user.flagged webhook and bans no one'
  })),
  actions: Catalogue,
  client_increments: Type.Boolean({
    default: true,
    description:
      'Whether a user token may choose points or scores. If false, they come from an action, a grant or a service'
  }),
  proof: Type.Enum(['none', 'grant'], {
    default: 'none',
    description: 'Whether a user token needs a grant for every increment'
  }),
  head_size: Type.Integer({
    minimum: VISIBLE,
    maximum: MAX_HEAD_SIZE,
    default: HEAD_SIZE,
    description: 'How many of the first users are ordered by time when they have equal scores'
  })
}, { additionalProperties: false })
export type BoardRules = Static<typeof BoardRules>

/** A board: its name, its rules and their revision. */
export interface Board extends Readonly<BoardRules> {
  readonly name: string
  /** A digest of the rules: equal rules have equal revisions. */
  readonly revision: string
}

const BoardsFile = Type.Object({
  boards: Type.Record(Type.String({ pattern: BOARD_NAME }), BoardRules, {
    minProperties: 1,
    maxProperties: MAX_BOARDS,
    additionalProperties: false
  })
}, { additionalProperties: false })

const isBoardsFile = checker(BoardsFile, 'complete')

/**
 * Reads boards from the content of a boards file, `{ "boards": { "<name>": { …rules } } }`, in its order. Absent rules
 * take their defaults. Returns every problem found instead if there is one.
 */
export function parseRules (content: unknown): { boards: Board[] } | { problems: string[] } {
  const file = structuredClone(content)
  if (!isBoardsFile(file)) {
    return { problems: problemsFound(isBoardsFile).map(problemText) }
  }
  const named = Object.entries(file.boards)
  const problems = named.flatMap(([name, rules]) =>
    contradictionsIn(rules).map((problem) => `/boards/${name}${problem}`)
  )
  if (problems.length > 0) return { problems }
  return { boards: named.map(([name, rules]) => ({ name, revision: revisionOf(rules), ...rules })) }
}

/** The rules alone, as a boards file holds them. */
export function rulesOf (board: BoardRules): BoardRules {
  const entries = Object.keys(BoardRules.properties).map((rule) => [rule, Reflect.get(board, rule)])
  return Object.fromEntries(entries) as BoardRules
}

/** Problems that a schema cannot express, each with the path of the rule. */
function contradictionsIn (rules: BoardRules): string[] {
  const problems = rules.seasons.flatMap(({ start, end }, n) => {
    const [fromMs, untilMs] = [Date.parse(start), Date.parse(end)]
    if (!isMoment(start) || !isMoment(end)) return [`/seasons/${n} has a start or end that is no date of the calendar`]
    if (untilMs <= fromMs) return [`/seasons/${n}/end must be after its start`]
    const before = rules.seasons[n - 1]
    const overlaps = before !== undefined && Date.parse(before.end) > fromMs
    return overlaps ? [`/seasons/${n}/start must not be before the end of the season before`] : []
  })
  const names = new Set(rules.seasons.map(({ name }) => name))
  if (names.size < rules.seasons.length) problems.push('/seasons must have different names')
  if (!isTimeZone(rules.time_zone)) problems.push(`/time_zone is not an IANA time zone: ${rules.time_zone}`)
  const [hasWindow, hasSeasons] = [rules.windows.includes('season'), rules.seasons.length > 0]
  if (hasWindow !== hasSeasons) problems.push('/seasons and the window season need each other')
  return [...problems, ...pointRulesIn(rules)]
}

/** Rules about points on a board that takes scores. */
function pointRulesIn ({ operator, actions, velocity, proof }: BoardRules): string[] {
  if (operator === 'increment') return []
  const takesScores = `a board with the operator ${operator} takes scores`
  return [
    ...(Object.keys(actions).length > 0 ? [`/actions give points, and ${takesScores}`] : []),
    ...(velocity === undefined ? [] : [`/velocity is for points, and ${takesScores}`]),
    ...(proof === 'grant' ? [`/proof is for points, and ${takesScores}`] : [])
  ]
}

/** A digest of the rules that does not depend on their order in the file. */
function revisionOf (rules: BoardRules): string {
  return shortHash(
    JSON.stringify(rules, (_, value: unknown) => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
    }),
    96
  )
}

function isTimeZone (zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined
  } catch {
    return false
  }
}
