// Asks for an increment, or whatever the path is for, to be queued.
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, CallOptions, TestNode } from './node.ts'

export const ASYNC = { prefer: 'respond-async' }

/** Asks for an increment, or whatever the path is for, to be queued. */
export async function queue (node: TestNode, path: string, options: CallOptions): Promise<Answer> {
  return await node.call('POST', path, { ...options, headers: { ...ASYNC, ...options.headers } })
}

/** The receipt of an action as soon as it is not queued any more, and somebody can say so. */
export async function settled (node: TestNode, receipt: string, token: string): Promise<Answer> {
  for (;;) {
    const answer = await node.call('GET', receipt, { token })
    if (answer.status !== 202 && answer.status !== 503) return answer
    await delay(20)
  }
}
