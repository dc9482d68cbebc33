import { test } from 'tap'
import { withAnswers } from '../../bench/readme.ts'

test('answers stand between the markers, and a question that was not asked keeps its section', async (t) => {
  const empty = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n'
  const first = withAnswers(empty, new Map([['write-to-screen', 'w1'], ['increment', 'i1']]))
  t.equal(first, 'before\n<!-- bench:begin -->\n<!-- bench:increment -->\ni1\n\n<!-- bench:write-to-screen -->\nw1\n<!-- bench:end -->\nafter\n')
  const second = withAnswers(first, new Map([['fan-out', 'f2'], ['increment', 'i2']]))
  t.equal(second, 'before\n<!-- bench:begin -->\n<!-- bench:increment -->\ni2\n\n<!-- bench:fan-out -->\nf2\n\n<!-- bench:write-to-screen -->\nw1\n<!-- bench:end -->\nafter\n')
  t.equal(withAnswers(second, new Map()), second)
  t.match(withAnswers(empty, new Map([['increment', '| a |\n| b |\n\none\ntwo\n`three`\n\nfour']])), '| a |\n| b |\n\none two `three`\n\nfour\n<!-- bench:end -->', 'a paragraph is a line')
  t.throws(() => withAnswers('nothing', new Map()), /README.md has no <!-- bench:begin -->/)
})
