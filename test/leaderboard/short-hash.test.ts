// Short hashes are stored: they stay what they are.
import { test } from 'tap'
import { shortHash } from '../../src/leaderboard/short-hash.ts'

test('a short hash is the beginning of SHA-256 in base64url, with six bits a character', (t) => {
  // SHA-256 of "abc" by FIPS 180-2, appendix B.1.
  const whole = Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex').toString(
    'base64url'
  )
  for (const bits of [24, 66, 96, 132] as const) t.equal(shortHash('abc', bits), whole.slice(0, bits / 6))
  t.end()
})
