// A board of a million: imported, and exported by a node in constant memory while others go on writing.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createSigner } from 'fast-jwt'
import { test } from 'tap'
import { judgeRow, importRows } from '../../src/leaderboard/transfer/import.ts'
import { SECRET } from '../harness/servers/node.ts'
import { prepareNode } from '../harness/servers/node-process.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { freshBoard, openTestStore } from '../harness/servers/store.ts'

const USERS = 1_000_000
/** Users who go on scoring, all over the board. */
const BUSY = 10_000
const WRITES_PER_SECOND = 500
/** 40 to 90 MB were seen, which is garbage that has not been collected; 800,000 rows are over 200 MB. */
const MAX_GROWTH_KB = 160 * 1024

const isBusy = (n: number) => n % (USERS / BUSY) === 0

const sign = createSigner({ key: SECRET, expiresIn: 600_000 })
const adminToken = sign({ sub: 'root', scope: 'admin' })
const serviceToken = sign({ sub: 'game', scope: 'scores:write' })

test(
  'a million entries go in and out, and nobody who keeps the score is missed or comes twice',
  { timeout: 550_000 },
  async (t) => {
    const redis = await startRedis(t)
    const store = await openTestStore(t, redis.url)
    const rules = { quota: { increments: 1_000_000, per_seconds: 60 } }
    const board = { ...freshBoard(rules), name: 'main' }
    async function * lines () {
      for (let n = 0; n < USERS; n++) {
        yield judgeRow(board, {
          user_id: `u${n}`,
          username: `User ${n}`,
          score: n * 7919 % 100_000
        }, n + 1)
      }
    }
    const origin = { actor: 'root', ip: '192.0.2.1', requestId: 'test' }
    const report = await importRows(lines(), {
      applyImport: store.applyImport,
      board,
      window: 'all',
      origin,
      renewBoard: async () => board
    })
    t.match(report, { set: USERS, same: 0, rejected: 0 })

    const file = `${t.testdir({ 'boards.json': JSON.stringify({ boards: { main: rules } }) })}/boards.json`
    const node = await prepareNode(t, { REDIS_URL: redis.url, BOARDS_FILE: file, RATE_LIMIT_MAX: '0' })
    await node.start()
    const [pid] = (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')).trim().split(' ').slice(
      -1
    )
    const residentKb = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1])

    const walk = new AbortController()
    let writes = 0
    const writing = (async () => {
      for (let n = 0; !walk.signal.aborted; n++) {
        const increments = Array.from(
          { length: WRITES_PER_SECOND / 10 },
          (_, k) => ({ user_id: `u${(n * 50 + k) * 7919 % BUSY * (USERS / BUSY)}`, increment: 1 + k })
        )
        const answer = await fetch(`${node.url}/v1/boards/main/increments/batch`, {
          method: 'POST',
          headers: { authorization: `Bearer ${serviceToken}`, 'content-type': 'application/json' },
          body: JSON.stringify({ increments })
        })
        if (!answer.ok) throw new Error(`a write was answered ${answer.status}`)
        writes += increments.length
        await delay(100)
      }
    })()

    const response = await fetch(`${node.url}/v1/boards/main/export`, {
      headers: { authorization: `Bearer ${adminToken}` }
    })
    t.equal(response.status, 200)
    const seen = new Uint8Array(USERS)
    let [rows, unordered, lastRank] = [0, 0, 0]
    let [firstKb, mostKb] = [Infinity, 0]
    for await (const line of createInterface({ input: Readable.fromWeb(response.body as never) })) {
      const { user_id: user, rank } = JSON.parse(line) as { user_id: string, rank: number }
      seen[Number(user.slice(1))]!++
      if (rank < lastRank - WRITES_PER_SECOND) unordered++
      lastRank = rank
      if (++rows % 50_000 !== 0) continue
      const kb = await residentKb()
      // The young generation grows with the first rows, whatever becomes of them.
      if (rows >= 200_000) [firstKb, mostKb] = [Math.min(firstKb, kb), Math.max(mostKb, kb)]
    }
    walk.abort()
    await writing

    const wrong = seen.reduce((count, times, n) => count + (isBusy(n) || times === 1 ? 0 : 1), 0)
    t.equal(wrong, 0, `${rows} rows, ${writes} writes meanwhile`)
    t.equal(unordered, 0, 'in rank order')
    t.ok(writes > WRITES_PER_SECOND, `${writes} writes`)
    t.comment(`the node grew by ${mostKb - firstKb} kB`)
    t.ok(mostKb - firstKb < MAX_GROWTH_KB, `the node grew by ${mostKb - firstKb} kB from the 200,000th row to the last`)
  }
)
