// Tests of load, report, report: a report says what was asked, where, with what and when, and shows it on any screen.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'tap'
import { emptyHistogram, encodeHistogram, recordMs } from '../../../src/load/report/histogram.ts'
import { compareResults } from '../../../src/load/report/compare.ts'
import { reportHtml, reportMarkdown } from '../../../src/load/report/report.ts'
import { parseResult, type Figure, type Result, type Section } from '../../../src/load/report/result.ts'
import { startBrowser } from '../../harness/clients/browser.ts'

const figure = (name: string, samples: number[], better: Figure['better'] = 'less'): Figure => ({
  name,
  unit: 'ms',
  better,
  samples
})

function histogram (): string {
  const latencies = emptyHistogram()
  for (let n = 1; n <= 10_000; n++) recordMs(latencies, n / 100)
  return encodeHistogram(latencies)
}

function resultWith (more: Partial<Section> = {}): Result {
  const section: Section = {
    name: 'increment',
    command: 'scorewire bench',
    date: '2026-11-21T12:00:00.000Z',
    text:
      '| `GET top`, <b>wide</b> | p50 | p99 | max | errors | requests | and | many | more | columns | than | a | phone | has |\n| --- |\n| increments | 1 | 2 | 100 | 7 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |\n\nErrors: 7 × 429 & more, **missed**, INVALID.',
    flaws: [],
    headlines: [],
    figures: [figure('p99', [10, 11, 12])],
    latencies: [{ name: 'open loop', micros: histogram() }, { name: 'another', micros: histogram() }],
    throughput: [{ name: 'increments', unit: 'increments/s', perSecond: [10, 12, 9, 0, 11] }],
    curves: [{
      title: 'Growth',
      x: { label: 'members', log: true },
      y: { label: 'µs' },
      lines: [{ name: 'Redis', points: [[1000, 30], [1_000_000, 50]] }]
    }],
    result: {},
    ...more
  }
  return {
    format: 1,
    title: 'scorewire under load: increment',
    command: 'scorewire bench --target https://scores.example --scenario increment',
    date: '2026-11-21T12:00:00.000Z',
    machine: '2 cores of a test',
    versions: { scorewire: '0.1.0', Node: 'v20' },
    asked: { scenario: 'increment', rate: 100 },
    sections: [section]
  }
}

test('a report says what was asked, where, with what and when, and shows it on any screen without asking anybody', async (t) => {
  const file = join(t.testdir(), 'report.html')
  const flawed = resultWith({ flaws: ['a process of the load generator used 0.91 of a core'] })
  await writeFile(file, reportHtml(flawed, resultWith({ figures: [figure('p99', [1, 2, 3])] })))
  const browser = await startBrowser(t)
  for (const [width, colorScheme] of [[360, 'dark'], [360, 'light'], [1280, 'light'], [1280, 'dark']] as const) {
    const page = await (await browser.newContext({ viewport: { width, height: 800 }, colorScheme })).newPage()
    const [requests, complaints]: string[][] = [[], []]
    page.on('request', (request) => requests!.push(request.url()))
    page.on('console', (message) => complaints!.push(message.text()))
    await page.goto(String(pathToFileURL(file)))
    t.strictSame(requests, [String(pathToFileURL(file))], 'no request leaves the page')
    t.strictSame(complaints, [])
    const text = await page.innerText('main')
    for (
      const said of [
        'scorewire under load',
        'https://scores.example',
        '2026-11-21 12:00 UTC',
        '2 cores of a test',
        'scorewire 0.1.0',
        'rate 100',
        'REGRESSION',
        '0.91 of a core',
        '7 × 429 & more, missed',
        '<b>wide</b>'
      ]
    ) {
      t.ok(text.includes(said), said)
    }
    const seen = await page.evaluate(`(() => {
      const root = document.documentElement
      const outside = [...document.querySelectorAll('main *')].filter((element) => !element.closest('.wide') && element.getBoundingClientRect().right > root.clientWidth + 1)
      const clipped = [...document.querySelectorAll('svg text')].filter((label) => {
        const [inner, outer] = [label.getBoundingClientRect(), label.closest('svg').getBoundingClientRect()]
        return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1
      })
      return {
        overflow: root.scrollWidth - root.clientWidth,
        outside: outside.map((element) => element.outerHTML.slice(0, 80)),
        clipped: clipped.map((label) => label.textContent),
        plots: [...document.querySelectorAll('figcaption')].map((caption) => caption.textContent),
        lines: document.querySelectorAll('polyline').length,
        bold: document.querySelectorAll('b').length
      }
    })()`)
    t.strictSame(seen, {
      overflow: 0,
      outside: [],
      clipped: [],
      plots: ['Latency by percentile', 'Throughput over time', 'Growth'],
      lines: 4,
      bold: 0
    }, `${width}, ${colorScheme}`)
    await page.close()
  }
})

