// Tests of leaderboard, boards, retention: the windows that are kept are the running ones and those within their.
import { test } from 'tap'
import { parseBoards, type Board } from '../../../src/leaderboard/boards/board.ts'
import { closedSeasons, keptUntilMs, keptWindows } from '../../../src/leaderboard/boards/retention.ts'

function boardWith (rules: object): Board {
  const parsed = parseBoards({ boards: { main: rules } })
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
  return parsed.boards.default
}

const AT_MS = Date.parse('2026-11-21T12:00:00Z')
const names = (windows: readonly { name: string }[]) => windows.map(({ name }) => name)

test('the windows that are kept are the running ones and those within their retention', async (t) => {
  const board = boardWith({ windows: ['week', 'all', 'day'], retention: { day: 2, week: 14 } })
  const kept = keptWindows(board, AT_MS)
  t.strictSame(names(kept.running), ['week:2026-W47', 'all', 'day:2026-11-21'], "in the board's order")
  t.strictSame(names(kept.past), ['week:2026-W46', 'week:2026-W45', 'day:2026-11-20', 'day:2026-11-19'])
  t.equal(kept.fromMs, Date.parse('2026-11-21T00:00:00Z'))
  t.equal(kept.untilMs, Date.parse('2026-11-22T00:00:00Z'))
  for (const window of kept.past) t.ok(keptUntilMs(board, window) > AT_MS)
  t.strictSame(
    names(keptWindows(board, kept.untilMs).past.slice(2)),
    ['day:2026-11-21', 'day:2026-11-20'],
    'right until then, and no longer'
  )
})

test('they are as many as the longest retention allows, and no more', async (t) => {
  const board = boardWith({ windows: ['all', 'day', 'week', 'month'], retention: { day: 400, week: 400, month: 400 } })
  const { running, past } = keptWindows(board, AT_MS)
  t.equal(running.length, 4)
  const count = (kind: string) => past.filter((window) => window.kind === kind).length
  t.equal(count('day'), 400)
  t.ok(count('week') >= 57 && count('week') <= 59)
  t.ok(count('month') >= 13 && count('month') <= 15)
  t.equal(new Set(names(past)).size, past.length)
})

test('a board of all time has one window, for ever', async (t) => {
  t.match(keptWindows(boardWith({}), AT_MS), { past: [], fromMs: -Infinity, untilMs: Infinity })
})

test('seasons are kept while they take writes; a closed one is not among them', async (t) => {
  const board = boardWith({
    windows: ['season', 'all'],
    seasons: [
      { name: 'one', start: '2026-01-01T00:00:00Z', end: '2026-03-01T00:00:00Z' },
      { name: 'two', start: '2026-03-01T00:00:00Z', end: '2026-06-01T00:00:00Z', grace_seconds: 86_400 },
      { name: 'three', start: '2026-06-01T00:00:00Z', end: '2026-09-01T00:00:00Z' },
      { name: 'four', start: '2026-10-01T00:00:00Z', end: '2026-12-01T00:00:00Z' }
    ]
  })
  const at = (time: string) => {
    const atMs = Date.parse(time)
    const { running, past, fromMs, untilMs } = keptWindows(board, atMs)
    return {
      running: names(running),
      past: names(past),
      until: new Date(untilMs).toISOString(),
      from: fromMs === -Infinity ? '' : new Date(fromMs).toISOString(),
      closed: names(closedSeasons(board, atMs))
    }
  }
  t.strictSame(at('2025-12-01T00:00:00Z'), {
    running: ['all'],
    past: [],
    from: '',
    until: '2026-01-01T00:00:00.000Z',
    closed: []
  })
  t.strictSame(at('2026-06-01T12:00:00Z'), {
    running: ['season:three', 'all'],
    past: ['season:two'],
    from: '2026-06-01T00:00:00.000Z',
    until: '2026-06-02T00:00:00.000Z',
    closed: ['season:one']
  })
  t.strictSame(at('2026-06-02T00:00:00Z').past, [])
  t.strictSame(at('2026-09-15T00:00:00Z').running, ['all'], 'between two seasons')
  t.strictSame(at('2026-10-01T00:00:00Z').running, ['season:four', 'all'])
})
