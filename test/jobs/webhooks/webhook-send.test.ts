// One attempt against receivers that are none.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { test, type Test } from 'tap'
import { createSender, type Resolve } from '../../../src/jobs/webhooks/webhook-send.ts'
import { secretOf } from '../../../src/leaderboard/webhooks/webhook.ts'
import { answer, isSigned, startReceiver } from '../../harness/servers/receiver.ts'

const NEVER = new AbortController().signal
const [SECRET, FORMER] = [1, 2].map((byte) => secretOf(Buffer.alloc(32, byte))) as [string, string]
/** Longer than any answer takes, and so short where none comes. */
const [PATIENCE_MS, SHORT_MS] = [30_000, 500]
const development = { production: false, webhookNetworks: [] }

function message (url: string, secrets = [SECRET]) {
  return {
    id: 'msg_1',
    body: '{"type":"webhook.test","timestamp":"2026-11-21T00:00:00.000Z","data":{}}',
    url,
    secrets,
    atMs: Date.now()
  }
}

/** A certificate of its own, which nobody trusts. */
async function certificate (t: Test): Promise<{ key: string, cert: string }> {
  const directory = t.testdir({})
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name)) as [string, string]
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    key,
    '-out',
    cert
  ])
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
}

test('a request by the Standard Webhooks specification', async (t) => {
  const receiver = await startReceiver(t)
  const send = createSender({ policy: development, timeoutMs: PATIENCE_MS })
  t.match(await send(message(`${receiver.url}?token=x`, [SECRET, FORMER]), NEVER), { status: 204 })
  const got = receiver.received[0]!
  t.equal(got.path, '/hook?token=x')
  t.match(got.headers, {
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': /^\d{10}$/,
    'user-agent': 'scorewire'
  })
  for (const secret of [SECRET, FORMER]) t.ok(isSigned(got, secret), 'by each secret')
  t.notOk(isSigned(got, secretOf(Buffer.alloc(32, 3))))
  t.notOk(isSigned({ ...got, text: `${got.text} ` }, SECRET), 'for this body alone')
  t.equal(got.headers['webhook-signature']?.split(' ').length, 2)
})

test('hostile receivers', async (t) => {
  const receiver = await startReceiver(t)
  const send = createSender({ policy: development, timeoutMs: PATIENCE_MS })
  const ask = async () => await send(message(receiver.url), NEVER)
  const sendShort = createSender({ policy: development, timeoutMs: SHORT_MS })

  await t.test('a redirect is not followed', async (t) => {
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.behave(answer(status, { location: receiver.url }))
      const before = receiver.received.length
      t.match(await ask(), { status, error: 'redirect' })
      t.equal(receiver.received.length, before + 1)
    }
  })

  await t.test('an answer that never comes, or stops in its head', async (t) => {
    const ask = async () => await sendShort(message(receiver.url), NEVER)
    receiver.behave(() => {})
    t.strictSame(await ask(), { error: 'timeout' })
    receiver.behave((response) => {
      response.socket!.write('HTTP/1.1 200 OK\r\ncontent-le')
    })
    t.strictSame(await ask(), { error: 'timeout' })
    const drip = (response: { socket: NodeJS.WritableStream | null }) => {
      const timer = setInterval(() => {
        response.socket!.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')
      }, 20)
      t.teardown(() => clearInterval(timer))
    }
    receiver.behave(drip)
    t.strictSame(await ask(), { error: 'timeout' }, 'or goes on with hints')
  })

  await t.test('another protocol, which nobody asked for', async (t) => {
    for (const more of ['', '{}']) {
      receiver.behave((response) => {
        response.socket!.write(
          `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n${more}`
        )
      })
      t.match(await ask(), { status: 101 })
    }
  })

  await t.test('a head without end', async (t) => {
    receiver.behave((response) => {
      response.socket!.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`)
    })
    t.strictSame(await ask(), { error: 'HPE_HEADER_OVERFLOW' })
  })

  await t.test('a body without end is cut off', async (t) => {
    let sent = 0
    const cut = new Promise<void>((resolve) => {
      receiver.behave((response) => {
        response.writeHead(200)
        const more = () => {
          while (response.write('x'.repeat(16_384))) sent += 16_384
        }
        response.on('drain', more)
        response.on('close', resolve)
        response.on('error', () => {})
        more()
      })
    })
    t.match(await ask(), { status: 200 }, 'the head has said enough')
    await cut
    t.ok(sent < 16_000_000, 'what the sockets hold, and no more')
  })

  await t.test('a connection that is reset, closed, refused, or no HTTP', async (t) => {
    receiver.behave((response) => {
      response.socket!.resetAndDestroy()
    })
    t.strictSame(await ask(), { error: 'ECONNRESET' })
    receiver.behave((response) => {
      response.socket!.destroy()
    })
    t.strictSame(await ask(), { error: 'ECONNRESET' })
    receiver.behave((response) => {
      response.socket!.end('SSH-2.0-OpenSSH_9.2\r\n')
    })
    t.match(await ask(), { error: /^HPE_/ })
    await receiver.close()
    t.strictSame(await ask(), { error: 'ECONNREFUSED' })
  })

  await t.test('a port that takes connections and says nothing', async (t) => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1')
    t.teardown(() => mute.close())
    await once(mute, 'listening')
    t.strictSame(await sendShort(message(`https://127.0.0.1:${(mute.address() as AddressInfo).port}/`), NEVER), {
      error: 'timeout'
    })
  })

  await t.test('a certificate that nobody has signed', async (t) => {
    const tls = await startReceiver(t, { tls: await certificate(t) })
    t.match(await send(message(tls.url.replace('127.0.0.1', 'localhost')), NEVER), {
      error: 'DEPTH_ZERO_SELF_SIGNED_CERT'
    })
    t.match(await send(message(tls.url), NEVER), {
      error: /^(DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS_CERT_ALTNAME_INVALID)$/
    })
    t.equal(tls.received.length, 0, 'it is told nothing')
  })

  await t.test('what is broken off says so', async (t) => {
    const stop = new AbortController()
    const quiet = await startReceiver(t)
    quiet.behave(() => stop.abort())
    t.strictSame(await send(message(quiet.url), stop.signal), { error: 'stopped' })
  })
})

