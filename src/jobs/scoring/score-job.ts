// The queue of increments.
import { Type, type Static } from 'typebox'
import type { QueuedIncrement } from '../../leaderboard/scoring/queue.ts'
import { checker } from '../../leaderboard/schema.ts'
import { shortHash } from '../../leaderboard/short-hash.ts'

/** The queue of increments. */
export const SCORES = 'scores'

const Text = Type.String()
const Count = Type.Integer({ minimum: 0 })
const Values = Type.Record(Text, Text)

/** What a job keeps of its increment, under short names: there may be a hundred thousand of them. */
export const ScoreJob = Type.Object({
  board: Text,
  by: Type.Object({
    id: Text,
    name: Type.Optional(Text),
    service: Type.Optional(Type.Literal(1)),
    claims: Type.Optional(Values)
  }),
  ask: Type.Object({
    actionId: Text,
    userId: Type.Optional(Text),
    increment: Type.Optional(Count),
    score: Type.Optional(Count),
    action: Type.Optional(Text),
    username: Type.Optional(Text),
    segments: Type.Optional(Values),
    season: Type.Optional(Text),
    grant: Type.Optional(
      Type.Object({ board: Text, userId: Text, action: Text, points: Count, actionId: Text, expiresMs: Count })
    )
  }, { additionalProperties: false }),
  ip: Text,
  request: Text
}, { additionalProperties: false })
export type ScoreJob = Static<typeof ScoreJob>

const isScoreJob = checker(ScoreJob)

/**
 * Names the job of an action, which so is there once. It ends up in a key: of fixed length, and nothing of what a
 * caller wrote.
 */
export function jobIdOf (
  board: string,
  { userId, actionId }: { readonly userId: string, readonly actionId: string }
): string {
  // None of the three can hold a NUL. BullMQ takes no id that is a number.
  return `a${shortHash(`${board}\0${userId}\0${actionId}`, 96)}`
}

export function jobOf (
  { board, principal: { userId, username, scopes, claims }, request, origin }: QueuedIncrement
): ScoreJob {
  const by = {
    id: userId,
    name: username,
    service: scopes.has('scores:write') ? 1 as const : undefined,
    claims: Object.keys(claims).length > 0 ? claims : undefined
  }
  // What is undefined is not written.
  return { board, by, ask: request, ip: origin.ip, request: origin.requestId } as ScoreJob
}

/** The increment of a job that arrived then; undefined for what this version did not write. */
export function queuedOf (data: unknown, arrivedMs: number): QueuedIncrement | undefined {
  if (!isScoreJob(data)) return undefined
  const { board, by, ask, ip, request } = data
  const principal = {
    userId: by.id,
    username: by.name,
    scopes: new Set(by.service === 1 ? ['scores:write' as const] : []),
    claims: by.claims ?? {},
    expiresMs: Infinity
  }
  return { board, principal, request: ask, origin: { ip, requestId: request }, arrivedMs }
}
