// Tests of http, network: an address counts as itself, of IPv6 its /64, and what is none as it stands.
import { test } from 'tap'
import { networkOf } from '../../src/http/network.ts'

test('an address counts as itself, of IPv6 its /64, and what is none as it stands', async (t) => {
  const networks = {
    '192.0.2.1': '192.0.2.1',
    '::ffff:192.0.2.1': '192.0.2.1',
    '2001:db8::1': '2001:db8:0:0::/64',
    '2001:0db8:0:0:5::9': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    '192.0.2.1:5678': '192.0.2.1:5678',
    '[2001:db8::1]:443': '[2001:db8::1]:443',
    unknown: 'unknown'
  }
  t.strictSame(Object.fromEntries(Object.keys(networks).map((ip) => [ip, networkOf(ip)])), networks)
})
