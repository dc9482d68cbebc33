// Webhooks, their settings and deliveries, and the ports that store and send them.
import { Type, type Static } from 'typebox'
import { BOARD_NAME } from '../identifiers.ts'

/** Webhooks of one board at most. */
export const MAX_WEBHOOKS = 10
/** Deliveries of one webhook that may wait: a body is some 1.5 KB, so they are less than a megabyte. */
export const MAX_PENDING = 500
export const MAX_URL_CHARACTERS = 2048
const MAX_INTERVAL_SECONDS = 86_400
/** How long the secret before signs as well, so that receivers can change over. */
export const ROTATION_MS = 24 * 3_600_000

export const WebhookEvent = Type.Enum(['top.changed', 'season.closed', 'user.flagged'], {
  description:
    "top.changed: other entries in the top 10 of the board's first window; season.closed: a season has its archive; user.flagged: a user is past the board's velocity rule"
})
export type WebhookEvent = Static<typeof WebhookEvent>

/** What a delivery is of: an event, or a test that was asked for. */
export type DeliveryKind = WebhookEvent | 'webhook.test'
export const DELIVERY_KINDS: readonly DeliveryKind[] = ['top.changed', 'season.closed', 'user.flagged', 'webhook.test']

export const WebhookName = Type.String({ pattern: BOARD_NAME, description: 'Name of a webhook of the board' })

/** 24 to 64 bytes: 32 to 88 characters of base64. The length of what it says is judged by `isSecret`. */
export const WebhookSecret = Type.String({
  pattern: '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$',
  description: 'whsec_ and the base64 of 24 to 64 random bytes'
})

export const WebhookSettings = Type.Object({
  url: Type.String({
    minLength: 1,
    maxLength: MAX_URL_CHARACTERS,
    description: 'Where to: https, a public address, port 443 or from 1024 on'
  }),
  events: Type.Array(WebhookEvent, { minItems: 1, uniqueItems: true }),
  secret: Type.Optional(WebhookSecret),
  min_interval_seconds: Type.Integer({
    minimum: 1,
    maximum: MAX_INTERVAL_SECONDS,
    default: 1,
    description: 'At most one top.changed in so many seconds'
  })
}, { additionalProperties: false })
export type WebhookSettings = Static<typeof WebhookSettings>

/** Whether a text that looks like a secret is one: canonical base64 of 24 to 64 bytes. */
export function isSecret (text: string): boolean {
  const encoded = text.slice('whsec_'.length)
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded
}

/** A secret of these random bytes. */
export function secretOf (bytes: Buffer): string {
  return `whsec_${bytes.toString('base64')}`
}

/** A webhook as it is kept, but for its secrets. */
export interface Webhook {
  readonly name: string
  /** Of this webhook and of none that had the name before. */
  readonly id: string
  readonly url: string
  readonly events: readonly WebhookEvent[]
  readonly minIntervalSeconds: number
  /** `gone`: the receiver answered 410. `failing`: every attempt has failed for days. */
  readonly disabled: { readonly why: 'gone' | 'failing', readonly sinceMs: number } | undefined
  readonly createdMs: number
  readonly changedMs: number
  /** Since when every attempt has failed. */
  readonly failingSinceMs: number | undefined
  readonly deliveredMs: number | undefined
  /** Until when the secret before signs as well. */
  readonly formerSecretUntilMs: number | undefined
  /** Deliveries that wait, and when the first of them is due. */
  readonly pending: number
  readonly dueMs: number | undefined
  /** Events that were not kept because too many waited. */
  readonly dropped: number
}

/** A webhook, and the marks of what was published to it last. */
export interface WatchedWebhook extends Webhook {
  readonly marks: Readonly<Record<string, string>>
}

/** One attempt, as the log keeps it. */
export const Attempt = Type.Object({
  at: Type.Integer({ description: 'Ms since 1970' }),
  ms: Type.Integer(),
  status: Type.Optional(Type.Integer()),
  error: Type.Optional(Type.String())
})
export type Attempt = Static<typeof Attempt>

export const DeliveryState = Type.Enum(['pending', 'delivered', 'failed', 'superseded'], {
  description: 'failed: every attempt of the schedule; superseded: a newer top.changed took its place'
})
export type DeliveryState = Static<typeof DeliveryState>