test('names are judged by their addresses, and the addresses judged are the ones connected to', async (t) => {
  const receiver = await startReceiver(t)
  const url = receiver.url.replace('127.0.0.1', 'hooks.example')
  let asked = 0
  const answering = (...addresses: string[]): Resolve => async () => {
    asked++
    return addresses
  }
  const of = async (
    resolve: Resolve,
    { policy = { production: true, webhookNetworks: ['10.255.0.0/16'] }, to = url, timeoutMs = PATIENCE_MS } = {}
  ) => await createSender({ policy, timeoutMs, resolve })(message(to), NEVER)

  for (
    const addresses of [
      ['127.0.0.1'],
      ['10.0.0.1'],
      ['169.254.169.254'],
      ['::1'],
      ['::ffff:127.0.0.1'],
      ['64:ff9b::a9fe:a9fe'],
      ['fd00::1'],
      ['0.0.0.0'],
      ['224.0.0.1'],
      ['93.184.216.34', '127.0.0.1'],
      ['127.0.0.1', '93.184.216.34'],
      ['not an address']
    ]
  ) {
    for (const to of [url, url.replace('http:', 'https:')]) {
      t.strictSame(await of(answering(...addresses), { to }), { error: 'forbidden_address' }, addresses.join())
    }
  }
  t.strictSame(await of(answering('93.184.216.34')), { error: 'forbidden_address' }, 'a public address in plain text')
  t.strictSame(await of(answering()), { error: 'ENOTFOUND' })
  t.strictSame(
    await of(async () => {
      throw Object.assign(new Error('no'), { code: 'ESERVFAIL' })
    }),
    { error: 'ESERVFAIL' }
  )
  t.strictSame(
    await of(async () => await new Promise(() => {}), { timeoutMs: SHORT_MS }),
    { error: 'timeout' },
    'name servers that say nothing'
  )
  t.equal(receiver.received.length, 0)

  asked = 0
  let first = true
  const rebinding: Resolve = async () => {
    asked++
    const address = first ? '127.0.0.1' : '10.0.0.1'
    first = false
    return [address]
  }
  t.match(
    await of(rebinding, { policy: development }),
    { error: 'forbidden_url' },
    'a name in plain text, where no network is named'
  )
  t.match(await of(rebinding, { policy: { production: true, webhookNetworks: ['127.0.0.0/8'] } }), { status: 204 })
  t.equal(asked, 1, 'it is asked once')
  t.match(receiver.received[0]!.headers, { host: new URL(url).host }, 'and the receiver sees the name')
})
