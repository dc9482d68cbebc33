// Tests of leaderboard, scoring, apply queued: what the rules refuse is refused for good, and kept for the receipt.
import { test } from 'tap'
import {
  createApplyQueued,
  type ApplyQueuedOptions,
  type QueuedOutcome
} from '../../../src/leaderboard/scoring/apply-queued.ts'
import { defaultBoards } from '../../../src/leaderboard/boards/board.ts'
import { Problem, unavailable } from '../../../src/leaderboard/problem.ts'
import type { QueuedIncrement } from '../../../src/leaderboard/scoring/queue.ts'
import { caller } from '../../harness/clients/callers.ts'

const { default: board } = defaultBoards()
const ARRIVED = Date.parse('2026-11-21T12:00:00Z')
const queued: QueuedIncrement = {
  board: 'main',
  principal: caller(),
  request: { actionId: 'one' },
  origin: { ip: '192.0.2.1', requestId: 'test' },
  arrivedMs: ARRIVED
}

interface Trial {
  readonly outcome: QueuedOutcome
  readonly refused: string[]
}

/** Tries once, where raising the score fails with an error. */
async function tryOnce (
  error: unknown,
  { afterMs = 0, tries = 1, ...options }: Partial<ApplyQueuedOptions> & { afterMs?: number, tries?: number } = {}
): Promise<Trial> {
  const refused: string[] = []
  const apply = createApplyQueued({
    raiseScore: async () => {
      throw error
    },
    boardOf: async () => board,
    keepRefusal: async (_board, { userId, actionId }, { code }) => {
      refused.push(`${userId} ${actionId} ${code}`)
    },
    now: () => ARRIVED + afterMs,
    random: () => 0.5,
    ...options
  })
  return { outcome: await apply(queued, tries), refused }
}

const limited = (seconds: number) =>
  new Problem('rate_limited', 'Too many.', { headers: { 'retry-after': String(seconds) } })

test('what the rules refuse is refused for good, and kept for the receipt', async (t) => {
  for (
    const code of [
      'user_banned',
      'action_mismatch',
      'score_out_of_range',
      'season_closed',
      'action_too_old',
      'invalid_grant',
      'increment_out_of_range'
    ] as const
  ) {
    const { outcome, refused } = await tryOnce(new Problem(code, 'No.'))
    t.match(outcome, { result: 'refused', problem: { code } })
    t.strictSame(refused, [`ada one ${code}`])
  }
})

test('a store that is away or full is tried again, later and later', async (t) => {
  for (const problem of [unavailable('Away.'), new Problem('outcome_unknown', 'No answer.')]) {
    const waits: number[] = []
    for (const tries of [1, 2, 3, 100]) {
      const { outcome, refused } = await tryOnce(problem, { tries })
      if (outcome.result === 'retry') waits.push(outcome.afterMs)
      t.strictSame(refused, [])
    }
    t.strictSame(waits, [375, 750, 1500, 22_500])
  }
  t.match(
    await tryOnce(undefined, {
      boardOf: async () => {
        throw unavailable('Away.')
      }
    }),
    { outcome: { result: 'retry' }, refused: [] }
  )
  t.match(
    await tryOnce(new Problem('user_banned', 'No.'), {
      keepRefusal: async () => {
        throw unavailable('Away.')
      }
    }),
    { outcome: { result: 'retry' } },
    'nor is anything refused that no receipt could tell of'
  )
})

test('a limit of the user is waited for, but not for long', async (t) => {
  t.match((await tryOnce(limited(60))).outcome, { result: 'retry', afterMs: 60_500 })
  t.match(await tryOnce(limited(60), { afterMs: 60_000 }), {
    outcome: { result: 'refused', problem: { code: 'rate_limited' } },
    refused: ['ada one rate_limited']
  })
  t.match((await tryOnce(limited(121))).outcome, { result: 'refused' })
})

test('what nobody foresaw is tried a few times', async (t) => {
  t.match((await tryOnce(new Error('a bug'))).outcome, { result: 'retry', problem: { code: 'internal_error' } })
  t.match(await tryOnce(new Error('a bug'), { tries: 8 }), {
    outcome: { result: 'refused' },
    refused: ['ada one internal_error']
  })
})

test('what waited for longer than the store remembers is not applied', async (t) => {
  const raised: string[] = []
  const raiseScore: ApplyQueuedOptions['raiseScore'] = async () => {
    raised.push('raised')
    return { userId: 'ada', actionId: 'one', increment: 1, score: 1, applied: true }
  }
  t.match((await tryOnce(undefined, { raiseScore, afterMs: 86_000_000 })).outcome, { result: 'applied' })
  t.match(await tryOnce(undefined, { raiseScore, afterMs: 86_200_000 }), {
    outcome: { result: 'refused', problem: { code: 'action_too_old' } },
    refused: ['ada one action_too_old']
  })
  t.strictSame(raised, ['raised'])
})

test('what is queued for a board that is gone goes with it', async (t) => {
  t.match(
    await tryOnce(undefined, {
      boardOf: async () => {
        throw new Problem('unknown_board', 'Gone.')
      }
    }),
    { outcome: { result: 'refused' }, refused: [] }
  )
})
