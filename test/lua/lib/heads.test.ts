// Every rule of the head is needed, and the histories see when one is broken. (That an equal score does not enter a
// full head only saves work: whoever enters so is the last, and leaves at once.)
import { test } from 'tap'
import { findFaults } from '../../harness/models/faults.ts'

test('faults in the rules of the head are found', async (t) => {
  await findFaults(t, 'lib/heads.lua', {
    'put: the same score counts as a new one': ['if before == number(score) then return false end', ''],
    'put: who falls is taken to rise': ['if before and number(score) < before then fall', 'if false then fall'],
    'put: who rises is taken to fall': ['number(score) < before then fall', 'number(score) > before then fall'],
    'rise: a higher score stays outside': [
      'if number(score) <= window.floor then return end',
      'if number(score) <= window.floor + 1 then return end'
    ],
    'rise: who is in the head keeps the old number': [
      'if not seat(window, user) then return end',
      "if call('HEXISTS', window.head, user) == 1 or not seat(window, user) then return end"
    ],
    'rise: nobody leaves a full head': ['if size > window.size then drop_last(window) end', ''],
    'rise: the first of the last leaves': ['reached > last_sequence', 'reached < last_sequence'],
    'rise: any of the head leaves': ['if number(score) == lowest then', 'if true then'],
    'seat: numbers are given twice': [
      'board.sequence = math.max(board.sequence + 1, board.now_us)',
      'board.sequence = board.now_us'
    ],
    'first_outside: the lowest id is the next': ["'BYSCORE', 'REV', 'LIMIT'", "'BYSCORE', 'LIMIT'"],
    'first_outside: a head of equals hides who is outside': ['window.size + 1)', 'window.size)'],
    'first_outside: one who is in the head is the next': [
      'if not reached then return users[i] end',
      'if reached then return users[i] end'
    ],
    'fall: the floor is that of before': [
      "window.floor = floor_of(window)\n    if call('HEXISTS'",
      "if call('HEXISTS'"
    ],
    'fall: from outside one comes into the head': ["if call('HEXISTS', window.head, user) == 0 then return end", ''],
    'fall: an equal outside stays there': ['number(score) <= window.floor and', 'number(score) < window.floor and'],
    'fall: two share a place': ["if next_user then call('HDEL', window.head, user) end", ''],
    'fall: who stays keeps the old number': [
      'seat(window, next_user or user)',
      'if next_user then seat(window, next_user) end'
    ],
    'fall: nobody takes the place': ['seat(window, next_user or user)', 'if not next_user then seat(window, user) end'],
    'remove: the score stays': ["call('ZREM', window.scores, user)", ''],
    'remove: the floor is that of before': [
      "user)\n    window.floor = floor_of(window)\n    if call('HDEL'",
      "user)\n    if call('HDEL'"
    ],
    'remove: one who was outside leaves a place': [
      "if call('HDEL', window.head, user) == 0 then return score end",
      "call('HDEL', window.head, user)"
    ],
    'remove: nobody takes the place': [
      'if window.floor > NONE then seat(window, first_outside(window, window.floor)) end',
      ''
    ]
  })
})
