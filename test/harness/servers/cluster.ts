// A balancer sees that a node leaves within some 1.2 s, and on a busy machine some seconds later.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import type { Test } from 'tap'
import { startBalancer, type Balancer, type Prepare } from './balancer.ts'
import { SECRET } from './node.ts'
import { prepareNode, type NodeProcess } from './node-process.ts'
import { startRedis, type TestRedis } from './redis.ts'

/** A balancer sees that a node leaves within some 1.2 s, and on a busy machine some seconds later. */
export const DRAIN_MS = 6000

const quota = { increments: 1_000_000, per_seconds: 3600 }
const sign = createSigner({ key: SECRET, expiresIn: 600_000 })

export const tokenOf = (user: string, claims: object = {}): string => sign({ sub: user, ...claims })

export interface Cluster {
  readonly redis: TestRedis
  readonly first: NodeProcess
  readonly second: NodeProcess
  readonly balancer: Balancer
  /**
   * Raises a score, by one unless it says otherwise, at an address of a node or of the balancer, and returns the
   * status and the answer.
   */
  raise(
    url: string,
    user: string,
    options?: { board?: string, actionId?: string, increment?: number }
  ): Promise<{ status: number, body: any }>
  scoreOf(user: string): Promise<number>
}

/** Two nodes on one Redis behind a real balancer. The second node is not started yet. */
export async function startCluster (t: Test, prepare: Prepare): Promise<Cluster> {
  const redis = await startRedis(t)
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-cluster-'))
  t.teardown(async () => await rm(directory, { recursive: true, force: true }))
  const boards = join(directory, 'boards.json')
  await writeFile(boards, JSON.stringify({ boards: { main: { quota }, quiet: { quota } } }))
  const env = {
    REDIS_URL: redis.url,
    BOARDS_FILE: boards,
    RATE_LIMIT_MAX: '0',
    MAX_SOCKETS_PER_IP: '0',
    DRAIN_MS: String(DRAIN_MS)
  }
  const [first, second] = [await prepareNode(t, env), await prepareNode(t, env)]
  await first.start()
  const balancer = await startBalancer(t, prepare, [first, second])
  return {
    redis,
    first,
    second,
    balancer,
    async raise (url, user, { board = 'main', actionId, increment = 1 } = {}) {
      const response = await fetch(`${url}/v1/boards/${board}/increments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOf(user)}` },
        body: JSON.stringify({ increment, ...(actionId !== undefined && { action_id: actionId }) })
      })
      return { status: response.status, body: await response.json() }
    },
    scoreOf: async (user) => Number(await redis.client.zscore('sw:{main}:z:all', user))
  }
}
