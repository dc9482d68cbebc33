// Tests of bench, options: options have defaults and bounds, and questions are asked in their order.
import { test } from 'tap'
import { commandOf, fitOptions, help, readOptions as read } from '../../bench/options.ts'

const QUESTIONS = [{ name: 'increment' }, { name: 'connections', fullOnly: true }, { name: 'fan-out' }, {
  name: 'write-to-screen'
}, { name: 'growth' }] as const
const readOptions = (words: string[]) => read(words, QUESTIONS)

test('options have defaults and bounds, and questions are asked in their order', async (t) => {
  t.match(readOptions([]), {
    only: ['increment', 'fan-out', 'write-to-screen', 'growth'],
    full: false,
    rounds: 3,
    watchers: 2000,
    screens: 2000,
    readme: false,
    json: undefined
  })
  t.match(readOptions(['--full']), { only: QUESTIONS.map(({ name }) => name), full: true, rounds: 5, screens: 10_000 })
  t.match(readOptions(['--full', '--rounds', '1', '--only', 'connections']), { only: ['connections'], rounds: 1 })
  t.match(readOptions(['--only', 'write-to-screen,increment', '--watchers', '7', '--readme']), {
    only: ['increment', 'write-to-screen'],
    watchers: 7,
    readme: true
  })
  for (
    const [words, message] of [
      [['--watchers', '0'], /--watchers is a whole number from 1 to 20000/],
      [['--rounds', '1.5'], /--rounds is a whole number/],
      [
        ['--only', 'fan-out,nothing'],
        /--only is one or more of increment,connections,fan-out,write-to-screen,growth, separated/
      ],
      [['--members', '10000001'], /--members is a whole number from 1 to 10000000/],
      [['--nothing'], /nothing/]
    ] as const
  ) t.throws(() => readOptions([...words]), message)
})

test('the sizes of growth are a rising list, and help names every option', async (t) => {
  t.strictSame(readOptions([]).sizes, [1000, 100_000])
  t.equal(readOptions(['--full']).sizes.at(-1), 5_000_000)
  const options = readOptions(['--sizes', '500,5000000', '--rounds', '1'])
  t.strictSame(options.sizes, [500, 5_000_000])
  t.equal(
    commandOf('growth', options, ['sizes', 'rounds']),
    'npm run bench -- --only growth --sizes 500,5000000 --rounds 1'
  )
  for (
    const sizes of [
      '',
      '499',
      '1000,1000',
      '5000,1000',
      '1000,10000001',
      '1e3.5',
      'many',
      '1000,,2000',
      '500,501,502,503,504,505,506'
    ]
  ) {
    t.throws(
      () => readOptions(['--sizes', sizes]),
      /--sizes is up to 6 whole numbers from 500 to 10000000, rising/,
      sizes
    )
  }
  t.equal(readOptions([]).help, false)
  t.equal(readOptions(['--help']).help, true)
  for (const name of Object.keys(readOptions([])).filter((name) => name !== 'help')) {
    t.match(help(QUESTIONS), `  --${name} `)
  }
})

test('where few files may be open, screens are fewer, and that is said', async (t) => {
  const options = readOptions(['--screens', '5000'])
  t.strictSame(fitOptions(options, 20_000), { options, lowered: [] })
  const { options: { watchers, screens }, lowered } = fitOptions(options, 4096)
  t.strictSame({ watchers, screens }, { watchers: 2000, screens: 3896 })
  t.strictSame(lowered, ['--screens is 3896 instead of 5000, because ulimit -n is 4096'])
})
