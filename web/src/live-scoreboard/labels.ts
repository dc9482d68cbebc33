// The texts of a scoreboard.

/**
 * A text, or one for each plural category (`Intl.PluralRules`): `{ one: '{n} second ago', other: '{n} seconds ago' }`.
 */
export type ScoreboardLabel = string | ({ readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>)

export interface ScoreboardLabels {
  /** The table's name. `{limit}` */
  caption?: ScoreboardLabel
  rank?: string
  player?: string
  score?: string
  /** The mark of the user's own row. */
  you?: string
  empty?: string
  connecting?: string
  live?: string
  stale?: string
  offline?: string
  ended?: string
  /** While live: the time of the last change. `{age}`, one of the next four. */
  changed?: string
  /** While not live: the time until which the board was right. `{age}` */
  asOf?: string
  now?: string
  /** `{n}` */
  seconds?: ScoreboardLabel
  /** `{n}` */
  minutes?: ScoreboardLabel
  /** `{n}` */
  hours?: ScoreboardLabel
  /** The announcement of a new leader to screen readers. `{name}` and `{score}` */
  leads?: ScoreboardLabel
}

export const DEFAULT_LABELS: Required<ScoreboardLabels> = {
  caption: { one: 'The highest score', other: 'The {limit} highest scores, best first' },
  rank: 'Rank',
  player: 'Player',
  score: 'Score',
  you: 'you',
  empty: 'Nobody has scored yet.',
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Stale',
  offline: 'Offline, reconnecting',
  ended: 'Not available',
  changed: 'changed {age}',
  asOf: 'as of {age}',
  now: 'just now',
  seconds: '{n} s ago',
  minutes: '{n} min ago',
  hours: '{n} h ago',
  leads: { one: '{name} leads with {score} point', other: '{name} leads with {score} points' }
}
