// What the random histories of test/ledger/rebuild.test.ts reach by luck alone: borders of a millisecond, and what an
// erasure forgets.
import { test } from 'tap'
import { BoardHistory } from '../../../src/leaderboard/boards/board-history.ts'
import { Fold } from '../../../src/leaderboard/ledger/fold.ts'
import type { ScoreEvent } from '../../../src/leaderboard/ledger/ledger.ts'
import { freshBoard } from '../../harness/servers/store.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const START = Date.parse('2026-11-21T12:00:00Z')
const board = freshBoard({
  windows: ['all', 'day'],
  quota: { increments: 5, per_seconds: 3600 },
  actions: { jump: { points: 1, limit: { max: 3, per: 'day' } } }
})

let events = 0
const event = (ms: number, more: Partial<ScoreEvent> = {}): ScoreEvent => ({
  ms,
  seq: 0,
  userId: 'ada',
  actionId: `action-${events++}`,
  kind: 'increment',
  delta: 1,
  scoreAfter: 1,
  actor: null,
  ip: null,
  requestId: null,
  action: null,
  reason: null,
  untilMs: null,
  season: null,
  segments: null,
  window: null,
  hidden: false,
  ...more
})

function fold (
  happened: readonly ScoreEvent[],
  history = new BoardHistory([{ fromMs: 0, board }]),
  rememberFromMs?: number
): Fold {
  const user = new Fold(history, 'ada', rememberFromMs === undefined ? {} : { rememberFromMs })
  for (const one of happened) user.apply(one)
  return user
}

test('a period of a quota, or of a limit, ends as a key of Redis does: behind its last ms', async (t) => {
  const both = (ms: number) => event(ms, { action: 'jump' })
  t.strictSame(fold([both(START), both(START + HOUR_MS)]).quota, { used: 2, endsMs: START + HOUR_MS })
  t.strictSame(fold([both(START), both(START + HOUR_MS + 1)]).quota, { used: 1, endsMs: START + 2 * HOUR_MS + 1 })
  t.strictSame(fold([both(START), both(START + DAY_MS)]).limits.get('jump'), { used: 2, endsMs: START + DAY_MS })
  t.strictSame(fold([both(START), both(START + DAY_MS + 1)]).limits.get('jump'), {
    used: 1,
    endsMs: START + 2 * DAY_MS + 1
  })
})

test('actions are remembered from a moment on', async (t) => {
  const ids = fold(
    [
      event(START - 1, { actionId: 'before' }),
      event(START, { actionId: 'then' }),
      event(START + 1, { actionId: 'after' })
    ],
    undefined,
    START
  ).remembered.map(({ actionId }) => actionId)
  t.strictSame(ids, ['then', 'after'])
  t.strictSame(fold([event(START)]).remembered, [], 'by default none')
})

test('nothing is left of who is erased', async (t) => {
  const user = fold(
    [
      event(START, { segments: { region: 'eu' }, action: 'jump' }),
      event(START, { segments: { region: 'us' } }),
      event(START, { kind: 'ban', reason: 'bots', allBoards: true }),
      event(START),
      event(START, { kind: 'erase' })
    ],
    undefined,
    0
  )
  const { visible, hidden, limits, remembered, current, former, ban, allBoards, quota } = user
  t.strictSame([visible.size, hidden.size, limits.size, remembered.length, current.length, former.length], [
    0,
    0,
    0,
    0,
    0,
    0
  ])
  t.strictSame([ban, allBoards, quota], [undefined, undefined, undefined])
})

test('a window that was rolled back is left, visible or hidden', async (t) => {
  const left = event(START, { kind: 'delete', window: 'day:2026-11-21' })
  const ban = event(START, { kind: 'ban', reason: 'bots' })
  t.strictSame([...fold([event(START), left]).visible.keys()], ['all'])
  t.strictSame([...fold([event(START), ban, left]).hidden.keys()], ['all'])
})

test('an import moves who is banned to the segments that it names in a past window, and there alone', async (t) => {
  const inPast = (value: string) =>
    event(START + DAY_MS, { kind: 'import', window: 'day:2026-11-21', segments: { region: value } })
  const user = fold([
    event(START, { segments: { region: 'eu' } }),
    event(START, { kind: 'ban', reason: 'bots' }),
    inPast('us')
  ])
  t.strictSame([...user.hidden].map(([window, { segments }]) => [window, [...segments]]), [['all', ['region:eu']], [
    'day:2026-11-21',
    ['region:us']
  ]])
  t.strictSame([user.current, user.former], [['region:eu'], ['region:us']])
})

test('an event counts in the windows that the rules of its time had', async (t) => {
  const before = freshBoard({ windows: ['all'], quota: { increments: 5, per_seconds: 60 } })
  const history = new BoardHistory([{ fromMs: START - DAY_MS, board: before }, { fromMs: START, board }])
  const names = (ms: number) => [...fold([event(ms)], history).visible.keys()]
  t.strictSame(names(START - 2 * DAY_MS), ['all'], 'the first rules are those of all time before')
  t.strictSame(names(START - 1), ['all'])
  t.strictSame(names(START), ['all', 'day:2026-11-21'])
  t.equal(fold([event(START - 1)], history).quota!.endsMs, START - 1 + 60_000)
})
