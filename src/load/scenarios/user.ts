// Reads of random users with their neighbours.
import type { Plan } from '../processes/plan.ts'
import type { Scenario } from '../scenario.ts'
import { requestText } from '../traffic/http-connection.ts'
import { httpShare } from '../traffic/http-share.ts'
import { boardPath, pick } from '../traffic/increments.ts'

const AROUND = 5

export const user: Scenario = {
  summary: `reads of random users: score, rank and ${AROUND} neighbours on either side`,
  unit: 'reads',
  canBeClosed: true,
  needs: new Set(['readers']),
  async prepare (plan, recorder) {
    const nextText = userText(plan)
    return httpShare(plan, recorder, { next: () => ({ text: nextText() }) })
  }
}

/** Returns a function that makes the request for a random user each time. */
export function userText (plan: Plan): () => string {
  const { host } = new URL(plan.target)
  const token = plan.callers[0]?.token
  return () => {
    const path = `${boardPath(plan)}/users/${encodeURIComponent(pick(plan.users))}?around=${AROUND}`
    return requestText(host, { method: 'GET', path, token })
  }
}
