import { Counter, Gauge } from 'prom-client'
import type { Backlog } from '../leaderboard/ledger/archive.ts'
import type { Metrics } from './metrics.ts'

export interface LedgerMetricsOptions {
  readonly boards: () => readonly string[]
  readonly readBacklog: (board: string) => Promise<Backlog>
  /** Entries that a board's stream may hold. */
  readonly maxEntries: number
  /** What the archiver of this process has done, by board; none where it has no archiver. */
  readonly archived?: { readonly boards: ReadonlyMap<string, { readonly archived: number, readonly repeated: number, readonly buried: number }>, readonly failures: number }
}

/** Adds what an operator watches of the ledger. The figures of a board are read from the store when Prometheus asks. */
export function registerLedgerMetrics (
  { registry }: Pick<Metrics, 'registry'>, { boards, readBacklog, maxEntries, archived }: LedgerMetricsOptions
): void {
  const registers = [registry]
  const gauge = (name: string, help: string, valueOf: (backlog: Backlog) => number) => {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames: ['board'],
      registers,
      async collect () {
        one.reset()
        const all = await readAll()
        for (const [board, backlog] of all) one.set({ board }, valueOf(backlog))
      }
    })
  }

  // One read of a board serves all the gauges of a scrape.
  let reading: Promise<Array<[string, Backlog]>> | undefined
  function readAll (): Promise<Array<[string, Backlog]>> {
    reading ??= Promise.all(boards().map(async (board): Promise<Array<[string, Backlog]>> => {
      const backlog = await readBacklog(board).catch(() => undefined) // a store that is away has no figures
      return backlog === undefined ? [] : [[board, backlog]]
    })).then((all) => all.flat()).finally(() => setImmediate(() => { reading = undefined }))
    return reading
  }

  gauge('scorewire_ledger_entries', 'Entries that the ledger stream of a board holds, archived or not', ({ entries }) => entries)
  gauge('scorewire_ledger_backlog', 'Entries of a ledger stream that are not archived', ({ waiting }) => waiting)
  gauge('scorewire_ledger_lag_seconds', 'How long the oldest entry that is not archived has waited', ({ lagMs }) => lagMs / 1000)
  gauge('scorewire_ledger_dead_letters', 'Entries that could not be archived', ({ deadLetters }) => deadLetters)
  const bound: Gauge = new Gauge({ name: 'scorewire_ledger_max_entries', help: 'Entries of a ledger stream beyond which writes are refused', registers })
  bound.set(maxEntries)
  if (archived === undefined) return

  const events: Counter = new Counter({
    name: 'scorewire_archived_total',
    help: 'Entries by what the archiver of this process did with them',
    labelNames: ['board', 'result'],
    registers,
    collect () {
      events.reset()
      for (const [board, { archived: kept, repeated, buried }] of archived.boards) {
        for (const [result, count] of Object.entries({ kept, repeated, buried })) events.inc({ board, result }, count)
      }
    }
  })
  const failures: Counter = new Counter({
    name: 'scorewire_archive_failures_total',
    help: 'Rounds of the archiver that failed because a store was away',
    registers,
    collect () {
      failures.reset()
      failures.inc(archived.failures)
    }
  })
}
