// What answers a top: the hub, the store, or the archive of a closed season.
import { test } from 'tap'
import { parseBoards } from '../../../src/leaderboard/boards/board.ts'
import type { Top } from '../../../src/leaderboard/ranking/reads.ts'
import { createTopReader } from '../../../src/leaderboard/ranking/top-reader.ts'

const parsed = parseBoards({
  boards: {
    main: {
      windows: ['all', 'day', 'season'],
      segments: ['region'],
      seasons: [{ name: 'autumn', start: '2026-09-01T00:00:00Z', end: '2026-12-01T00:00:00Z', grace_seconds: 60 }]
    }
  }
})
if ('problems' in parsed) throw new Error(parsed.problems.join('; '))
const board = parsed.boards.default
const CLOSED_MS = Date.parse('2026-12-01T00:01:00Z')

/** A top that names its source. */
const from = (source: string): Top => ({ epoch: source, version: 1, readMs: 0, resetsMs: undefined, entries: [] })

/** A reader whose sources name themselves; the season's archive exists unless `archived` is false. */
function reader ({ nowMs = CLOSED_MS, archived = true }: { nowMs?: number, archived?: boolean } = {}) {
  return createTopReader({
    readRunningTop: async () => ({ ...from('hub'), isStale: true }),
    readStoredTop: async () => from('store'),
    readArchivedTop: async (_board, { name }) => archived ? from(`archive of ${name}`) : undefined,
    now: () => nowMs
  })
}

test('the hub answers for a running window, and says itself whether it may be old', async (t) => {
  const read = reader()
  t.match(await read(board, { window: 'all' }), { epoch: 'hub', isStale: true })
  t.match(await read(board, { window: 'day', segment: 'region:eu' }), { epoch: 'hub' })
  t.match(await read(board, { window: 'season' }), { epoch: 'hub' })
})

test('the store answers for a window that is asked for by its name', async (t) => {
  t.match(await reader()(board, { window: 'day:2026-11-20' }), { epoch: 'store', isStale: false })
})

test('the archive answers for a closed season', async (t) => {
  t.match(await reader()(board, { window: 'season:autumn' }), { epoch: 'archive of autumn', isStale: false })
})

test('the store answers for a season that is not closed, or not archived yet, and for a segment of it', async (t) => {
  const answers = [
    await reader({ nowMs: CLOSED_MS - 1 })(board, { window: 'season:autumn' }),
    await reader({ archived: false })(board, { window: 'season:autumn' }),
    await reader()(board, { window: 'season:autumn', segment: 'region:eu' })
  ]
  for (const answer of answers) t.match(answer, { epoch: 'store', isStale: false })
})
