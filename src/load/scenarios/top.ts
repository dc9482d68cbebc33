// Reads of the top ten.
import type { Plan } from '../processes/plan.ts'
import type { Scenario } from '../scenario.ts'
import { requestText } from '../traffic/http-connection.ts'
import { httpShare } from '../traffic/http-share.ts'
import { boardPath } from '../traffic/increments.ts'

export const top: Scenario = {
  summary: 'reads of the top ten',
  unit: 'reads',
  canBeClosed: true,
  needs: new Set(),
  async prepare (plan, recorder) {
    const request = { text: topText(plan) }
    return httpShare(plan, recorder, { next: () => request })
  }
}

/** The request for the top ten. */
export function topText (plan: Plan): string {
  const { host } = new URL(plan.target)
  return requestText(host, { method: 'GET', path: `${boardPath(plan)}/top`, token: plan.callers[0]?.token })
}
