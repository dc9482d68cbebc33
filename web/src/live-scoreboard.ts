/**
 * The module `/live-scoreboard.js`, which any page may import. It defines `<live-scoreboard>`, a scoreboard that
 * updates itself, with the client of `client.js` beside it:
 *
 *     <script type="module" src="https://scores.example/live-scoreboard.js"></script>
 *     <live-scoreboard board="main" limit="10"></live-scoreboard>
 */
import { LiveScoreboard } from './live-scoreboard/element.ts'

export { LiveScoreboard }
export type { ScoreboardLabel, ScoreboardLabels } from './live-scoreboard/labels.ts'

declare global {
  interface HTMLElementTagNameMap {
    'live-scoreboard': LiveScoreboard
  }
}

// A bundler or a server that renders pages imports this where no elements exist.
if (globalThis.customElements?.get('live-scoreboard') === undefined) {
  globalThis.customElements?.define('live-scoreboard', LiveScoreboard)
}
