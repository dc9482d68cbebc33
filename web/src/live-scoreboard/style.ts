// The looks of a scoreboard. A page changes them by custom properties, `--live-scoreboard-…`, and by `::part()`.

const STYLE = `
  :host {
    --accent: var(--live-scoreboard-accent, light-dark(#0b6e4f, #5fd3a6));
    --text: var(--live-scoreboard-text, light-dark(#1b211d, #e9eeea));
    --quiet: var(--live-scoreboard-quiet, light-dark(#5b655e, #9daba3));
    --card: var(--live-scoreboard-card, light-dark(#ffffff, #181e1b));
    --line: var(--live-scoreboard-line, light-dark(#e2e5de, #29322d));
    --flash: var(--live-scoreboard-flash, light-dark(#d8f0e4, #1f4435));
    --own: var(--live-scoreboard-own, light-dark(#f1f9f5, #1a2721));
    --warn: var(--live-scoreboard-warn, light-dark(#9a4b00, #ffb25c));
    --radius: var(--live-scoreboard-radius, .9rem);
    display: block;
    min-inline-size: min(100%, 15rem);
    color: var(--text);
    line-height: 1.5;
  }
  :host([hidden]), [hidden] { display: none !important; }
  * { box-sizing: border-box; }
  section { container-type: inline-size; }

  header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: .25rem 1rem;
    margin-block-end: .75rem;
  }
  header p { margin: 0; color: var(--quiet); font-size: .875rem; font-variant-numeric: tabular-nums; }
  .state { color: var(--warn); font-weight: 600; }
  .state::before {
    content: "";
    display: inline-block;
    width: .5rem;
    height: .5rem;
    margin-inline-end: .4rem;
    border-radius: 50%;
    background: currentColor;
    forced-color-adjust: none;
  }
  .state[data-state="live"] { color: var(--accent); }
  .state[data-state="connecting"] { color: var(--quiet); }

  .card { border: 1px solid var(--line); border-radius: var(--radius); background: var(--card); overflow: hidden; }
  table { width: 100%; border-spacing: 0; }
  th, td { padding: .7rem 1rem; text-align: start; vertical-align: baseline; }
  thead th {
    padding-block: .6rem;
    color: var(--quiet);
    font-size: .75rem;
    font-weight: 600;
    letter-spacing: .06em;
    text-transform: uppercase;
    white-space: nowrap;
  }
  thead :is(:lang(ar), :lang(fa), :lang(ur)) { letter-spacing: 0; }
  tbody tr { position: relative; background: var(--card); }
  tbody :is(td, th) { border-block-start: 1px solid var(--line); }
  tr > :nth-child(2) { width: 100%; max-width: 0; }
  tbody th { font-weight: 500; }
  th div { display: flex; align-items: baseline; gap: .5rem; }
  bdi { min-width: 0; overflow: hidden; text-align: match-parent; text-overflow: ellipsis; white-space: nowrap; }
  .rank { color: var(--quiet); font-variant-numeric: tabular-nums; }
  .score { text-align: end; font-variant-numeric: tabular-nums; }
  td.score { font-weight: 650; white-space: nowrap; }
  tr.first td.rank { color: var(--accent); font-weight: 700; }
  tr.first th { font-weight: 650; }
  tr.own { background: var(--own); }
  .you {
    flex: none;
    align-self: center;
    padding: .1rem .5rem;
    border-radius: 1rem;
    background: var(--flash);
    font-size: .75rem;
    font-weight: 500;
    line-height: 1.35;
  }
  .empty {
    margin: 0;
    padding: 2rem 1rem;
    border-block-start: 1px solid var(--line);
    color: var(--quiet);
    text-align: center;
    text-wrap: balance;
  }
  .for-screen-readers {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: 0;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  @container (max-width: 26rem) {
    th, td { padding-inline: .4rem; }
    tr > :first-child { padding-inline-start: .75rem; }
    tr > :last-child { padding-inline-end: .75rem; }
    thead th { letter-spacing: .02em; }
    th div { flex-wrap: wrap; gap: .1rem .5rem; }
    bdi {
      display: -webkit-box;
      max-width: 100%;
      white-space: normal;
      overflow-wrap: anywhere;
      line-height: 1.35;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 2;
    }
    td.score.long { font-size: .78rem; letter-spacing: -.015em; }
  }
`

let sheet: CSSStyleSheet | undefined

/** One sheet for all scoreboards of a page, to which the page's Content-Security-Policy for styles does not apply. */
export function sharedSheet (): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
  }
  return sheet
}
