// Tests of bench, target: a reach is met by the median of its ratios, and shown with their spread.
import { test } from 'tap'
import { isMet, reachRow } from '../../bench/target.ts'

test('a reach is met by the median of its ratios, and shown with their spread', async (t) => {
  const most = { what: 'cost', ratios: [1.6, 1.2, 1.5], most: 1.5 }
  t.equal(isMet(most), true)
  t.equal(reachRow(most), '| cost | × 1.50 (1.20 to 1.60) | ≤ 1.5 | met |')
  const least = { what: 'rate', ratios: [19.9, 30, 12], least: 20 }
  t.equal(isMet(least), false)
  t.equal(reachRow(least), '| rate | × 19.90 (12.00 to 30.00) | ≥ 20 | **missed** |')
})
