// Metrics of the ledger: how far archiving is behind, and what the archiver of this process has done.
import type { Backlog } from '../leaderboard/ledger/archive.ts'
import { collectCounter, collectGauge, oncePerScrape } from './collected.ts'
import type { Metrics } from './metrics.ts'

/** What an archiver has done with the entries of a board. */
interface Archived {
  readonly archived: number
  readonly repeated: number
  readonly deadLettered: number
}

interface LedgerMetricsOptions {
  readonly boards: () => readonly string[]
  readonly readBacklog: (board: string) => Promise<Backlog>
  /** Entries that a board's stream may hold. */
  readonly maxEntries: number
  /** What the archiver of this process has done; undefined where it has no archiver. */
  readonly archived?: { readonly boards: ReadonlyMap<string, Archived>, readonly failures: number }
}

/** Adds the metrics of the ledger. The figures of a board are read from the store at each scrape. */
export function registerLedgerMetrics (
  { registry }: Pick<Metrics, 'registry'>,
  { boards, readBacklog, maxEntries, archived }: LedgerMetricsOptions
): void {
  const readAll = oncePerScrape(async () =>
    (await Promise.all(
      boards().map(async (board) => {
        const backlog = await readBacklog(board).catch(() => undefined) // a store that is away has no figures
        return backlog === undefined ? [] : [{ board, backlog }]
      })
    )).flat()
  )
  const gauge = (name: string, valueOf: (backlog: Backlog) => number, help: string) =>
    collectGauge(registry, { name, help, labelNames: ['board'] }, async (set) => {
      for (const { board, backlog } of await readAll()) set(valueOf(backlog), { board })
    })

  gauge(
    'scorewire_ledger_entries',
    ({ entries }) => entries,
    'Entries that the ledger stream of a board holds, archived or not'
  )
  gauge('scorewire_ledger_backlog', ({ waiting }) => waiting, 'Entries of a ledger stream that are not archived')
  gauge(
    'scorewire_ledger_lag_seconds',
    ({ lagMs }) => lagMs / 1000,
    'How long the oldest entry that is not archived has waited'
  )
  gauge('scorewire_ledger_dead_letters', ({ deadLetters }) => deadLetters, 'Entries that could not be archived')
  collectGauge(registry, {
    name: 'scorewire_ledger_max_entries',
    help: 'Entries of a ledger stream beyond which writes are refused'
  }, (set) => set(maxEntries))
  if (archived !== undefined) registerArchiverMetrics(registry, archived)
}

function registerArchiverMetrics (
  registry: Metrics['registry'],
  archived: NonNullable<LedgerMetricsOptions['archived']>
): void {
  collectCounter(registry, {
    name: 'scorewire_archived_total',
    help: 'Entries by what the archiver of this process did with them',
    labelNames: ['board', 'result']
  }, (count) => {
    for (const [board, { deadLettered, ...kept }] of archived.boards) {
      const results = { ...kept, dead_lettered: deadLettered }
      for (const [result, entries] of Object.entries(results)) count(entries, { board, result })
    }
  })
  collectCounter(registry, {
    name: 'scorewire_archive_failures_total',
    help: 'Rounds of the archiver that failed because a store was away'
  }, (count) => count(archived.failures))
}
