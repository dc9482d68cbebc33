import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'tap'
import { commandName, forkMs, notePauses, readPauses } from '../../bench/pauses.ts'
import { startRedis } from '../harness/redis.ts'
import { LUA } from '../harness/scripts.ts'

test('the slowest command is told since it was last asked for', async (t) => {
  const { client } = await startRedis(t)
  const busy = async (turns: number) => await client.eval(`for i = 1, ${turns} do end`, 0)
  await notePauses(client)
  for (const turns of [1_000_000, 20_000_000, 1_000_000]) await busy(turns)
  const { command, fsyncMs } = await readPauses(client)
  t.match(command, { name: /^eval$/i, ms: Number })
  t.ok(command!.ms > 10, 'the slowest of three')
  t.ok(fsyncMs >= 0)
  await notePauses(client)
  await client.ping()
  const again = await readPauses(client)
  t.ok((again.command?.ms ?? 0) < command!.ms, 'not the one before')
})

test('a script goes by its name', async (t) => {
  const hash = createHash('sha1').update(await readFile(new URL('read-top.lua', LUA))).digest('hex')
  t.equal(commandName(['evalsha', hash, '4']), 'read-top')
  t.equal(commandName(['zadd', 'key']), 'zadd')
})

test('a fork is timed', async (t) => {
  const { client } = await startRedis(t)
  t.equal(Number(/latest_fork_usec:(\d+)/.exec(await client.info('stats'))?.[1]), 0)
  t.ok(await forkMs(client) > 0)
})
