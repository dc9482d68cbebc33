// Every rule of who is in which segment is needed, and the histories see when one is broken.
import { test } from 'tap'
import { findFaults } from '../../harness/faults.ts'

test('faults in who is in which segment are found', async (t) => {
  await findFaults(t, 'parts/segments.lua', {
    'the former value keeps the user': ['if replaced and replaced ~= line then', 'if false then'],
    'what is not replaced is forgotten': ['if not replaced then now', 'if false then now'],
    'a write without segments counts in none': ['if not given then return before, {} end', 'if not given then return {}, {} end']
  })
})
