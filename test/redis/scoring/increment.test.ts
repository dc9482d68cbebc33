// Tests of redis, scoring, increment: an increment into four windows and two segments is one script call on the wire.
import { once } from 'node:events'
import { test } from 'tap'
import { startRedis } from '../../harness/servers/redis.ts'
import { openStoreWithClock } from '../../harness/models/set-clock.ts'
import { freshBoard, increment } from '../../harness/servers/store.ts'

interface Command {
  readonly words: readonly string[]
  readonly inScript: boolean
}

test('an increment into four windows and two segments is one script call on the wire', async (t) => {
  const redis = await startRedis(t)
  // Its clock stands still: at midnight a second call would be right.
  const { store } = await openStoreWithClock(t, redis, Date.now() + 60_000)
  const board = freshBoard({ windows: ['all', 'day', 'week', 'month'], segments: ['region', 'class'] })
  const segments = ['region:eu', 'class:a']
  await store.applyIncrement(board, { ...increment('ada', 1), segments }) // sends the script, which Redis knows from then on

  const monitor = await redis.client.monitor()
  const commands: Command[] = []
  const seen = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, words: string[], source: string) => {
      if (words.includes('the end')) resolve()
      else if (words[0]!.toUpperCase() !== 'PING') commands.push({ words, inScript: source === 'lua' }) // the store asks now and then whether Redis is there
    })
  })
  t.strictSame(await store.applyIncrement(board, { ...increment('ada', 2), segments }), { result: 'applied', score: 3 })
  await redis.client.echo('the end')
  await seen
  monitor.disconnect()
  await once(monitor, 'end')

  t.strictSame(commands.filter(({ inScript }) => !inScript).map(({ words }) => words[0]!.toUpperCase()), ['EVALSHA'])
  const written = commands.filter(({ words, inScript }) =>
    inScript && ['ZINCRBY', 'ZADD'].includes(words[0]!.toUpperCase())
  )
  const kinds = written.map(({ words }) => words[1]!.replace(`sw:{${board.name}}:z:`, '').replace(/:\d{4}[\dW-]*/, ''))
  t.strictSame(
    kinds.sort(),
    ['all', 'day', 'month', 'week'].flatMap((window) => [window, `${window}:class:a`, `${window}:region:eu`])
  )
})
