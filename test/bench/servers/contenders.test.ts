// Tests of bench, servers, contenders: scorewire is asked for one increment at a time and for many.
import { once } from 'node:events'
import { test, type Test } from 'tap'
import { ClosedLoop } from '../../../bench/generators/closed-loop.ts'
import {
  startOwn,
  startRedisRank,
  startSpecification,
  type Contender,
  type Ends
} from '../../../bench/servers/contenders.ts'
import { meter, pathOf, startServer } from '../../../bench/servers/processes.ts'
import { Screen } from '../../../bench/generators/screen.ts'
import { sum } from '../../../src/load/report/statistics.ts'
import { PATIENT } from '../../harness/servers/redis.ts'

/** All of them are in the top. */
const USERS = 10
const PEERS: Record<string, (ends: Ends) => Promise<Contender>> = {
  specification: async (ends) => await startSpecification(USERS, { cached: false }, ends),
  'specification with a cache': async (ends) => await startSpecification(USERS, { cached: true }, ends),
  'redis-rank': async (ends) => await startRedisRank(USERS, ends)
}

function endsOf (t: Test): Ends {
  const ends: Ends = []
  t.teardown(async () => {
    for (const end of ends) await end()
  })
  return ends
}

/** A screen, and the boards that it is shown. */
async function openScreen (
  t: Test,
  { screen: target }: Contender
): Promise<{ boardWith: (text: string) => Promise<void> }> {
  const boards: string[] = []
  const shown = new EventTarget()
  const tally = { tops: 0, topBytes: 0, deflating: 0, pings: 0, lost: 0, wrong: 0 }
  const onTop = (_screen: Screen, bytes: Buffer, start: number, end: number) => {
    boards.push(bytes.toString('utf8', start, end))
    shown.dispatchEvent(new Event('board'))
  }
  const screen = new Screen({ target, tally, inspected: true, onTop })
  t.teardown(() => screen.close())
  await screen.opened
  return {
    boardWith: async (text) => {
      while (!boards.some((board) => board.includes(text))) await once(shown, 'board')
    }
  }
}

for (const [name, start] of Object.entries(PEERS)) {
  test(`${name}: an increment raises the score in its store, its top shows it, and it is broadcast`, async (t) => {
    const ends = endsOf(t)
    const contender = await start(ends)
    const { url, asking: { path, authorizations } } = contender
    const readTop = async () =>
      (await (await fetch(`${url}/api/top-scores`)).json() as { top_scores: { user_id: string, score: number }[] })
        .top_scores
    const raise = async (increment: unknown, authorization: string) =>
      await fetch(url + path, {
        method: 'POST',
        body: JSON.stringify({ action_id: 'a', increment }),
        headers: { 'content-type': 'application/json', authorization }
      })
    const screen = await openScreen(t, contender)
    const before = {
      points: await contender.points(),
      score: (await readTop()).find(({ user_id: id }) => id === 'user-7')!.score
    }

    const answer = await raise(2_000_000_000, authorizations[7]!)
    const score = before.score + 2_000_000_000
    t.strictSame([answer.status, await answer.json()], [200, { status: 'success', new_score: score }])
    t.equal(await contender.points(), before.points + 2_000_000_000)
    t.match((await readTop())[0], { user_id: 'user-7', score })
    await screen.boardWith(`"score":${score}`)

    for (
      const [increment, authorization, status] of [
        [1, 'Bearer none', 401],
        [1, '', 401],
        [0, authorizations[1]!, 400],
        ['many', authorizations[1]!, 400]
      ] as const
    ) {
      t.equal((await raise(increment, authorization)).status, status, `${increment} ${authorization}`)
    }
    t.equal(await contender.points(), before.points + 2_000_000_000, 'what is refused changes nothing')

    const loop = new ClosedLoop(1)
    ends.unshift(async () => await loop.stop())
    await loop.learn(name, contender.asking)
    const used = meter(contender.processes)
    const sample = await loop.run(url, name, { connections: 8, forMs: 200 })
    t.match(sample, { refused: 0 })
    t.equal(
      await contender.points(),
      before.points + 2_000_000_000 + sample.points,
      'as many points as were acknowledged, also where requests overtake each other'
    )
    t.ok(Object.values(used()).every((micros) => micros > 0), 'each of its processes has worked')
    const top = await readTop()
    t.equal(sum(top.map(({ score }) => score)), await contender.points(), 'the top holds everybody')
    t.strictSame(top.map(({ score }) => score), top.map(({ score }) => score).toSorted((a, b) => b - a))
  })
}

test('scorewire is asked for one increment at a time and for many', async (t) => {
  const ends = endsOf(t)
  const contenders = await startOwn(600, 5, ends, PATIENT)
  const loop = new ClosedLoop(2)
  ends.unshift(async () => await loop.stop())
  for (const { name, asking, url, points } of contenders) {
    await loop.learn(name, asking)
    const before = await points()
    const sample = await loop.run(url, name, { connections: 3, forMs: 100 })
    t.ok(sample.accepted >= 3 && sample.refused === 0, name)
    t.equal(await points(), before + sample.points, `${name}: every item counts`)
  }
})

test('a peer that cannot start says which server is missing', async (t) => {
  const start = async (name: string, env: Record<string, string>) =>
    await startServer(['--import=tsx', pathOf(`bench/servers/peers/${name}.ts`)], { JWT_SECRET: 'secret', ...env })
  await t.rejects(
    start('specification', { DATABASE_URL: 'postgres:///postgres?host=/nowhere&user=nobody' }),
    /there is no PostgreSQL at postgres:.*nowhere/
  )
  await t.rejects(
    start('specification', { REDIS_URL: '/nowhere/redis.sock' }),
    /there is no Redis at \/nowhere\/redis\.sock/
  )
  await t.rejects(
    start('redis-rank', { REDIS_URL: '/nowhere/redis.sock' }),
    /there is no Redis at \/nowhere\/redis\.sock/
  )
})
