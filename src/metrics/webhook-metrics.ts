import { Counter, Gauge } from 'prom-client'
import type { Metrics } from './metrics.ts'

export interface WebhookFigures {
  readonly outcomes: ReadonlyMap<string, number>
  readonly flagged: ReadonlyMap<string, number>
  readonly boards: ReadonlyMap<string, { readonly pending: number, readonly lagMs: number }>
}

/** Adds what an operator watches of webhooks: what this worker has done, and the boards that it leads. */
export function registerWebhookMetrics ({ registry }: Pick<Metrics, 'registry'>, { outcomes, flagged, boards }: WebhookFigures): void {
  const registers = [registry]
  const count = (name: string, help: string, label: string, counts: ReadonlyMap<string, number>) => {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect () {
        counter.reset()
        for (const [value, times] of counts) counter.inc({ [label]: value }, times)
      }
    })
  }
  const gauge = (name: string, help: string, figure: (board: { pending: number, lagMs: number }) => number) => {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames: ['board'],
      registers,
      collect () {
        one.reset()
        for (const [board, figures] of boards) one.set({ board }, figure(figures))
      }
    })
  }
  count('scorewire_webhook_deliveries_total', 'Attempts by what became of them: delivered, retry, failed (for good), disabled (the webhook), released, lost; and events superseded or dropped', 'outcome', outcomes)
  count('scorewire_flags_total', 'Users past the velocity rule of their board', 'board', flagged)
  gauge('scorewire_webhook_pending', 'Deliveries that wait, of the boards that this worker leads', ({ pending }) => pending)
  gauge('scorewire_webhook_lag_seconds', 'How long the delivery that waits longest has been due', ({ lagMs }) => lagMs / 1000)
}
