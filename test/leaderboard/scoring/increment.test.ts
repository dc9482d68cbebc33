// Tests of leaderboard, scoring, increment: an increment holds all that the store and the ledger need.
import { test } from 'tap'
import { judgeIncrement, type IncrementRequest } from '../../../src/leaderboard/scoring/increment.ts'
import type { Principal } from '../../../src/leaderboard/principal.ts'
import { caller, codeOf } from '../../harness/clients/callers.ts'
import { freshBoard } from '../../harness/servers/store.ts'

const points = freshBoard({
  segments: ['region', 'class'],
  windows: ['all', 'season'],
  seasons: [{ name: 'one', start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' }]
})
const scores = freshBoard({ operator: 'best' })
const plain = freshBoard()
const user: Principal = { ...caller(), username: 'Ada', claims: { region: 'eu', team: 'red' } }
const service: Principal = { ...caller('scores:write'), username: 'The game', claims: { region: 'us' } }

function judge (board: typeof points, principal: Principal, request: IncrementRequest) {
  return judgeIncrement(board, principal, request, {
    ip: '192.0.2.1',
    requestId: 'r1',
    newId: () => 'made',
    readGrant: () => {
      throw new Error('no grant came')
    }
  })
}

test('an increment holds all that the store and the ledger need', async (t) => {
  t.strictSame(judge(points, user, { increment: 5 }), {
    userId: 'ada',
    username: 'Ada',
    segments: ['region:eu'],
    season: undefined,
    actionId: 'made',
    increment: 5,
    action: undefined,
    madeMs: undefined,
    actor: 'ada',
    ip: '192.0.2.1',
    requestId: 'r1'
  })
  t.match(judge(points, service, { userId: 'bob', increment: 5, actionId: '019a9f2e-0000-7abc-8def-0123456789ab' }), {
    userId: 'bob',
    actor: 'ada',
    username: undefined,
    segments: undefined,
    madeMs: 0x019a9f2e0000
  }, 'of a service nothing is taken for the user, but the time of the action')
  t.equal(judge(points, service, { increment: 1 }).username, 'The game', 'unless it plays itself')
})

test('the username and the segments of a user come from the token, or from a service', async (t) => {
  t.match(judge(points, service, { userId: 'bob', username: 'Bob\u0301', segments: { class: 'a', region: 'us' } }), {
    username: 'Bob\u0301'.normalize('NFC'),
    segments: ['region:us', 'class:a']
  })
  t.strictSame(
    judge(points, service, { segments: { class: 'a' } }).segments,
    ['class:a'],
    'what is said counts before the own claims'
  )
  t.equal(judge(points, service, { userId: 'bob', segments: {} }).segments, undefined)
  t.equal(codeOf(() => judge(points, user, { username: 'Countess' })), 'forbidden_scope')
  t.equal(
    codeOf(() => judge(points, user, { segments: { region: 'eu' } })),
    'forbidden_scope',
    'even where the token says the same'
  )
  t.equal(
    codeOf(() => judge(points, caller('admin'), { segments: { region: 'eu' } })),
    'forbidden_scope',
    'and the scope admin names none'
  )
  t.equal(codeOf(() => judge(points, user, { segments: {} })), 'forbidden_scope')
  t.equal(judge(plain, user, {}).segments, undefined, 'claims that are no segments of the board are left alone')
  t.equal(judge(points, { ...user, claims: { team: 'red' } }, {}).segments, undefined)
})

test('a segment that the board does not have is refused by its path', async (t) => {
  t.throws(() => judge(points, service, { segments: { region: 'eu', team: 'red' } }), {
    code: 'invalid_request',
    errors: [{ path: '/segments/team' }]
  })
  t.throws(() => judge(plain, service, { segments: { region: 'eu' } }), {
    code: 'invalid_request',
    errors: [{ path: '/segments/region' }]
  })
})

test('a late action names a season of the board', async (t) => {
  t.equal(judge(points, user, { season: 'one' }).season, 'one')
  t.throws(() => judge(points, user, { season: 'two' }), { code: 'invalid_request', errors: [{ path: '/season' }] })
  t.equal(codeOf(() => judge(plain, user, { season: 'one' })), 'invalid_request', 'where there are no seasons')
  t.equal(codeOf(() => judge(points, user, { season: '' })), 'invalid_request')
})

test('points go to boards that add, and scores to those that keep', async (t) => {
  t.equal(judge(scores, user, { score: 0 }).increment, 0)
  t.equal(codeOf(() => judge(scores, user, {})), 'invalid_request')
  t.equal(codeOf(() => judge(scores, user, { increment: 5 })), 'invalid_request')
  t.equal(codeOf(() => judge(plain, user, { score: 5 })), 'invalid_request')
})

test('only a service scores for another', async (t) => {
  t.equal(codeOf(() => judge(plain, user, { userId: 'bob' })), 'forbidden_subject')
  t.equal(codeOf(() => judge(plain, caller('admin'), { userId: 'bob' })), 'forbidden_subject')
  t.equal(judge(plain, user, { userId: 'ada' }).userId, 'ada')
})
