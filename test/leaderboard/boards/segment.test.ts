// Tests of leaderboard, boards, segment: a user is in the segments that the board has, in the order of the board.
import { Ajv } from 'ajv'
import { test } from 'tap'
import { judgeSegment, segmentsAmong, Segments, SegmentText } from '../../../src/leaderboard/boards/segment.ts'
import { codeOf } from '../../harness/clients/callers.ts'

const board = { name: 'cup', segments: ['region', 'constructor'] }

test('a user is in the segments that the board has, in the order of the board', async (t) => {
  t.strictSame(segmentsAmong(board, { constructor: 'ferrari', region: 'eu', class: 'a' }), [
    'region:eu',
    'constructor:ferrari'
  ])
  t.strictSame(segmentsAmong(board, { region: 'a:b' }), ['region:a:b'], 'a value may hold a colon')
  t.equal(segmentsAmong(board, { class: 'a' }), undefined)
  t.equal(segmentsAmong(board, {}), undefined, 'and what every object has is no segment')
  t.equal(segmentsAmong({ segments: [] }, { region: 'eu' }), undefined)
})

test('a segment that the board does not have is refused', async (t) => {
  t.equal(codeOf(() => judgeSegment(board, 'region:eu')), undefined)
  t.equal(codeOf(() => judgeSegment(board, 'constructor:')), undefined)
  for (const segment of ['class:a', 'region', ':eu', '__proto__:a', 'Region:eu']) {
    t.equal(codeOf(() => judgeSegment(board, segment)), 'invalid_request', segment)
  }
  t.throws(() => judgeSegment(board, 'class:a'), {
    message: 'The board cup has the segments region, constructor, not class.',
    errors: [{ path: 'segment' }]
  })
  t.throws(() => judgeSegment({ name: 'cup', segments: [] }, 'class:a', '/segments/class'), {
    message: 'The board cup has no segments, not class.',
    errors: [{ path: '/segments/class' }]
  })
})

test('what a segment may be called, and its value', async (t) => {
  const ajv = new Ajv()
  const isText = ajv.compile(SegmentText)
  for (const text of ['region:eu', 'r:🦊', 'region:a:b', 'region: ', `${'r'.repeat(64)}:${'v'.repeat(64)}`]) {
    t.ok(isText(text), text)
  }
  for (
    const text of [
      'region',
      'region:',
      ':eu',
      'Region:eu',
      '-r:eu',
      'a b:eu',
      'region:a\nb',
      'region:\u202e',
      `${'r'.repeat(65)}:v`,
      `r:${'v'.repeat(65)}`
    ]
  ) t.notOk(isText(text), text)
  const areSegments = ajv.compile(Segments)
  for (const values of [{}, { region: 'eu' }, { a: '1', b: '2', c: '3', d: '4' }]) {
    t.ok(areSegments(values), JSON.stringify(values))
  }
  for (
    const values of [
      { a: '1', b: '2', c: '3', d: '4', e: '5' },
      { region: '' },
      { region: 'a\nb' },
      { region: 1 },
      { Region: 'eu' },
      { '': 'eu' },
      ['eu'],
      null
    ]
  ) {
    t.notOk(areSegments(values), JSON.stringify(values))
  }
})
