// Every rule of what becomes of a score is needed, and the histories see when one is broken.
import { test } from 'tap'
import { findFaults } from '../../harness/models/faults.ts'

test('faults in what becomes of a score are found', async (t) => {
  await findFaults(t, 'lib/operators.lua', {
    'a worse score is taken for the best': [
      "call('ZADD', window.scores, 'GT', 'CH'",
      "call('ZADD', window.scores, 'CH'"
    ],
    'the lowest score is not stored negative': [
      'heads.put(window, user, sign .. increment)',
      'heads.put(window, user, amount)'
    ],
    'a score forgets its head': [
      "local score = call('ZINCRBY', window.scores, increment, user)\n      heads.rise(window, user, score)",
      "local score = call('ZINCRBY', window.scores, increment, user)"
    ]
  })
})
