import type { ScoreboardClient, ScoreboardEventMap, ScoreboardToken, ScoreboardWindow } from './client.js'

/** A text, or one by plural category (`Intl.PluralRules`): `{ one: '{n} second ago', other: '{n} seconds ago' }`. */
export type ScoreboardLabel = string | ({ readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>)

export interface ScoreboardLabels {
  /** `{limit}` */
  caption?: ScoreboardLabel
  rank?: string
  player?: string
  score?: string
  /** The mark of the own row. */
  you?: string
  empty?: string
  connecting?: string
  live?: string
  stale?: string
  offline?: string
  ended?: string
  /** `{age}`, one of the next four. */
  changed?: string
  /** `{age}` */
  asOf?: string
  now?: string
  /** `{n}` */
  seconds?: ScoreboardLabel
  /** `{n}` */
  minutes?: ScoreboardLabel
  /** `{n}` */
  hours?: ScoreboardLabel
  /** `{name}` and `{score}`: what a screen reader says. */
  leads?: ScoreboardLabel
}

/**
 * `<live-scoreboard src board window segment limit user labels>`: a scoreboard that follows itself, and emits its client's events.
 *
 * Slots: `heading`, `empty`. Parts: `root header status state age card table caption head rows row first own rank player name you score empty`.
 * Custom properties: `--live-scoreboard-` `accent text quiet card line flash own warn radius`. Dark where the page's `color-scheme` is.
 */
export declare class LiveScoreboard extends HTMLElement {
  /** Base address of the service; by default where this module came from. */
  src: string | null
  board: string | null
  window: ScoreboardWindow | null
  /** One segment of the board, such as `region:eu`. */
  segment: string | null
  transport: 'auto' | 'websocket' | 'sse' | null
  /** How many rows, 1 to 10. */
  limit: number
  /** The user id whose row is marked; by default the one of the token, with `me`. */
  user: string | null
  me: boolean
  feed: 'scores' | null
  /** Not an attribute: a token has no business in a document. */
  token: ScoreboardToken | undefined
  /** Other words, also as JSON in the attribute. What is left out stays English. */
  labels: ScoreboardLabels
  /** The client that it shows, while it is in a document. */
  readonly client: ScoreboardClient | undefined
  addEventListener<K extends keyof ScoreboardEventMap> (
    type: K, listener: (this: LiveScoreboard, event: ScoreboardEventMap[K]) => void, options?: boolean | AddEventListenerOptions
  ): void
  addEventListener<K extends keyof HTMLElementEventMap> (
    type: K, listener: (this: LiveScoreboard, event: HTMLElementEventMap[K]) => void, options?: boolean | AddEventListenerOptions
  ): void
  addEventListener (type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void
  removeEventListener<K extends keyof ScoreboardEventMap> (
    type: K, listener: (this: LiveScoreboard, event: ScoreboardEventMap[K]) => void, options?: boolean | EventListenerOptions
  ): void
  removeEventListener (type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void
}

declare global {
  interface HTMLElementTagNameMap {
    'live-scoreboard': LiveScoreboard
  }
}
