import { test } from 'tap'
import { fitOptions, QUESTIONS, readOptions } from '../../bench/options.ts'

test('options have defaults and bounds, and questions are asked in their order', async (t) => {
  t.match(readOptions([]), { only: QUESTIONS, rounds: 3, watchers: 2000, screens: 10_000, readme: false, json: undefined })
  t.match(readOptions(['--only', 'write-to-screen,increment', '--watchers', '7', '--readme']), { only: ['increment', 'write-to-screen'], watchers: 7, readme: true })
  for (const [words, message] of [
    [['--watchers', '0'], /--watchers is a whole number from 1 to 20000/],
    [['--rounds', '1.5'], /--rounds is a whole number/],
    [['--only', 'fan-out,nothing'], /--only is one or more of increment, fan-out, write-to-screen/],
    [['--nothing'], /nothing/]
  ] as const) t.throws(() => readOptions([...words]), message)
})

test('where few files may be open, screens are fewer, and that is said', async (t) => {
  const options = readOptions([])
  t.strictSame(fitOptions(options, 20_000), { options, lowered: [] })
  const { options: { watchers, screens }, lowered } = fitOptions(options, 4096)
  t.strictSame({ watchers, screens }, { watchers: 2000, screens: 3896 })
  t.strictSame(lowered, ['--screens is 3896 instead of 10000, because ulimit -n is 4096'])
})
