// What it takes to remember an action.
import { boardKeys, actionDigest, recordDayAt } from '../../src/redis/keys.ts'
import { INCREMENTS_PATH } from '../servers/board.ts'
import { inBatches, usedBytes, userIdOf } from '../servers/seed.ts'
import { answerOf, type SeededScorewire } from '../servers/seeded.ts'

/**
 * Bytes that Redis takes for each of so many actions of one day. The service makes the first record; the others are
 * copies of it under the digests of other actions, in slots of a day that nobody else uses, which expire as its slot
 * does.
 * @throws Error when the service does not remember its action where it is looked for
 */
export async function measureActionBytes (scorewire: SeededScorewire, actions: number): Promise<number> {
  const { redis } = scorewire
  const keys = boardKeys('main')
  await answerOf(scorewire, INCREMENTS_PATH, { user_id: userIdOf(0), action_id: 'remembered', increment: 1 })
  const digest = actionDigest(userIdOf(0), 'remembered')
  const day = recordDayAt(Date.now())
  const slot = keys.actions(day, digest)
  const [record, expiresMs] = [await redis.hget(slot, digest), await redis.pexpiretime(slot)]
  if (record === null || expiresMs <= 0) {
    throw new Error('the service does not remember its action where it is looked for')
  }

  const bySlot = new Map<string, string[]>()
  for (let n = 0; n < actions; n++) {
    const other = actionDigest(userIdOf(n), `remembered-${n}`)
    const itsSlot = keys.actions(day + 2, other)
    const cells = bySlot.get(itsSlot)
    if (cells === undefined) bySlot.set(itsSlot, [other, record])
    else cells.push(other, record)
  }
  const slots = [...bySlot]
  const before = await usedBytes(redis)
  await inBatches(slots.length, async (from, till) => {
    const pipeline = redis.pipeline()
    for (const [itsSlot, cells] of slots.slice(from, till)) {
      pipeline.hset(itsSlot, ...cells).pexpireat(itsSlot, expiresMs)
    }
    await pipeline.exec()
  })
  return (await usedBytes(redis) - before) / actions
}
