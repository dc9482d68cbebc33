import { test } from 'tap'
import { commandOf, fitOptions, HELP, QUESTIONS, readOptions } from '../../bench/options.ts'

test('options have defaults and bounds, and questions are asked in their order', async (t) => {
  t.match(readOptions([]), { only: QUESTIONS, rounds: 3, watchers: 2000, screens: 10_000, readme: false, json: undefined })
  t.match(readOptions(['--only', 'write-to-screen,increment', '--watchers', '7', '--readme']), { only: ['increment', 'write-to-screen'], watchers: 7, readme: true })
  for (const [words, message] of [
    [['--watchers', '0'], /--watchers is a whole number from 1 to 20000/],
    [['--rounds', '1.5'], /--rounds is a whole number/],
    [['--only', 'fan-out,nothing'], /--only is one or more of increment, reads, fan-out, write-to-screen, growth,/],
    [['--members', '10000001'], /--members is a whole number from 1 to 10000000/],
    [['--nothing'], /nothing/]
  ] as const) t.throws(() => readOptions([...words]), message)
})

test('the sizes of growth are a rising list, and help names every option', async (t) => {
  t.strictSame(readOptions([]).sizes, [1000, 100_000, 1_000_000])
  const options = readOptions(['--sizes', '500,5000000', '--rounds', '1'])
  t.strictSame(options.sizes, [500, 5_000_000])
  t.equal(commandOf('growth', options, ['sizes', 'rounds']), 'npm run bench -- --only growth --sizes 500,5000000 --rounds 1')
  for (const sizes of ['', '499', '1000,1000', '5000,1000', '1000,10000001', '1e3.5', 'many', '1000,,2000', '500,501,502,503,504,505,506']) {
    t.throws(() => readOptions(['--sizes', sizes]), /--sizes is up to 6 whole numbers from 500 to 10000000, rising/, sizes)
  }
  t.equal(readOptions([]).help, false)
  t.equal(readOptions(['--help']).help, true)
  for (const name of Object.keys(readOptions([])).filter((name) => name !== 'help')) t.match(HELP, `  --${name} `)
})

test('where few files may be open, screens are fewer, and that is said', async (t) => {
  const options = readOptions([])
  t.strictSame(fitOptions(options, 20_000), { options, lowered: [] })
  const { options: { watchers, screens }, lowered } = fitOptions(options, 4096)
  t.strictSame({ watchers, screens }, { watchers: 2000, screens: 3896 })
  t.strictSame(lowered, ['--screens is 3896 instead of 10000, because ulimit -n is 4096'])
})
