// Webhooks and deliveries as the API shows them.
import { Type, type Static } from 'typebox'
import {
  DeliveryState,
  WebhookEvent,
  type Attempt,
  type Delivery,
  type Webhook
} from '../../leaderboard/webhooks/webhook.ts'

const Moment = Type.Union([Type.String(), Type.Null()])

export const WebhookBody = Type.Object({
  board: Type.String(),
  webhook: Type.String(),
  url: Type.String(),
  events: Type.Array(WebhookEvent),
  min_interval_seconds: Type.Integer(),
  status: Type.Enum(['enabled', 'disabled']),
  disabled_reason: Type.Union([Type.Enum(['gone', 'failing']), Type.Null()], {
    description: 'gone: the receiver answered 410; failing: every attempt has failed for three days'
  }),
  disabled_at: Moment,
  failing_since: Moment,
  last_delivered_at: Moment,
  pending: Type.Integer({ description: 'Deliveries that wait' }),
  dropped: Type.Integer({ description: 'Events that were not kept because too many waited' }),
  created_at: Type.String(),
  changed_at: Type.String(),
  former_secret_until: Moment,
  secret: Type.Optional(Type.String({ description: 'Only in the answer to the request that had the service make it' }))
})
export type WebhookBody = Static<typeof WebhookBody>

export const DeliveryBody = Type.Object({
  id: Type.String({ description: 'The webhook-id of every attempt' }),
  event: Type.String(),
  status: DeliveryState,
  created_at: Type.String(),
  next_attempt_at: Moment,
  attempts: Type.Array(
    Type.Object({
      at: Type.String(),
      status: Type.Union([Type.Integer(), Type.Null()], { description: 'null where no answer came' }),
      error: Type.Union([Type.String(), Type.Null()]),
      duration_ms: Type.Integer()
    }),
    { description: 'The last twenty, the oldest first' }
  )
})
export type DeliveryBody = Static<typeof DeliveryBody>

/** A webhook for an answer; with its secret only where the request has made one. */
export function webhookBody (board: string, webhook: Webhook, secret?: string): WebhookBody {
  const { name, url, events, disabled, pending, dropped } = webhook
  return {
    board,
    webhook: name,
    url,
    events: [...events],
    min_interval_seconds: webhook.minIntervalSeconds,
    status: disabled === undefined ? 'enabled' : 'disabled',
    disabled_reason: disabled?.why ?? null,
    disabled_at: momentOf(disabled?.sinceMs),
    failing_since: momentOf(webhook.failingSinceMs),
    last_delivered_at: momentOf(webhook.deliveredMs),
    pending,
    dropped,
    created_at: new Date(webhook.createdMs).toISOString(),
    changed_at: new Date(webhook.changedMs).toISOString(),
    former_secret_until: momentOf(webhook.formerSecretUntilMs),
    ...(secret !== undefined && { secret })
  }
}

/** A delivery for an answer. */
export function deliveryBody ({ id, kind, state, madeMs, dueMs, attempts }: Delivery): DeliveryBody {
  return {
    id,
    event: kind,
    status: state,
    created_at: new Date(madeMs).toISOString(),
    next_attempt_at: momentOf(dueMs),
    attempts: attempts.map(attemptBody)
  }
}

function attemptBody ({ at, ms, status, error }: Attempt): DeliveryBody['attempts'][number] {
  return { at: new Date(at).toISOString(), status: status ?? null, error: error ?? null, duration_ms: ms }
}

function momentOf (ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
