// Short names for long texts: keys, ids and revisions of a fixed length that hold nothing of what a caller wrote.
import { hash } from 'node:crypto'

/**
 * The first bits of SHA-256 of a text in base64url, six bits a character, so `bits` is a multiple of 6. Of n texts any
 * two share a hash with a probability of about n² / 2^(bits + 1): with 96 bits, of a billion texts in one case of
 * 10^11; with 24 bits, of a hundred texts in one case of 3,000. A text with the hash of a given one takes some 2^bits
 * tries to find.
 */
export function shortHash (text: string, bits: 24 | 66 | 96 | 132): string {
  return hash('sha256', text, 'base64url').slice(0, bits / 6)
}
