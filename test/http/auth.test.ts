// Tests of http, auth: tokens.
import { createHmac } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { test } from 'tap'
import { createAuth } from '../../src/http/auth.ts'
import { SECRET, startNode } from '../harness/servers/node.ts'
import { startRedis } from '../harness/servers/redis.ts'

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const nowSeconds = Math.floor(Date.now() / 1000)
const HEADER = { alg: 'HS256', typ: 'JWT' }
const CLAIMS = { sub: 'ada', exp: nowSeconds + 600 }

/** A token made by hand, with whatever header and claims, signed with HMAC. */
function forge (
  { header = HEADER, claims = CLAIMS, secret = SECRET, hash = 'sha256' }: {
    header?: unknown,
    claims?: unknown,
    secret?: string,
    hash?: string
  } = {}
): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

const good = forge()
const [header, payload, signature] = good.split('.') as [string, string, string]

const HOSTILE: Record<string, string> = {
  'an empty one': '',
  'one word': 'token',
  'two parts': `${header}.${payload}`,
  'no signature': `${header}.${payload}.`,
  'four parts': `${good}.${signature}`,
  'dots alone': '..',
  'a cut signature': good.slice(0, -2),
  'a changed signature': `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
  'a changed payload': `${header}.${encode({ ...CLAIMS, sub: 'bob' })}.${signature}`,
  'another secret': forge({ secret: 'another secret of the same length or so ok' }),
  'an empty secret': forge({ secret: '' }),
  'alg none': `${encode({ alg: 'none' })}.${payload}.`,
  'alg none with a signature': forge({ header: { alg: 'none' } }),
  'alg None': forge({ header: { alg: 'None' } }),
  'alg HS512': forge({ header: { alg: 'HS512' }, hash: 'sha512' }),
  'alg HS384': forge({ header: { alg: 'HS384' }, hash: 'sha384' }),
  'alg RS256': forge({ header: { alg: 'RS256' } }),
  'alg ES256': forge({ header: { alg: 'ES256' } }),
  'alg EdDSA': forge({ header: { alg: 'EdDSA' } }),
  'alg hs256': forge({ header: { alg: 'hs256' } }),
  'alg as a number': forge({ header: { alg: 256 } }),
  'alg as a list': forge({ header: { alg: ['HS256'] } }),
  'no alg': forge({ header: { typ: 'JWT' } }),
  'a header that is no object': forge({ header: 'HS256' }),
  'a null header': forge({ header: null }),
  jku: forge({ header: { ...HEADER, jku: 'http://127.0.0.1/keys' } }),
  jwk: forge({ header: { ...HEADER, jwk: { kty: 'oct', k: 'AAAA' } } }),
  x5u: forge({ header: { ...HEADER, x5u: 'http://127.0.0.1/cert' } }),
  x5c: forge({ header: { ...HEADER, x5c: ['AAAA'] } }),
  crit: forge({ header: { ...HEADER, crit: ['exp'] } }),
  'an unknown crit': forge({ header: { ...HEADER, crit: ['b64'], b64: false } }),
  expired: forge({ claims: { ...CLAIMS, exp: nowSeconds - 60 } }),
  'not yet': forge({ claims: { ...CLAIMS, nbf: nowSeconds + 600 } }),
  'no exp': forge({ claims: { sub: 'ada' } }),
  'exp as text': forge({ claims: { ...CLAIMS, exp: String(CLAIMS.exp) } }),
  'exp null': forge({ claims: { ...CLAIMS, exp: null } }),
  'no sub': forge({ claims: { exp: CLAIMS.exp } }),
  'an empty sub': forge({ claims: { ...CLAIMS, sub: '' } }),
  'sub as a number': forge({ claims: { ...CLAIMS, sub: 7 } }),
  'sub as a list': forge({ claims: { ...CLAIMS, sub: ['ada'] } }),
  'a sub with a line break': forge({ claims: { ...CLAIMS, sub: 'a\nb' } }),
  'a sub that is too long': forge({ claims: { ...CLAIMS, sub: 'x'.repeat(129) } }),
  'a name as a number': forge({ claims: { ...CLAIMS, name: 7 } }),
  'a scope as a list': forge({ claims: { ...CLAIMS, scope: ['admin'] } }),
  'claims that are no object': forge({ claims: '"ada"' }),
  'claims that are no JSON': forge({ claims: '{' }),
  'null claims': forge({ claims: null }),
  'one larger than 4 KB': forge({ claims: { ...CLAIMS, padding: 'x'.repeat(4096) } }),
  'standard base64': good.replace(/-/g, '+').replace(/_/g, '/') + '=',
  'spaces in it': `${header} .${payload}.${signature}`
}

test('tokens', async (t) => {
  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url })
  const send = async (authorization: string | undefined) =>
    await node.call('POST', '/v1/boards/main/increments', {
      headers: authorization === undefined ? {} : { authorization }
    })

  await t.test('a good one is taken, whatever the case of Bearer', async (t) => {
    t.equal((await send(`Bearer ${good}`)).status, 200)
    t.equal((await send(`bearer ${good}`)).status, 200)
  })

  await t.test('every hostile one is a 401, twice', async (t) => {
    const before = await redis.client.zscore('sw:{main}:z:all', 'ada')
    for (const [name, token] of Object.entries(HOSTILE)) {
      for (const time of ['first', 'again']) {
        const { status, body, headers } = await send(`Bearer ${token}`)
        t.equal(status, 401, `${name}, ${time}: ${body.code}`)
        t.equal(body.code, name === 'expired' ? 'expired_token' : 'invalid_token', name)
        t.match(headers.get('www-authenticate'), /^Bearer/)
      }
    }
    t.equal(await redis.client.zscore('sw:{main}:z:all', 'ada'), before)
    t.equal(await redis.client.zcard('sw:{main}:z:all'), 1)
  })

  await t.test('another scheme is not a token', async (t) => {
    t.equal((await send(`Basic ${good}`)).body.code, 'invalid_token')
    t.equal((await send(undefined)).body.code, 'missing_token')
  })

  await t.test('a token is verified once, and not remembered past its end', async (t) => {
    let [time, verified] = [Date.now(), 0]
    const counting = new Proxy(node.server.jwt, {
      get: (jwt, name) =>
        name === 'verify'
          ? (token: string) => {
              verified++
              return jwt.verify(token)
            }
          : Reflect.get(jwt, name)
    })
    const auth = createAuth(counting, () => time)
    const token = node.token('game', { scope: 'scores:write' })
    const request = { headers: { authorization: `Bearer ${token}` }, principal: null } as FastifyRequest
    t.equal(auth.isKnownService(request), false, 'a service is known after its first call')
    t.equal(auth.verify(token).userId, 'game')
    t.equal(auth.verify(token).userId, 'game')
    t.equal(verified, 1)
    t.equal(auth.isKnownService(request), true)
    time += 610_000 // the tokens of the tests last for 600 s, and clocks may differ by 5
    t.equal(auth.isKnownService(request), false, 'and no longer after its token has ended')
    auth.verify(token)
    t.equal(verified, 2, 'what is over is verified again, and the verifier has its own clock')
  })

  await t.test('issuer and audience are checked where they are configured', async (t) => {
    const strict = await startNode(t, {
      redisUrl: redis.url,
      env: { JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'scores' }
    })
    const call = async (claims: object) =>
      (await strict.call('POST', '/v1/boards/main/increments', { token: forge({ claims: { ...CLAIMS, ...claims } }) }))
        .status
    t.equal(await call({ iss: 'https://id.example', aud: 'scores' }), 200)
    t.equal(await call({ iss: 'https://id.example', aud: ['other', 'scores'] }), 200)
    t.equal(await call({ iss: 'https://evil.example', aud: 'scores' }), 401)
    t.equal(await call({ iss: 'https://id.example', aud: 'other' }), 401)
    t.equal(await call({}), 401, 'a token without them names neither')
    t.equal(
      (await strict.call('POST', '/v1/boards/main/increments', { token: strict.token('ada') })).status,
      200,
      'its own tokens carry them'
    )
  })

  await t.test('a name is shown in NFC, on one line, without overrides, 64 characters at most', async (t) => {
    const call = async (sub: string, name: string) => {
      await node.call('POST', '/v1/boards/main/increments', { token: node.token(sub, { name }) })
      return (await node.call('GET', `/v1/boards/main/users/${sub}`)).body.username
    }
    t.equal(await call('n1', 'Zoe\u0308'), 'Zoë')
    t.equal(await call('n2', 'a\u202eb\nc'), 'a b c')
    t.equal(await call('n3', '🦊'.repeat(70)), '🦊'.repeat(64))
    t.equal(await call('n4', '\u0000'), 'n4')
    t.equal(await call('n5', 'لیلا'), 'لیلا')
  })
})