test('the Markdown says the same without the plots', (t) => {
  const text = reportMarkdown(resultWith({ flaws: ['nobody was there'] }))
  for (
    const said of [
      '# scorewire under load',
      '- Command: `scorewire bench --target',
      '- Date: 2026-11-21 12:00 UTC',
      '- Machine: 2 cores',
      '**INVALID: nobody was there.**',
      '| increments | 1 | 2 |'
    ]
  ) t.ok(text.includes(said), said)
  t.notMatch(text, '## Compared')
  t.end()
})

test('comparison marks what lies beyond the spread of both, and nothing else', (t) => {
  const before = resultWith({
    figures: [
      figure('slower', [10, 11, 12]),
      figure('noisy', [10, 30, 20]),
      figure('as before', [10, 11, 12]),
      figure('faster', [10, 11, 12], 'more'),
      figure('few', [1]),
      figure('close', [10, 10, 10]),
      figure('gone', [1, 2, 3])
    ]
  })
  const after = resultWith({
    figures: [
      figure('slower', [13, 14, 15]),
      figure('noisy', [25, 35, 45]),
      figure('as before', [12, 11, 10]),
      figure('faster', [13, 14, 15], 'more'),
      figure('few', [9]),
      figure('close', [10.1, 10.1, 10.1]),
      figure('new', [1, 2, 3])
    ]
  })
  const verdicts = Object.fromEntries(
    compareResults(before, after).differences.map(({ name, verdict }) => [name, verdict])
  )
  t.strictSame(verdicts, {
    slower: 'regression',
    noisy: 'same',
    'as before': 'same',
    faster: 'improvement',
    few: 'too few samples',
    close: 'same'
  })
  t.match(Object.fromEntries(compareResults(after, before).differences.map(({ name, verdict }) => [name, verdict])), {
    slower: 'improvement',
    faster: 'regression'
  })
  t.strictSame(compareResults(before, after).unlike, [])
  const text = reportMarkdown({ ...after, machine: '4 cores', asked: { scenario: 'increment', rate: 200 } }, before)
  t.match(text, /Not the same: machine: 2 cores of a test then, 4 cores now; rate: 100 then, 200 now\./)
  t.equal(text.match(/REGRESSION/g)?.length, 1)
  t.match(text, /\| slower, ms \| 11 \(10 to 12\) \| 14 \(13 to 15\) \| × 1.27 \| REGRESSION \|/)
  t.end()
})

test('a result that is none is refused in a line', (t) => {
  t.strictSame(parseResult(JSON.stringify(resultWith()), 'a.json'), JSON.parse(JSON.stringify(resultWith())))
  t.throws(() => parseResult('nothing', 'a.json'), new Error('a.json is not JSON'))
  t.throws(
    () => parseResult('{}', 'a.json'),
    /^a\.json is no result of a bench of this format: \/ must have required prop/
  )
  t.throws(
    () => parseResult(JSON.stringify({ ...resultWith(), format: 2 }), 'a.json'),
    /: \/format must be equal to constant/
  )
  t.throws(
    () => parseResult(JSON.stringify(resultWith({ figures: [figure('none', [])] })), 'a.json'),
    /\/sections\/0\/figures\/0\/samples must NOT have fewer than 1 items/
  )
  t.end()
})
