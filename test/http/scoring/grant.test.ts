// Tests of http, scoring, grant: grants.
import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { createGrantTokens } from '../../../src/http/scoring/grant-token.ts'
import { STATUS, type ProblemCode } from '../../../src/leaderboard/problem.ts'
import { SECRET, startNode } from '../../harness/servers/node.ts'
import { everything, startRedis } from '../../harness/servers/redis.ts'

const GRANTS = '/v1/boards/main/grants'
const INCREMENTS = '/v1/boards/main/increments'
const BOARDS = {
  boards: {
    main: { proof: 'grant', actions: { win: { points: 50 }, once: { points: 5, limit: { max: 1, per: 'day' } } } },
    other: { actions: { win: { points: 50 } } }
  }
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token made by hand, with whatever header and claims, signed with HMAC. */
function forge (header: unknown, claims: unknown, { secret = SECRET, hash = 'sha256' } = {}): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

test('grants', async (t) => {
  const redis = await startRedis(t)
  const boardsFile = join(t.testdir({}), 'boards.json')
  await writeFile(boardsFile, JSON.stringify(BOARDS))
  const lines: string[] = []
  const nodes = await Promise.all(
    [1, 2].map(async () =>
      await startNode(t, { redisUrl: redis.url, env: { BOARDS_FILE: boardsFile }, log: (line) => lines.push(line) })
    )
  )
  const node = nodes[0]!
  const service = node.token('game', { scope: 'scores:write' })
  const mint = async (body: object, board = 'main') =>
    await node.call('POST', `/v1/boards/${board}/grants`, { token: service, body })
  const grantFor = async (user: string, action = 'win'): Promise<{ grant: string, action_id: string }> =>
    (await mint({ user_id: user, action })).body
  const redeem = async (user: string, body: object, n = 0) =>
    await nodes[n % 2]!.call('POST', INCREMENTS, { token: node.token(user), body })

  await t.test('a service mints one and the user redeems it', async (t) => {
    const minted = await mint({ user_id: 'ada', action: 'win' })
    t.equal(minted.status, 200)
    t.equal(minted.headers.get('cache-control'), 'no-store')
    t.strictSame(Object.keys(minted.body), ['grant', 'action_id', 'expires_at'])
    const lasts = Date.parse(minted.body.expires_at) - Date.now()
    t.ok(Math.abs(lasts - 300_000) < 60_000, `lasts for ${lasts} ms`)
    const first = await redeem('ada', { grant: minted.body.grant })
    const answer = {
      board: 'main',
      user_id: 'ada',
      action_id: minted.body.action_id,
      increment: 50,
      new_score: 50,
      applied: true
    }
    t.strictSame(first.body, answer)
    const again = await redeem('ada', {
      grant: minted.body.grant,
      action: 'win',
      increment: 50,
      action_id: minted.body.action_id
    }, 1)
    t.strictSame(
      again.body,
      { ...answer, applied: false },
      'a second time it is a replay, and may say what it says anyway'
    )
    t.equal(again.headers.get('idempotency-replayed'), 'true')
  })

  await t.test('one redeemed 1,000 times at once over two nodes counts once', async (t) => {
    const { grant } = await grantFor('bea')
    const answers = await Promise.all(Array.from({ length: 1000 }, async (_, n) => await redeem('bea', { grant }, n)))
    t.equal(answers.filter(({ status, body }) => status === 200 && body.new_score === 50).length, 1000)
    t.equal(answers.filter(({ body }) => body.applied).length, 1)
    t.equal(await redis.client.zscore('sw:{main}:z:all', 'bea'), '50')
  })

  await t.test('a service may redeem for the user, also in a batch', async (t) => {
    const { grant, action_id: actionId } = await grantFor('cid')
    const { body } = await node.call('POST', `${INCREMENTS}/batch`, {
      token: service,
      body: { increments: [{ user_id: 'cid', grant }, { user_id: 'bob', grant }] }
    })
    t.match(body.results, [{ status: 200, action_id: actionId, new_score: 50, applied: true }, {
      status: 422,
      code: 'invalid_grant'
    }])
  })

  await t.test('two grants of an action that is limited to one count once', async (t) => {
    const grants = [await grantFor('dee', 'once'), await grantFor('dee', 'once')]
    const answers = await Promise.all(grants.map(async ({ grant }, n) => await redeem('dee', { grant }, n)))
    t.strictSame(answers.map(({ status }) => status).sort(), [200, 429])
  })

  await t.test('every hostile one is refused, and changes no byte', async (t) => {
    const { grant: good } = await grantFor('ada')
    const [header, payload, signature] = good.split('.') as [string, string, string]
    const HEADER = JSON.parse(Buffer.from(header, 'base64url').toString())
    const CLAIMS = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const without = (name: string) => Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name))
    const bea = await grantFor('bea')
    const foreign = (await mint({ user_id: 'ada', action: 'win' }, 'other')).body.grant
    const hostile: Record<string, string> = {
      'one word': 'grant',
      'dots alone': '../..',
      'two parts': `${header}.${payload}`,
      'no signature': `${header}.${payload}.`,
      'a changed signature': `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      'a cut signature': good.slice(0, -2),
      'four parts': `${good}.${signature}`,
      'more points': `${header}.${encode({ ...CLAIMS, points: 5000 })}.${signature}`,
      'a later end': `${header}.${encode({ ...CLAIMS, exp: CLAIMS.exp + 86_400 })}.${signature}`,
      'a new action id': `${header}.${encode({ ...CLAIMS, jti: 'fresh' })}.${signature}`,
      'the signature of another grant': `${header}.${payload}.${bea.grant.split('.')[2]}`,
      'another secret': forge(HEADER, CLAIMS, { secret: 'another secret of the same length or so ok' }),
      'alg none': `${encode({ ...HEADER, alg: 'none' })}.${payload}.`,
      'alg HS512': forge({ ...HEADER, alg: 'HS512' }, CLAIMS, { hash: 'sha512' }),
      crit: forge({ ...HEADER, crit: ['exp'] }, CLAIMS),
      'a bearer token of the user': node.token('ada'),
      'a bearer token of the service': service,
      "a bearer token with a grant's claims": forge({ alg: 'HS256', typ: 'JWT' }, CLAIMS),
      'no typ': forge({ alg: 'HS256' }, CLAIMS),
      'another audience': forge(HEADER, { ...CLAIMS, aud: 'scores' }),
      'no audience': forge(HEADER, without('aud')),
      'no end': forge(HEADER, without('exp')),
      'no user': forge(HEADER, without('user')),
      'no action id': forge(HEADER, without('jti')),
      'points as text': forge(HEADER, { ...CLAIMS, points: '50' }),
      'no points': forge(HEADER, { ...CLAIMS, points: 0 }),
      'points below none': forge(HEADER, { ...CLAIMS, points: -50 }),
      'a list of users': forge(HEADER, { ...CLAIMS, user: ['ada'] }),
      'more claims': forge(HEADER, { ...CLAIMS, sub: 'ada' }),
      'claims that are no object': forge(HEADER, '"ada"'),
      'null claims': forge(HEADER, null),
      expired: forge(HEADER, { ...CLAIMS, exp: Math.floor(Date.now() / 1000) - 1 }),
      "another board's": foreign,
      "somebody else's": bea.grant
    }
    const before = await everything(redis)
    const refused = async (name: string, code: ProblemCode, body: object) => {
      const answer = await redeem('ada', body)
      t.equal(answer.status, STATUS[code], `${name}: ${answer.status}`)
      t.equal(answer.body.code, code, name)
      t.strictSame(await everything(redis), before, `${name}: nothing has changed`)
    }
    for (const [name, grant] of Object.entries(hostile)) await refused(name, 'invalid_grant', { grant })
    await refused('as another action', 'invalid_grant', { grant: good, action: 'once' })
    await refused('for other points', 'invalid_grant', { grant: good, increment: 51 })
    await refused('as another action id', 'invalid_grant', { grant: good, action_id: 'fresh' })
    await refused('for somebody else', 'forbidden_subject', { grant: good, user_id: 'bea' })
    await refused('an empty one', 'invalid_request', { grant: '' })
    await refused('one larger than 4 KB', 'invalid_request', { grant: 'x'.repeat(4097) })
    await refused('none', 'grant_required', { action: 'win' })
    await refused("none, but a grant's action id", 'grant_required', { action: 'win', action_id: bea.action_id })
    for (
      const [name, token] of Object.entries({
        'a grant': good,
        'a grant with a sub': forge(HEADER, { ...CLAIMS, sub: 'ada', scope: 'scores:write' })
      })
    ) {
      t.equal(
        (await node.call('POST', INCREMENTS, { token, body: { grant: good } })).body.code,
        'invalid_token',
        `${name} is no bearer token`
      )
    }
    for (const line of lines) t.notOk(line.includes(signature) || line.includes(payload), 'no log line holds a grant')
    t.equal((await redeem('ada', { grant: good })).body.applied, true, 'and the good one was good')
  })

  await t.test('minting is for services, for actions that exist, and within a day', async (t) => {
    const refused = async (
      name: string,
      code: ProblemCode,
      { token = service, path = GRANTS, ...body }: { token?: string, path?: string } & Record<string, unknown>
    ) => {
      const answer = await node.call('POST', path, { token, body })
      t.equal(answer.status, STATUS[code], name)
      t.equal(answer.body.code, code, name)
    }
    const asked = { user_id: 'ada', action: 'win' }
    await refused('a user', 'forbidden_scope', { ...asked, token: node.token('ada') })
    await refused('an admin', 'forbidden_scope', { ...asked, token: node.token('root', { scope: 'admin' }) })
    await refused('a user with a bad body', 'forbidden_scope', { token: node.token('ada'), bonus: 1 })
    await refused('nobody', 'invalid_token', { ...asked, token: 'x' })
    await refused('unknown action', 'unknown_action', { ...asked, action: 'fly' })
    await refused('unknown board', 'unknown_board', { ...asked, path: '/v1/boards/nope/grants' })
    await refused('no user', 'invalid_request', { action: 'win' })
    await refused('no action', 'invalid_request', { user_id: 'ada' })
    await refused('points', 'invalid_request', { ...asked, points: 5 })
    for (const expires of [0, 86_401, 1.5, '300', null]) {
      await refused(`expires_in ${expires}`, 'invalid_request', { ...asked, expires_in: expires })
    }
    t.equal((await mint({ ...asked, expires_in: 86_400 })).status, 200)
    const { grant } = (await mint({ user_id: '💥'.repeat(128), action: 'win' })).body
    t.ok(grant.length <= 4096, 'the longest user id fits')
    t.equal((await redeem('💥'.repeat(128), { grant })).body.applied, true)
    const wrongMethod = await node.call('GET', GRANTS)
    t.equal(wrongMethod.status, 405)
    t.equal(wrongMethod.headers.get('allow'), 'POST')
  })
})

test("a grant ends with the second that it names, by the store's clock", (t) => {
  let nowMs = 1_800_000_000_000
  const { sign, read } = createGrantTokens({ secret: SECRET, now: () => nowMs })
  const grant = { board: 'main', userId: 'ada', action: 'win', points: 50, actionId: 'g1', expiresMs: nowMs + 1000 }
  const token = sign(grant)
  nowMs += 999
  t.strictSame(read(token), grant)
  nowMs += 1
  t.throws(() => read(token), { code: 'invalid_grant', message: 'The grant has expired.' })
  t.end()
})
