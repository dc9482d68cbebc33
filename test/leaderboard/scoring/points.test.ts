// Tests of leaderboard, scoring, points: what an increment gives, by the board's rules and who asks.
import { test } from 'tap'
import { judgePoints, type PointsRequest } from '../../../src/leaderboard/scoring/points.ts'
import { parseBoards, type Board } from '../../../src/leaderboard/boards/board.ts'
import { makeGrant, type Grant } from '../../../src/leaderboard/scoring/grant.ts'
import type { Principal } from '../../../src/leaderboard/principal.ts'
import { Problem } from '../../../src/leaderboard/problem.ts'

const ACTIONS = { win: { points: 50 }, constructor: { points: 7 } }

function boardOf (rules: object = {}): Board {
  const parsed = parseBoards({ boards: { main: { actions: ACTIONS, max_increment: 10, ...rules } } })
  if ('problems' in parsed) throw new Error(parsed.problems.join())
  return parsed.boards.default
}

const principal = (...scopes: 'scores:write'[]): Principal => ({
  userId: 'ada',
  username: undefined,
  claims: {},
  scopes: new Set(scopes),
  expiresMs: Infinity
})
const GRANT: Grant = { board: 'main', userId: 'ada', action: 'win', points: 40, actionId: 'g1', expiresMs: Infinity }

test("what an increment gives, by the board's rules and who asks", (t) => {
  const open = boardOf()
  const closed = boardOf({ client_increments: false })
  const proven = boardOf({ proof: 'grant' })
  const granted = { points: 40, actionId: 'g1' }
  const table: Array<[string, Board, 'user' | 'service', PointsRequest, object | string]> = [
    ['nothing said', open, 'user', {}, { points: 1 }],
    ['points', open, 'user', { increment: 10 }, { points: 10 }],
    ['too many points', open, 'user', { increment: 11 }, 'increment_out_of_range'],
    ['an action, past max_increment', open, 'user', { action: 'win' }, { points: 50 }],
    ['an action with points', open, 'user', { action: 'win', increment: 50 }, 'invalid_request'],
    ['an action with points, by a service', open, 'service', { action: 'win', increment: 50 }, 'invalid_request'],
    ['an unknown action', open, 'user', { action: 'lose' }, 'unknown_action'],
    ['an action that every object has', open, 'user', { action: 'tostring' }, 'unknown_action'],
    ['an action called constructor', open, 'user', { action: 'constructor' }, { points: 7 }],
    ['a board without actions', boardOf({ actions: {} }), 'user', { action: 'constructor' }, 'unknown_action'],
    ['a grant', open, 'user', { grant: '' }, granted],
    ['a grant and the same again', open, 'user', { grant: '', action: 'win', increment: 40, actionId: 'g1' }, granted],
    ['a grant and the points of now', open, 'user', { grant: '', increment: 50 }, 'invalid_grant'],
    ['a grant of an action that is gone', boardOf({ actions: {} }), 'user', { grant: '' }, 'unknown_action'],
    ['closed: points', closed, 'user', { increment: 1 }, 'forbidden_scope'],
    ['closed: nothing said', closed, 'user', {}, 'forbidden_scope'],
    ['closed: an action', closed, 'user', { action: 'win' }, { points: 50 }],
    ['closed: a grant', closed, 'user', { grant: '' }, granted],
    ['closed: a service', closed, 'service', { increment: 2 }, { points: 2 }],
    ['proof: points', proven, 'user', { increment: 1 }, 'grant_required'],
    ['proof: an action', proven, 'user', { action: 'win' }, 'grant_required'],
    ['proof: a grant', proven, 'user', { grant: '' }, granted],
    ['proof: a service', proven, 'service', { action: 'win' }, { points: 50 }],
    ["proof: a service's points", proven, 'service', { increment: 2 }, { points: 2 }]
  ]
  for (const [name, board, who, request, expected] of table) {
    let found: unknown
    try {
      const { points, actionId } = judgePoints(
        board,
        who === 'service' ? principal('scores:write') : principal(),
        'ada',
        { request, readGrant: () => GRANT }
      )
      found = { points, ...(actionId !== undefined && { actionId }) }
    } catch (error) {
      found = error instanceof Problem ? error.code : error
    }
    t.strictSame(found, expected, name)
  }
  t.end()
})

test('a grant never outlives the memory of its action', (t) => {
  const nowMs = 1_800_000_000_999
  for (const [seconds, lasts] of [[1, 1], [300, 300], [86_400, 86_340]] as const) {
    const { expiresMs } = makeGrant(boardOf(), { userId: 'ada', action: 'win', expiresInSeconds: seconds }, {
      nowMs,
      actionId: 'g1'
    })
    t.ok(expiresMs <= nowMs + lasts * 1000 && expiresMs > nowMs + lasts * 1000 - 1000)
    t.equal(expiresMs % 1000, 0)
  }
  t.end()
})

test('a catalogue that cannot be is refused with every problem', (t) => {
  const wrong: Array<[object, RegExp]> = [
    [{ actions: { Win: { points: 1 } } }, /^\/boards\/main\/actions must NOT have additional properties: Win/],
    [{ actions: { win: {} } }, /actions\/win must have required property 'points'/],
    [{ actions: { win: { points: 0 } } }, /actions\/win\/points must be >= 1/],
    [{ actions: { win: { points: 2 ** 53 } } }, /actions\/win\/points must be <=/],
    [{ actions: { win: { points: 1.5 } } }, /actions\/win\/points must be integer/],
    [{ actions: { win: { points: 1, limit: { max: 1 } } } }, /actions\/win\/limit must have required property 'per'/],
    [
      { actions: { win: { points: 1, limit: { max: 1, per: 'week' } } } },
      /limit\/per must be one of second, minute, hour, day/
    ],
    [
      { actions: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`a${n}`, { points: 1 }])) },
      /actions must NOT have more than 100 properties/
    ],
    [{ client_increments: 'no' }, /client_increments must be boolean/],
    [{ proof: 'trust' }, /proof must be one of none, grant/]
  ]
  for (const [rules, problem] of wrong) {
    const parsed = parseBoards({ boards: { main: rules } })
    t.ok(
      'problems' in parsed && parsed.problems.some((line) => problem.test(line)),
      `${String(problem)}: ${JSON.stringify(parsed)}`
    )
  }
  t.end()
})