export interface Delivery {
  readonly id: string
  readonly kind: DeliveryKind
  readonly state: DeliveryState
  readonly madeMs: number
  readonly attempts: readonly Attempt[]
  /** When the next attempt is due; undefined where there is none. */
  readonly dueMs: number | undefined
}

/** A place in the log of deliveries, which is listed from the newest on. */
export interface DeliveryPlace {
  readonly madeMs: number
  readonly id: string
}

/** The webhooks of boards as routes ask for them. @throws Problem `unavailable`, `outcome_unknown` */
export interface Webhooks {
  list(board: string): Promise<readonly Webhook[]>
  one(board: string, name: string): Promise<Webhook | undefined>
  /**
   * `made` is the secret of a new one where the settings have none. `gone` where there is no such board, `full` where
   * it has too many.
   */
  apply(
    board: string,
    name: string,
    settings: WebhookSettings & { readonly made: string }
  ): Promise<'created' | 'changed' | 'gone' | 'full'>
  rotate(board: string, name: string, secret: string): Promise<'rotated' | 'same' | 'unknown'>
  enable(board: string, name: string): Promise<'enabled' | 'unknown'>
  remove(board: string, name: string): Promise<'removed' | 'unknown'>
  deliveries(
    board: string,
    name: string,
    page: { readonly before: DeliveryPlace | undefined, readonly limit: number }
  ): Promise<{ readonly deliveries: readonly Delivery[], readonly next: DeliveryPlace | undefined }>
  replay(board: string, name: string, id: string): Promise<'replayed' | 'busy' | 'full' | 'unknown'>
}

/** A delivery that is to be enqueued. */
export interface NewDelivery {
  readonly id: string
  readonly kind: DeliveryKind
  readonly body: string
  /**
   * What is remembered with it, so that it is published once: nothing is done where the field holds the value
   * already.
   */
  readonly mark?: { readonly field: string, readonly value: string }
  /** Whether only the newest of its kind is worth sending. */
  readonly newest?: boolean
}
/** The answer of `delivery-enqueue.lua`. */
export type EnqueueResult = 'enqueued' | 'replaced' | 'known' | 'early' | 'busy' | 'full' | 'gone'

/** A delivery claimed for one attempt. */
export interface ClaimedDelivery {
  readonly id: string
  readonly kind: DeliveryKind
  /** Of the claim. */
  readonly token: string
  readonly body: string
  /** Attempts of the running schedule that have failed. */
  readonly round: number
  /** The store's time, in ms since 1970. */
  readonly atMs: number
  readonly url: string
  /** The present one, and the one before while it still signs. */
  readonly secrets: readonly string[]
}
export type Claim = ClaimedDelivery | { readonly waitUntilMs: number } | undefined

/** The outcome of one attempt, or of a claim that came to no attempt (`released`). */
interface AttemptOutcome {
  readonly outcome: 'delivered' | 'failed' | 'refused' | 'released'
  readonly attempt?: Attempt
  /** Until the next attempt; undefined after the last. */
  readonly delayMs?: number | undefined
  /** How long nothing at all is sent there. */
  readonly restMs?: number
}
/** What an outcome means for the delivery, and when its next attempt is due. */
export interface RecordedOutcome {
  readonly state: 'delivered' | 'retry' | 'failed' | 'disabled' | 'lost' | 'released'
  readonly dueMs: number | undefined
}

/** Deliveries as workers enqueue and send them. */
export interface Deliveries {
  /** Boards that have had a webhook. */
  boards(): Promise<readonly string[]>
  /**
   * Takes the lease of a board, or extends it: one worker publishes a board's events at a time. False while another
   * one holds it.
   */
  lease(board: string, lastsMs: number): Promise<boolean>
  /** Gives the lease of a board back. */
  release(board: string): Promise<void>
  /** The webhooks of a board, with what was published to them last. */
  webhooks(board: string): Promise<readonly WatchedWebhook[]>
  /** Makes a delivery to one webhook, once. */
  enqueue(board: string, webhook: Pick<Webhook, 'name' | 'id'>, delivery: NewDelivery): Promise<EnqueueResult>
  /** Claims the delivery that is due first, for one attempt. Undefined where none is due, or other workers send it. */
  claim(board: string, name: string, claimMs: number): Promise<Claim>
  /** Records the outcome of the attempt that a claim was for. */
  recordOutcome(
    board: string,
    name: string,
    claim: Pick<ClaimedDelivery, 'id' | 'token' | 'kind'>,
    outcome: AttemptOutcome
  ): Promise<RecordedOutcome>
}
