// A minute in which everything that may fail does, over and over: nobody is ever shown an older board, and in the end
// all see the right one.
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { startNode, type TestNode } from '../harness/servers/node.ts'
import { IMPATIENT, startRedis } from '../harness/servers/redis.ts'
import { watch, watchEvents, type LiveMessage } from '../harness/clients/watcher.ts'

const LASTS_MS = 60_000
const NODES = 3
const CLIENTS = 30

test(
  'a minute of killed subscribers, restarted nodes, frozen stores and stalled clients',
  { timeout: 240_000 },
  async (t) => {
    const redis = await startRedis(t)
    const file = `${
      t.testdir({ 'boards.json': '{"boards":{"main":{"quota":{"increments":1000000,"per_seconds":60}}}}' })
    }/boards.json`
    const env = { ...IMPATIENT, BOARDS_FILE: file, DRAIN_MS: '300' }
    const start = async (port = 0, tries = 3): Promise<TestNode> => {
      try {
        return await startNode(t, { redisUrl: redis.url, env, port })
      } catch (error) {
        // It has no more patience with a busy machine than a node has as shipped.
        if (tries === 1) throw error
        return await start(port, tries - 1)
      }
    }
    const nodes: TestNode[] = await Promise.all(Array.from({ length: NODES }, async () => await start()))
    const urls = nodes.map(({ url }) => url)
    const until = Date.now() + LASTS_MS
    const going = () => Date.now() < until
    const counts = { connections: 0, messages: 0, writes: 0, stalls: 0, restarts: 0, kills: 0, freezes: 0 }
    const scores = new Map<string, number>()

    async function write (user: string): Promise<void> {
      const token = nodes[0]!.token(user)
      for (let n = 0; going(); n++) {
        const actionId = `${user}-${n}`
        for (let tries = 0; ; tries++) {
          const answer = await fetch(`${urls[(n + tries) % NODES]}/v1/boards/main/increments`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
            body: JSON.stringify({ action_id: actionId })
          }).catch(() => undefined)
          if (answer?.ok === true) break
          await delay(20)
        }
        scores.set(user, n + 1)
        counts.writes++
        await delay(10)
      }
    }

    /** One connection after the other, now of one kind and then of the other, to whichever node is there. */
    async function follow (client: number): Promise<LiveMessage> {
      for (let n = client; ; n++) {
        const url = urls[n % NODES]!
        try {
          const connection = n % 3 === 0 ? await watchEvents(t, url) : await watch(t, url)
          counts.connections++
          const ended = 'closed' in connection ? connection.closed : connection.ended
          const stall = setInterval(() => {
            if (!('socket' in connection) || client % 5 !== 0) return
            counts.stalls++
            connection.socket.pause()
            setTimeout(() => connection.socket.resume(), 2500)
          }, 6000)
          await Promise.race([ended, delay(Math.max(0, until - Date.now()))])
          clearInterval(stall)
          const boards = connection.messages.filter(({ event }) => event === 'snapshot' || event === 'update')
          counts.messages += boards.length
          for (const [m, { epoch, version, event }] of boards.entries()) {
            if (
              m === 0
                ? event !== 'snapshot'
                : event !== 'update' || (epoch === boards[m - 1]!.epoch && version <= boards[m - 1]!.version)
            ) {
              t.fail(`client ${client} was shown ${event} ${version} after ${boards[m - 1]?.version}`)
            }
          }
          if (!going()) {
            const fits = ({ top_scores: rows }: LiveMessage) =>
              rows !== undefined &&
              [...scores].every(([user, score]) => rows.find((row) => row.user_id === user)?.score === score)
            await writers
            // Its node may be one that is restarted late.
            const seen = await Promise.race([connection.until(fits), ended.then(() => undefined)])
            if (seen !== undefined) return seen
          }
        } catch {
          await delay(50) // nobody is there at the moment
        }
      }
    }

    async function disturb (): Promise<void> {
      for (let n = 0; Date.now() < until - 8000; n++) {
        await delay(1200)
        const client = redis.client
        if (n % 4 === 3) {
          const gone = n % NODES
          await nodes[gone]!.close()
          nodes[gone] = await start(Number(new URL(urls[gone]!).port))
          counts.restarts++
        } else if (n % 9 === 8) {
          redis.signal('SIGSTOP')
          await delay(1800)
          redis.signal('SIGCONT')
          counts.freezes++
        } else {
          counts.kills += Number(await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'))
        }
      }
    }

    const writers = Promise.all(['ada', 'bob', 'cid'].map(write))
    const clients = Promise.all(Array.from({ length: CLIENTS }, async (_, client) => await follow(client)))
    await Promise.all([writers, disturb()])
    const last = await clients
    t.comment(JSON.stringify(counts))
    t.equal(last.length, CLIENTS, 'everybody sees the right board in the end')
    for (const [user, score] of scores) {
      t.equal(
        Number(await redis.client.zscore('sw:{main}:z:all', user)),
        score,
        `${user}: every write counted once`
      )
    }
    t.ok(
      counts.restarts >= 5 && counts.kills >= 20 && counts.freezes >= 1 && counts.stalls >= 10,
      'and it was not easy'
    )
  }
)
