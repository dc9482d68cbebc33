// After the machine has stood still, what is due comes by and by.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

const TICK_MS = 10
const RETRY_WITHIN_MS = 200
/** After the machine has stood still, what is due comes by and by. */
const MAX_UNDER_WAY = 200

export interface LoadOptions {
  readonly url: string
  readonly perSecond: number
  /** Tokens by user; each request raises one of them by one point. */
  readonly tokens: ReadonlyMap<string, string>
}

export interface LoadReport {
  /** Points that were acknowledged, by user. */
  readonly acknowledged: ReadonlyMap<string, number>
  /** Every attempt that was not answered with 200, in words, of the requests whose action id was in the body. */
  readonly failures: readonly string[]
  /** The same of the requests that carried it as Idempotency-Key, which a balancer can see. */
  readonly keyedFailures: readonly string[]
  readonly slowestMs: number
}

export interface Load {
  /** Resolves when so many more increments have been acknowledged. */
  more(count: number): Promise<void>
  /** Sends nothing new and waits for what is under way. */
  stop(): Promise<LoadReport>
}

/**
 * Increments at a steady rate, whatever the answers are. Every one is an action of its own, named in turn by the
 * header and in the body, and is sent again under the same name until it is acknowledged.
 */
export function startLoad ({ url, perSecond, tokens }: LoadOptions): Load {
  const users = [...tokens.keys()]
  const acknowledged = new Map<string, number>()
  const failures: string[] = []
  const keyedFailures: string[] = []
  const underWay = new Set<Promise<void>>()
  const waiting = new Set<() => void>()
  const start = performance.now()
  let sent = 0
  let count = 0
  let slowestMs = 0

  async function attempt (user: string, headers: object, body?: string): Promise<string | undefined> {
    try {
      const response = await fetch(`${url}/v1/boards/main/increments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.get(user)}`, ...headers },
        ...(body !== undefined && { body })
      })
      const text = await response.text()
      return response.status === 200 ? undefined : `${response.status} ${text.slice(0, 200)}`
    } catch (error) {
      return String(error instanceof Error ? error.cause ?? error : error)
    }
  }

  async function raise (user: string, isKeyed: boolean): Promise<void> {
    const actionId = randomUUID()
    const sentAt = performance.now()
    for (;;) {
      const failure = isKeyed
        ? await attempt(user, { 'idempotency-key': actionId })
        : await attempt(user, { 'content-type': 'application/json' }, JSON.stringify({ action_id: actionId }))
      if (failure === undefined) break
      ;(isKeyed ? keyedFailures : failures).push(failure)
      await delay(Math.random() * RETRY_WITHIN_MS)
    }
    slowestMs = Math.max(slowestMs, performance.now() - sentAt)
    acknowledged.set(user, (acknowledged.get(user) ?? 0) + 1)
    count++
    for (const look of waiting) look()
  }

  const timer = setInterval(() => {
    const due = (performance.now() - start) / 1000 * perSecond
    for (; sent < due && underWay.size < MAX_UNDER_WAY; sent++) {
      const one = raise(users[sent % users.length]!, sent % 2 === 0)
      underWay.add(one)
      void one.then(() => underWay.delete(one))
    }
  }, TICK_MS)

  return {
    more: async (more) =>
      await new Promise((resolve) => {
        const goal = count + more
        const look = () => {
          if (count < goal) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
      }),
    async stop () {
      clearInterval(timer)
      await Promise.all(underWay)
      return { acknowledged, failures, keyedFailures, slowestMs }
    }
  }
}
