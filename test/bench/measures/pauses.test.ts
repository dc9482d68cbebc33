// Tests of bench, measures, pauses: the slowest command is told since it was last asked for.
import { test } from 'tap'
import { commandName, forkMs, notePauses, readPauses } from '../../../bench/measures/pauses.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { freshBoard, increment, openTestStore } from '../../harness/servers/store.ts'
import { eventually } from '../../harness/eventually.ts'

test('the slowest command is told since it was last asked for', async (t) => {
  const { client } = await startRedis(t)
  const busy = async (turns: number) => await client.eval(`for i = 1, ${turns} do end`, 0)
  await notePauses(client)
  for (const turns of [1_000_000, 20_000_000, 1_000_000]) await busy(turns)
  const { command, diskMs } = await readPauses(client)
  t.match(command, { name: /^eval$/i, ms: Number })
  t.ok(command!.ms > 10, 'the slowest of three')
  t.ok(diskMs >= 0)
  await notePauses(client)
  await client.ping()
  const again = await readPauses(client)
  t.notMatch(again.command, { name: /^eval$/i }, 'not the one before')
})

test('a script goes by its name', async (t) => {
  const { client, url } = await startRedis(t)
  const store = await openTestStore(t, url)
  await store.applyIncrement(freshBoard(), increment('ada'))
  await client.slowlog('RESET')
  await client.config('SET', 'slowlog-log-slower-than', 0)
  await store.readTop(freshBoard(), { window: 'all' })
  await store.applyIncrement(freshBoard(), increment('ada'))
  const entries = await client.slowlog('GET', -1) as [id: number, at: number, micros: number, words: string[]][]
  const names = entries.map(([, , , command]) => commandName(command))
  for (const name of ['read-top', 'increment']) t.ok(names.includes(name), `${name}, for the first time or the second`)
  t.equal(commandName(['zadd', 'key']), 'zadd')
})

test('a fork is timed', async (t) => {
  const { client } = await startRedis(t)
  t.equal(Number(/latest_fork_usec:(\d+)/.exec(await client.info('stats'))?.[1]), 0)
  t.ok(await forkMs(client) > 0)
  // What it forked writes a file, and would go on when Redis is killed and its directory removed.
  await eventually(
    async () => !(/aof_rewrite_in_progress:1/.test(await client.info('persistence'))),
    'Redis has rewritten its append-only file'
  )
})
