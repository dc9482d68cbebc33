/**
 * The module `/client.js`, which any page may import and which needs nothing else: `ScoreboardClient` and its types.
 *
 *     const client = new ScoreboardClient({ src: 'https://scores.example', board: 'main' })
 *     client.addEventListener('board', ({ detail }) => show(detail.top_scores))
 */
export { ScoreboardClient } from './client/scoreboard-client.ts'
export type { ScoreboardEventMap, ScoreboardState, StateChange } from './client/events.ts'
export type { ScoreboardClientOptions, ScoreboardToken } from './client/options.ts'
export type {
  LiveEntry as ScoreboardEntry,
  LiveWindow as ScoreboardWindow,
  OvertakenMessage as Overtaken,
  ScoresMessage as ScoreChanges,
  StandingMessage as OwnStanding,
  TopMessage as Scoreboard
} from '../../src/live/messages.ts'
