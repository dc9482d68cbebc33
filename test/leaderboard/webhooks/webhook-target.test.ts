// Tests of leaderboard, webhooks, webhook target: urls that nothing is sent to, each with what is wrong.
import { test } from 'tap'
import { isAllowedAddress, whyNotUrl } from '../../../src/leaderboard/webhooks/webhook-target.ts'

const production = { production: true, webhookNetworks: [] }
const development = { production: false, webhookNetworks: [] }
const LOCAL = 'must not be an address that is private, local or reserved'

const FORBIDDEN: Readonly<Record<string, string>> = {
  // This machine, in every way of writing it.
  'https://127.0.0.1/': LOCAL,
  'https://127.1/': LOCAL,
  'https://127.255.255.254:8443/': LOCAL,
  'https://2130706433/': LOCAL,
  'https://0x7f000001/': LOCAL,
  'https://0x7f.0.0.1/': LOCAL,
  'https://0177.0.0.1/': LOCAL,
  'https://017700000001/': LOCAL,
  'https://127.0.0.1./': LOCAL,
  'https://%31%32%37.0.0.1/': LOCAL,
  'https://①②⑦.0.0.1/': LOCAL,
  'https://0/': LOCAL,
  'https://0.0.0.0/': LOCAL,
  'https://[::1]/': LOCAL,
  'https://[::]/': LOCAL,
  'https://[0:0:0:0:0:0:0:1]/': LOCAL,
  'https://localhost/': 'must not be this machine',
  'https://LOCALHOST./': 'must not be this machine',
  'https://a.localhost/': 'must not be this machine',
  // IPv4 in IPv6.
  'https://[::ffff:127.0.0.1]/': LOCAL,
  'https://[::ffff:7f00:1]/': LOCAL,
  'https://[::ffff:10.0.0.1]/': LOCAL,
  'https://[::ffff:169.254.169.254]/': LOCAL,
  'https://[::127.0.0.1]/': LOCAL,
  'https://[64:ff9b::7f00:1]/': LOCAL,
  'https://[64:ff9b::a9fe:a9fe]/': LOCAL,
  'https://[64:ff9b:1::a00:1]/': LOCAL,
  'https://[2002:7f00:1::]/': LOCAL,
  'https://[2001:0:7f00:1::]/': LOCAL,
  // Private networks, links, clouds' metadata.
  'https://10.0.0.1/': LOCAL,
  'https://10.255.255.255/': LOCAL,
  'https://172.16.0.1/': LOCAL,
  'https://172.31.255.255/': LOCAL,
  'https://192.168.1.1/': LOCAL,
  'https://169.254.169.254/latest/meta-data/': LOCAL,
  'https://2852039166/': LOCAL,
  'https://100.64.0.1/': LOCAL,
  'https://100.100.100.200/': LOCAL,
  'https://[fd00:ec2::254]/': LOCAL,
  'https://[fc00::1]/': LOCAL,
  'https://[fe80::1]/': LOCAL,
  'https://[fec0::1]/': LOCAL,
  // Multicast, broadcast, reserved, for documentation.
  'https://224.0.0.1/': LOCAL,
  'https://239.255.255.255/': LOCAL,
  'https://255.255.255.255/': LOCAL,
  'https://240.0.0.1/': LOCAL,
  'https://192.0.0.1/': LOCAL,
  'https://192.0.2.1/': LOCAL,
  'https://198.18.0.1/': LOCAL,
  'https://198.51.100.1/': LOCAL,
  'https://203.0.113.1/': LOCAL,
  'https://[ff02::1]/': LOCAL,
  'https://[2001:db8::1]/': LOCAL,
  'https://[100::1]/': LOCAL,
  // Not a url that anything is sent to.
  'http://hooks.example/': 'must begin with https://',
  'http://93.184.216.34/': 'must begin with https://',
  'ftp://hooks.example/': 'must begin with https://',
  'file:///etc/passwd': 'must begin with https://',
  'gopher://hooks.example:6379/_FLUSHALL': 'must begin with https://',
  'javascript:alert(1)': 'must begin with https://',
  'hooks.example/path': 'must be a url',
  '//hooks.example/': 'must be a url',
  'https://': 'must be a url',
  'https://hooks.example/a b': 'must be a url',
  'https://hooks.example/\r\nX-Evil: 1': 'must be a url',
  'https://[fe80::1%25eth0]/': 'must be a url',
  'https://user:pass@hooks.example/': 'must hold no user and password',
  'https://user@hooks.example/': 'must hold no user and password',
  'https://hooks.example/#there': 'must have no fragment',
  'https://hooks.example:22/': 'must have the port 443 or one from 1024 on',
  'https://hooks.example:25/': 'must have the port 443 or one from 1024 on',
  'https://hooks.example:80/': 'must have the port 443 or one from 1024 on',
  'https://hooks.example:0/': 'must have the port 443 or one from 1024 on',
  [`https://hooks.example/${'x'.repeat(2048)}`]: 'must have at most 2048 characters'
}

test('urls that nothing is sent to, each with what is wrong', async (t) => {
  t.ok(Object.keys(FORBIDDEN).length >= 40)
  for (const [url, why] of Object.entries(FORBIDDEN)) t.equal(whyNotUrl(url, production), why, url)
})

test('urls of receivers', async (t) => {
  for (
    const url of [
      'https://hooks.example/',
      'https://hooks.example:8443/path?token=x',
      'https://93.184.216.34/',
      'https://[2606:2800:220:1:248:1893:25c8:1946]/',
      'https://[::ffff:93.184.216.34]/',
      'https://bücher.example/',
      'https://hooks.example:443/'
    ]
  ) t.equal(whyNotUrl(url, production), undefined, url)
})

test('plain http only on this machine, and only outside production', async (t) => {
  for (const url of ['http://127.0.0.1:4000/', 'http://localhost:4000/', 'http://[::1]:4000/', 'https://127.0.0.1/']) {
    t.equal(whyNotUrl(url, development), undefined, url)
    t.ok(whyNotUrl(url, production), `${url} in production`)
  }
  for (const url of ['http://hooks.example/', 'http://10.0.0.1/', 'http://169.254.169.254/']) {
    t.ok(whyNotUrl(url, development), url)
  }
})

test('networks of the operator, and no others', async (t) => {
  const policy = { production: true, webhookNetworks: ['10.1.0.0/16', 'fd12::/32'] }
  for (
    const [address, isAllowed] of [
      ['10.1.2.3', true],
      ['10.2.0.1', false],
      ['fd12::5', true],
      ['fd13::5', false],
      ['::ffff:10.1.2.3', true],
      ['127.0.0.1', false],
      ['169.254.169.254', false],
      ['93.184.216.34', true]
    ] as const
  ) t.equal(isAllowedAddress(address, 'https:', policy), isAllowed, address)
  t.equal(isAllowedAddress('10.1.2.3', 'http:', policy), true, 'in plain text too')
  t.equal(isAllowedAddress('93.184.216.34', 'http:', policy), false, 'but never to a public address')
  t.equal(whyNotUrl('http://receiver.internal:8080/', policy), undefined, 'a name is judged by its addresses')
  for (const nonsense of ['', 'localhost', '1.2.3', '::g', 'fe80::1%eth0', '93.184.216.34 ']) {
    t.equal(isAllowedAddress(nonsense, 'https:', policy), false, nonsense)
  }
})
