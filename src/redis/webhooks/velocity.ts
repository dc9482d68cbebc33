// The sums and flags of the velocity rule, through `lua/webhooks/velocity-*.lua`.
import type { Redis } from 'ioredis'
import { Type, type Static } from 'typebox'
import { SLICES, type Velocity, type VelocityRule } from '../../leaderboard/webhooks/velocity.ts'
import { boardKeys } from '../keys.ts'
import { bindScript } from '../scripts.ts'
import { streamInfo } from '../stream-info.ts'
import { checker } from '../../leaderboard/schema.ts'

/** About a millisecond of Redis, and likewise for the sums. */
const BATCH = 500

const FlagJson = Type.Object({ userId: Type.String(), actionId: Type.String(), atMs: Type.Integer() })
const isFlagJson = checker(FlagJson)

/**
 * Follows ledgers by position and sums up what users gain. Nothing of a ledger is held up for it: no consumer group.
 * Sums, place and flags are kept in one step, so that a worker which dies leaves nothing counted twice and nothing
 * left out.
 */
export function createVelocity (
  { reader, writer, directory }: { reader: Redis, writer: Redis, directory?: URL | undefined }
): Velocity {
  const beginVelocity = bindScript(writer, 'webhooks/velocity-begin', {
    reply: Type.Tuple([Type.Enum(['running', 'started', 'gone']), Type.String(), Type.String(), Type.String()]),
    directory
  })
  const addVelocity = bindScript(writer, 'webhooks/velocity-add', { reply: Type.Integer(), directory })

  return {
    async begin (board, rule) {
      const { rules, velocity } = boardKeys(board)
      const [word, entry, since, number] = await beginVelocity([rules, velocity], [
        nameOf(rule),
        rule.per_seconds * 1000
      ])
      return word === 'gone' ? undefined : { rule, entry, since, number: number === '' ? undefined : Number(number) }
    },
    async read (board, cursor) {
      const { ledger } = boardKeys(board)
      const replies = await reader.multi().exists(ledger).xrange(ledger, `(${cursor}`, '+', 'COUNT', BATCH).xinfo(
        'STREAM',
        ledger
      ).exec()
      if (replies === null) throw new Error('the ledger could not be read')
      const [[, exists], [error, rows], [, about]] = replies as [
        [unknown, number],
        [Error | null, [string, string[]][]],
        [unknown, unknown[]]
      ]
      if (exists === 0) return { entries: [], more: false, written: 0, first: 1, firstId: undefined }
      if (error !== null) throw error
      const info = streamInfo(about)
      const [written, length] = [Number(info('entries-added')), Number(info('length'))]
      const firstEntry = info('first-entry') as [string, string[]] | null
      return {
        entries: rows.map(([id, fields]) => ({ id, fields })),
        more: rows.length === BATCH,
        written,
        first: written - length + 1,
        firstId: firstEntry?.[0]
      }
    },
    async add (board, { rule, entry, since }, { slice, gains, next }, number) {
      const { rules, velocity, flagged, flags, slice: sliceKey } = boardKeys(board)
      const slices = Array.from({ length: SLICES }, (_, n) => sliceKey(since, slice - n))
      const args = gains.flatMap((
        { userId, points, atMs, entry: id, actionId }
      ) => [userId, points, atMs, id, JSON.stringify({ userId, actionId, atMs } satisfies Static<typeof FlagJson>)])
      const count = await addVelocity([rules, velocity, flagged, flags, ...slices], [
        nameOf(rule),
        entry,
        next,
        number ?? '',
        rule.points,
        rule.per_seconds * 1000,
        ...args
      ])
      return count === -1 ? undefined : count
    },
    async flags (board) {
      return Object.entries(await reader.hgetall(boardKeys(board).flags)).map(([entry, text]) => {
        const flag: unknown = JSON.parse(text.slice(text.indexOf(' ') + 1))
        if (!isFlagJson(flag)) throw new Error('a flag is not kept as this version understands it')
        return { entry, points: Number.parseInt(text, 10), ...flag }
      })
    },
    async clearFlags (board, flags) {
      if (flags.length > 0) await writer.hdel(boardKeys(board).flags, ...flags.map(({ entry }) => entry))
    }
  }
}

function nameOf ({ points, per_seconds: seconds }: VelocityRule): string {
  return `${points}/${seconds}`
}
