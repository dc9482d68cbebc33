// Tests of bench, readme: the headlines stand between the markers as one table, with where and how they were measured.
import { test } from 'tap'
import { withHeadlines } from '../../bench/readme.ts'
import type { Result, Section } from '../../src/load/report/result.ts'

const section = (name: string, more: Partial<Section>): Section => ({
  name,
  command: '',
  date: '',
  text: '',
  flaws: [],
  headlines: [{ what: `an ${name}`, measured: '1 µs', beside: '× 2' }],
  figures: [],
  latencies: [],
  throughput: [],
  curves: [],
  result: {},
  ...more
})
const result = (...sections: Section[]): Result => ({
  format: 1,
  title: '',
  command: 'npm run bench -- --full',
  date: '2026-11-21T12:00:00Z',
  machine: '2 cores',
  versions: {},
  asked: {},
  sections
})

test('the headlines stand between the markers as one table, with where and how they were measured', async (t) => {
  const empty = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n'
  const lines =
    '| figure | median (least to most) | beside |\n| --- | --- | --- |\n| an increment | 1 µs | × 2 |\n| an archive | 1 µs (INVALID) | × 2 |\n\n2 cores, 2026-11-21: `npm run bench -- --full`'
  const written = withHeadlines(
    empty,
    result(section('increment', {}), section('archive', { flaws: ['disturbed'] }), section('reads', { headlines: [] }))
  )
  t.equal(written, `before\n<!-- bench:begin -->\n${lines}\n<!-- bench:end -->\nafter\n`)
  t.throws(() => withHeadlines('nothing', result(section('increment', {}))), /the document has no <!-- bench:begin -->/)
  t.throws(() => withHeadlines(empty, result()), /none of the questions has a row/)
})

test('a document shows the headlines that it wants, such as the few of README.md', async (t) => {
  const headlines = [
    { what: 'an increment', measured: '1 µs', beside: '× 2', inReadme: true },
    { what: 'an archive', measured: '3 µs', beside: '' }
  ]
  const readme = '<!-- bench:begin -->\n<!-- bench:end -->\n'
  const written = withHeadlines(
    readme,
    result(section('increment', { headlines })),
    ({ inReadme }) => inReadme === true
  )
  t.match(written, '| an increment | 1 µs | × 2 |')
  t.notMatch(written, /an archive/)
  t.throws(
    () => withHeadlines(readme, result(section('increment', { headlines })), () => false),
    /none of the questions has a row/
  )
})
