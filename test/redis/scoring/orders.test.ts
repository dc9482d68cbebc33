// Boards of every order and operator against a reference of a few lines.
import { test } from 'tap'
import { findFaults } from '../../harness/models/faults.ts'
import { playHistories, startMs } from '../../harness/models/histories.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { openStoreWithClock } from '../../harness/models/set-clock.ts'

test('every order and operator, window and segment is what a sort makes of it, after any history', async (t) => {
  const redis = await startRedis(t)
  const writes = await playHistories(await openStoreWithClock(t, redis, startMs()), redis, { runs: 2 })
  t.ok(writes >= 10_000, `${writes} writes`)
})

test('faults in what a call does once for all its items are found', async (t) => {
  await findFaults(t, 'scoring/increment.lua', {
    'a segment that was empty in between never ends': ['ranking.is_new = true', ''],
    'a window is left out': [
      'for w = 1, window_count do\n    local window = windows[w]',
      'for w = 1, 1 do\n    local window = windows[w]'
    ],
    'who leaves a segment stays in the other windows': [
      'for _, segment in ipairs(left) do',
      'for _, segment in ipairs(w == 1 and left or {}) do'
    ]
  })
  await findFaults(t, 'ranking/read-user.lua', {
    'a board below zero has no head': ["'WITHSCORES')[2] or -math.huge)", "'WITHSCORES')[2] or 0)"]
  })
})
