// Metrics of webhooks: what this worker has delivered, and what waits on the boards that it leads.
import { collectCounter, collectGauge } from './collected.ts'
import type { Metrics } from './metrics.ts'

interface BoardFigures {
  readonly pending: number
  readonly lagMs: number
}

interface WebhookFigures {
  readonly outcomes: ReadonlyMap<string, number>
  readonly flagged: ReadonlyMap<string, number>
  readonly boards: ReadonlyMap<string, BoardFigures>
}

const OUTCOMES = 'Attempts by what became of them: delivered, retry, failed (for good), disabled (the webhook), ' +
  'released, lost; and events superseded or dropped'

/** Adds the metrics of webhooks. */
export function registerWebhookMetrics (
  { registry }: Pick<Metrics, 'registry'>,
  { outcomes, flagged, boards }: WebhookFigures
): void {
  const counter = (name: string, help: string, label: string, counts: ReadonlyMap<string, number>) =>
    collectCounter(registry, { name, help, labelNames: [label] }, (count) => {
      for (const [value, times] of counts) count(times, { [label]: value })
    })
  const gauge = (name: string, figure: (board: BoardFigures) => number, help: string) =>
    collectGauge(registry, { name, help, labelNames: ['board'] }, (set) => {
      for (const [board, figures] of boards) set(figure(figures), { board })
    })

  counter('scorewire_webhook_deliveries_total', OUTCOMES, 'outcome', outcomes)
  counter('scorewire_flags_total', 'Users past the velocity rule of their board', 'board', flagged)
  gauge(
    'scorewire_webhook_pending',
    ({ pending }) => pending,
    'Deliveries that wait, of the boards that this worker holds'
  )
  gauge(
    'scorewire_webhook_lag_seconds',
    ({ lagMs }) => lagMs / 1000,
    'How long the delivery that waits longest has been due'
  )
}
