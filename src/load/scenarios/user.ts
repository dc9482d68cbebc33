import { requestText } from '../traffic/http-connection.ts'
import { httpPart } from '../traffic/http-share.ts'
import { boardPath, pick } from '../traffic/increments.ts'
import type { Plan } from '../processes/plan.ts'
import type { Scenario } from '../scenario.ts'

const AROUND = 5

export const user: Scenario = {
  summary: `reads of random users: score, rank and ${AROUND} neighbours on either side`,
  unit: 'reads',
  canBeClosed: true,
  needs: new Set(['readers']),
  async prepare (plan, recorder) {
    const ask = userText(plan)
    return httpPart(plan, recorder, { next: () => ({ text: ask() }) })
  }
}

/** Makes a read of a random user each time. */
export function userText (plan: Plan): () => string {
  const { host } = new URL(plan.target)
  return () => requestText(host, { method: 'GET', path: `${boardPath(plan)}/users/${encodeURIComponent(pick(plan.users))}?around=${AROUND}`, token: plan.callers[0]?.token })
}
