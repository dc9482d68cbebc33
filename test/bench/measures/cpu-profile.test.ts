// Tests of bench, measures, cpu profile: a CPU profile is shared out among places and functions, between two.
import { test } from 'tap'
import { readCommandStats, readCpuProfile } from '../../../bench/measures/cpu-profile.ts'

const frame = (id: number, functionName: string, url = '', lineNumber = 0) => ({
  id,
  callFrame: { functionName, url, lineNumber }
})

test('a CPU profile is shared out among places and functions, between two moments, idle time left out', async (t) => {
  const nodes = [
    frame(1, '(idle)'),
    frame(2, '(garbage collector)'),
    frame(3, 'writev'),
    frame(4, 'end', 'node:_http_outgoing'),
    frame(5, 'raise', 'file:///app/dist/leaderboard/increment.js'),
    frame(6, '', 'file:///app/node_modules/a/node_modules/@scope/pack/index.js', 41)
  ]
  // The first is before, the last behind; each lasts until its own moment.
  const profile = {
    startTime: 1000,
    nodes,
    samples: [5, 1, 2, 3, 4, 5, 6, 3],
    timeDeltas: [100, 300, 10, 40, 20, 20, 10, 5000]
  }
  const { places, functions } = readCpuProfile(profile, { fromMicros: 1200, untilMicros: 2000 })
  t.strictSame(places, [
    { name: 'native and generated code, system calls included', share: 0.4 },
    { name: 'Node: HTTP', share: 0.2 },
    { name: 'scorewire', share: 0.2 },
    { name: 'garbage collection', share: 0.1 },
    { name: '@scope/pack', share: 0.1 }
  ])
  t.strictSame(functions.map(({ name }) => name), [
    'writev',
    '`end`, Node: HTTP',
    '`raise`, scorewire',
    '(garbage collector)',
    '`line 42`, @scope/pack'
  ])
})

test('what Redis counts for its commands is for each increment', async (t) => {
  const info =
    '# Commandstats\r\ncmdstat_evalsha:calls=10,usec=5000,usec_per_call=500.00\r\ncmdstat_zincrby:calls=200,usec=800,usec_per_call=4.00\r\ncmdstat_config|resetstat:calls=1,usec=9,usec_per_call=9.00\r\n'
  t.strictSame(readCommandStats(info, 200), [{ name: 'evalsha', calls: 0.05, micros: 25 }, {
    name: 'zincrby',
    calls: 1,
    micros: 4
  }, { name: 'config resetstat', calls: 0.005, micros: 0.045 }])
})
